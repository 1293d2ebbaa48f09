"""Which files a corpus is in."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from ..errors import Errors, Warnings

STDIN = "-"
# What is read, by the end of a file's name.
KINDS = {
    ".txt": "text",
    ".jsonl": "json lines",
    ".jsonl.gz": "json lines",
    ".jsonl.xz": "json lines",
    ".parquet": "parquet",
    ".spacy": "docs",
}
ALLOWED = ", ".join(KINDS)
_SAMPLE = 1 << 16  # bytes of a file's beginning and end that its checksum is of


@dataclass(frozen=True)
class Fields:
    """Names of fields or columns.

    id (str): The id.
    text (str): The text. All others are kept as metadata.
    """

    id: str = "id"
    text: str = "text"


@dataclass(frozen=True)
class Source:
    """A file of documents.

    path (str): Its path, as it was given or found; "-" for stdin.
    kind (str): One of the values of `KINDS`.
    size (int): Its bytes; 0 for stdin.
    """

    path: str
    kind: str
    size: int

    def describe(self) -> dict[str, str | int]:
        """RETURNS (dict): What tells it from another file: path, size, checksum of its beginning and end."""
        if self.path == STDIN:
            return {"path": STDIN}
        with open(self.path, "rb") as file:
            crc = zlib.crc32(file.read(_SAMPLE))
            file.seek(max(0, self.size - _SAMPLE))
            return {"path": self.path, "size": self.size, "crc32": zlib.crc32(file.read(_SAMPLE), crc)}


def find_sources(inputs: Sequence[str], without: Path | None = None) -> list[Source]:
    """Find the files that a command line names.

    inputs (Sequence[str]): Files, folders, globs, or "-" for stdin.
    without (Path | None): A folder to pass over: the output, if it lies in an input.
    RETURNS (list[Source]): The files, each once, in the order of the inputs; those of a folder or glob by name.
    RAISES (ValueError): If an input names no file that can be read.
    """
    found: dict[str, Source] = {}
    for given in inputs:
        sources = [Source(STDIN, "json lines", 0)] if given == STDIN else _files(given, without)
        if not sources:
            raise ValueError(Errors.L611.format(path=given, allowed=ALLOWED))
        found.update({source.path: source for source in sources})
    return list(found.values())


def kind_of(path: Path) -> str | None:
    """RETURNS (str | None): What a file holds, by its name."""
    name = path.name.lower()
    return next((kind for end, kind in KINDS.items() if name.endswith(end)), None)


def _files(given: str, without: Path | None) -> list[Source]:
    path = Path(given)
    if path.is_file():
        if kind_of(path) is None:
            raise ValueError(Errors.L613.format(path=path, allowed=ALLOWED))
        return _readable([path])
    if path.is_dir():
        return _readable(_inside(path, given, without))
    matches = [Path(match) for match in sorted(glob(given, recursive=True))]
    files = [match for match in matches if match.is_file()]
    folders = [file for match in matches if match.is_dir() for file in _inside(match, given, without)]
    return _readable([*_known(files, given), *folders])


def _inside(folder: Path, given: str, without: Path | None) -> list[Path]:
    """Files of a folder that aren't hidden and aren't of the output."""
    out = None if without is None else without.resolve()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [f for f in files if not any(part.startswith(".") for part in f.relative_to(folder).parts)]
    return _known([f for f in files if out is None or not f.resolve().is_relative_to(out)], given)


def _known(files: Iterable[Path], given: str) -> list[Path]:
    files = list(files)
    others = [path for path in files if kind_of(path) is None]
    if others:
        told = {"n": len(others), "path": given, "allowed": ALLOWED, "example": others[0].name}
        warnings.warn(Warnings.W602.format(**told), stacklevel=5)
    return [path for path in files if kind_of(path) is not None]


def _readable(paths: Iterable[Path]) -> list[Source]:
    return [Source(path.as_posix(), kind_of(path) or "", path.stat().st_size) for path in paths]
