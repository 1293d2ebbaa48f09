"""Indexes of large entity vocabularies, kept on disk and mapped into memory when the vocabulary is read again.

They lie in the user's cache folder, or in the one that the environment variable `SPACY_LUKE_CACHE` names, under
a checksum of the file they were made from. Deleting them is safe; where they can't be written, each load makes
its own in memory.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from .title_index import TitleIndex

VARIABLE = "SPACY_LUKE_CACHE"
# Smaller files are read faster than an index is looked up.
LARGE = 1 << 20
_READ = 1 << 20


def cached_index(path: Path, make: Callable[[], TitleIndex]) -> TitleIndex:
    """The index of a file's titles: from the cache, or made now and kept there.

    path (Path): The file.
    make (Callable[[], TitleIndex]): Reads the file.
    RETURNS (TitleIndex): The index; mapped into memory if the file is large and the cache can be written.
    """
    folder = cache_folder() if path.exists() and path.stat().st_size >= LARGE else None
    if folder is None:
        return make()
    kept = folder / f"{_checksum(path)}-{path.name}.index"
    index = _open(kept)
    if index is None:
        index = make()
        with contextlib.suppress(OSError):
            _write(kept, index.buffer)
            index = _open(kept) or index
    return index


def cache_folder() -> Path | None:
    """RETURNS (Path | None): Where indexes are kept; None if the user has no folder for such things."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    try:
        if sys.platform == "win32":
            root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            root = Path.home() / "Library" / "Caches"
        else:
            root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # no home
        return None
    return root / "spacy_luke"


def _checksum(path: Path) -> str:
    digest = sha256()  # the fastest here
    with path.open("rb") as file:
        while block := file.read(_READ):
            digest.update(block)
    return digest.hexdigest()[:32]


def _open(path: Path) -> TitleIndex | None:
    """Map an index, unless there is none, or none that this version can read."""
    try:
        with path.open("rb") as file:
            return TitleIndex(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None


def _write(path: Path, data: memoryview) -> None:
    """Whoever opens the file meanwhile sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
