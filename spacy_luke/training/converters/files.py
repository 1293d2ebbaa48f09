"""Records of published data, and errors that tell which of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import Errors
from ...files import parse_json, read_json_lines, read_text


def read_records(path: str | Path) -> Iterator[tuple[str, Any]]:
    """path (str | Path): A JSON list, or a JSON object in each line; it may be compressed (`.xz`).
    YIELDS (tuple[str, Any]): A record's place for messages, such as "document 3" or "line 3", and the record."""
    text = read_text(path)
    if not text.lstrip().startswith("["):
        yield from read_json_lines(path)
        return
    for number, record in enumerate(parse_json(text, path), start=1):
        yield f"document {number}", record


@contextmanager
def located(path: str | Path, place: str) -> Iterator[None]:
    """Inside it, errors of a record name file and place. path (str | Path): The file. place (str): The record's."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        found = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
        if isinstance(error, KeyError):
            found = f"there is no {error}"
        raise ValueError(Errors.L423.format(path=path, place=place, found=found)) from error
