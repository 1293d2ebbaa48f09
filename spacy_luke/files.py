"""Files: how texts are read that others wrote, and how folders are written so that they are never half new.

Text is UTF-8 with or without a byte order mark, compressed or not; errors name file and line. Only a line feed, a
carriage return or both end a line: U+2028, U+0085 and their like are characters of the text.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import Errors
from .types import PathOrStr

# Where files of a folder lie while they are written, and when all are there.
_WRITING, _WRITTEN = ".writing", ".written"
_GONE = ".gone"  # in the latter: which files of the folder go
# What data of the wrong type or size lead to.
_DAMAGE: tuple[type[Exception], ...] = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError),
    *(UnicodeDecodeError, json.JSONDecodeError),
)
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


@contextmanager
def reading(path: PathOrStr, *others: type[Exception]) -> Iterator[None]:
    """Inside it, whatever damaged data lead to is told as damage. Errors that say what is wrong stay as they are.

    path (str | PathLike): The file or folder that is read, or what it is.
    *others (type[Exception]): What else damage leads to in the libraries that are called.
    RAISES (ValueError): If anything fails that isn't a ValueError or an OSError.
    """
    try:
        yield
    except (*_DAMAGE, *others) as error:
        raise ValueError(Errors.L113.format(path=path, error=repr(error))) from error


# --- writing -------------------------------------------------------------------------------


@contextmanager
def replacing(folder: PathOrStr, *, without: Iterable[str] = ()) -> Iterator[Path]:
    """Write files of a folder together: if the process is killed meanwhile, readers find all old ones or all new ones.

    folder (str | PathLike): The folder; made if it isn't there. Other files in it stay.
    without (Iterable[str]): Names of files in it that go.
    YIELDS (Path): An empty folder to write to. If that fails, nothing changes.
    RAISES (NotADirectoryError): If it is a file.
    """
    is_new = not Path(folder).exists()
    folder = make_folder(folder)
    finish_writing(folder)
    fresh = folder / _WRITING
    shutil.rmtree(fresh, ignore_errors=True)  # of a process that was killed
    fresh.mkdir()
    try:
        yield fresh
        (fresh / _GONE).write_text(json.dumps(list(without)), "utf8")
        fresh.rename(folder / _WRITTEN)  # from here on, the new ones count
    except BaseException:
        shutil.rmtree(fresh)
        if is_new:
            with suppress(OSError):  # it may hold other things by now
                folder.rmdir()
        raise
    finish_writing(folder)


def finish_writing(folder: PathOrStr) -> None:
    """Put files in their places, if a process was killed when all were written and not all there. For whoever reads.

    folder (str | PathLike): The folder.
    """
    written = Path(folder) / _WRITTEN
    if not written.is_dir():
        return
    for name in json.loads((written / _GONE).read_text("utf8")) if (written / _GONE).is_file() else ():
        if not Path(name).is_absolute() and ".." not in Path(name).parts:  # never of another folder
            (Path(folder) / name).unlink(missing_ok=True)
    for path in sorted(set(written.rglob("*")) - {written / _GONE}):
        place = Path(folder) / path.relative_to(written)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            with suppress(FileNotFoundError):  # another process finishes it, too
                path.replace(place)
    shutil.rmtree(written, ignore_errors=True)


def make_folder(path: PathOrStr) -> Path:
    """path (str | PathLike): A folder to write to; made if it isn't there.
    RETURNS (Path): The folder. RAISES (NotADirectoryError): If it is a file."""
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(Errors.L221.format(path=folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
