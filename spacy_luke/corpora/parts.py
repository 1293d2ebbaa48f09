"""A folder that is written in numbered parts, whole or not at all, so that whoever is killed can go on.

Beside the parts lie `manifest.json`, which says what made them, and `progress.json`, which says how far they go. A
part, its errors and the progress take their places together (`replacing` in `files.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import Errors
from ..files import finish_writing, make_folder, read_json, replacing
from .sinks import Sink

MANIFEST, PROGRESS, ERRORS = "manifest.json", "progress.json", "errors"
_LOCK = ".lock"


@dataclass
class Progress:
    """How far the parts of a folder go.

    parts (int): How many there are.
    read (int): Documents of the input that they are of, those of other shards too.
    checksum (int): Checksum of these.
    documents (int): Documents in the parts.
    failed (int): Documents in the error files.
    words (int): Tokens of the documents.
    complete (bool): Whether that is all.
    """

    parts: int = 0
    read: int = 0
    checksum: int = 0
    documents: int = 0
    failed: int = 0
    words: int = 0
    complete: bool = False


def open_parts(folder: Path, manifest: Mapping[str, Any]) -> Progress:
    """Begin a folder, or go on with it.

    folder (Path): The folder; made if it isn't there.
    manifest (Mapping[str, Any]): What makes the parts, by names, as plain data.
    RETURNS (Progress): How far it is.
    RAISES (ValueError): If it was begun with another manifest, or holds something else.
    """
    make_folder(folder)
    finish_writing(folder)
    if not (folder / MANIFEST).is_file():
        if any(path.name not in (_LOCK, ".writing") for path in folder.iterdir()):
            raise ValueError(Errors.L615.format(folder=folder))
        with replacing(folder) as fresh:
            _write_json(fresh / MANIFEST, manifest)
            _write_json(fresh / PROGRESS, asdict(Progress()))
    there, now = read_json(folder / MANIFEST), json.loads(json.dumps(manifest))
    for what in (*now, *there):
        if there.get(what) != now.get(what):
            old, new = _difference(there.get(what), now.get(what))
            raise ValueError(Errors.L614.format(folder=folder, what=what, old=old, new=new))
    return Progress(**read_json(folder / PROGRESS))


def write_progress(folder: Path, progress: Progress) -> None:
    """folder (Path): The folder. progress (Progress): How far it goes, where there is nothing to add to its parts."""
    with replacing(folder) as fresh:
        _write_json(fresh / PROGRESS, asdict(progress))


def write_part(folder: Path, sink: Sink, errors: Sequence[Mapping[str, Any]], progress: Progress) -> None:
    """Write one part with its errors.

    folder (Path): The folder.
    sink (Sink): Its documents.
    errors (Sequence[Mapping]): A row for each document that failed.
    progress (Progress): How far the folder goes with it.
    """
    name = f"part-{progress.parts - 1:05d}"
    with replacing(folder) as fresh:
        sink.write(fresh, name)
        if errors:
            (fresh / ERRORS).mkdir()
            rows = (json.dumps(row) + "\n" for row in errors)
            (fresh / ERRORS / f"{name}.jsonl").write_text("".join(rows), "utf8")
        _write_json(fresh / PROGRESS, asdict(progress))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to a folder, where the system has locks. A process that is killed frees it.

    folder (Path): The folder; made if it isn't there.
    RAISES (ValueError): If another process writes to it.
    """
    path = make_folder(folder) / _LOCK
    with path.open("w") as file:
        try:
            import fcntl  # Windows has none
        except ImportError:
            yield
            return
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(Errors.L617.format(folder=folder)) from error
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def _difference(old: Any, new: Any) -> tuple[Any, Any]:
    """The values that differ, without those that don't."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return {name: old.get(name) for name in names}, {name: new.get(name) for name in names}
    if isinstance(old, list) and isinstance(new, list):
        return [item for item in old if item not in new], [item for item in new if item not in old]
    return old, new


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf8")
