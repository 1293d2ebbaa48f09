"""Text files that others wrote: UTF-8 with or without a byte order mark, compressed or not. Errors name file and line.

Only a line feed, a carriage return or both end a line. U+2028, U+0085 and their like are characters of the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import Errors
from .types import PathOrStr

# Byte order marks of other encodings.
_BEGINNINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_text(path: PathOrStr) -> str:
    r"""Read a text.

    path (str | PathLike): A file in UTF-8; it may be compressed, if its name ends in `.xz`.
    RETURNS (str): The text, with "\n" as line ends and without a byte order mark.
    RAISES (ValueError): If it isn't in UTF-8, or is damaged.
    """
    path = Path(path)
    data = path.read_bytes()
    if path.suffix == ".xz":
        data = _decompress(data, path)
    text = decode(data, path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: PathOrStr) -> Iterator[tuple[int, str]]:
    """path (str | PathLike): See `read_text`.
    YIELDS (tuple[int, str]): Number, from 1 on, and text of each line that isn't blank."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line


def read_json(path: PathOrStr) -> Any:
    """path (str | PathLike): A JSON file; see `read_text`.
    RETURNS (Any): Its content. RAISES (ValueError): If it isn't JSON, or isn't UTF-8."""
    return parse_json(read_text(path), path)


def read_json_lines(path: PathOrStr) -> Iterator[tuple[str, Any]]:
    """path (str | PathLike): A file with a JSON value in each line; see `read_text`.
    YIELDS (tuple[str, Any]): The line's place for messages, such as "line 7", and its value."""
    for number, line in read_lines(path):
        yield f"line {number}", parse_json(line, f"{path}, line {number}")


def decode(data: bytes, path: PathOrStr) -> str:
    """data (bytes): Of a text file. path (str | PathLike): Its name, for messages.
    RETURNS (str): The text. RAISES (ValueError): If it isn't UTF-8."""
    if b"\0" in data:  # every second byte of English in UTF-16
        raise _not_utf8(data, data.index(b"\0"), path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, error.start, path) from error


def parse_json(text: str, source: PathOrStr) -> Any:
    """text (str): JSON. source (str | PathLike): Where it is from, for messages.
    RETURNS (Any): Its value. RAISES (ValueError): If it can't be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(Errors.L113.format(path=source, error=error)) from error


def _decompress(data: bytes, path: Path) -> bytes:
    import lzma  # Python can be built without it, and few files need it

    try:
        return lzma.decompress(data)
    except lzma.LZMAError as error:
        raise ValueError(Errors.L113.format(path=path, error=error)) from error


def _not_utf8(data: bytes, at: int, path: PathOrStr) -> ValueError:
    other = "UTF-16" if b"\0" in data else "WINDOWS-1252"  # the most frequent of those without a mark
    encoding = next((name for mark, name in _BEGINNINGS.items() if data.startswith(mark)), other)
    line = data.count(b"\n", 0, at) + 1
    return ValueError(Errors.L152.format(path=path, line=line, byte=data[at], encoding=encoding))
