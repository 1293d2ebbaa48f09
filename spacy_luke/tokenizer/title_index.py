"""Entity titles and their ids in a few arrays, which can be read from a mapped file as they are."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from huggingface_hub.constants import HF_ASSETS_CACHE

from ..errors import Errors

_MAGIC = b"LUKEIDX1"
_ALIGNED = 8
_CHUNK = 1 << 14


class TitleIndex(Mapping[str, int]):
    """A read-only mapping from titles to ids, in the order it was made in.

    As a dict, half a million titles are half a million objects to make and to keep. Here they are one run of
    UTF-8 bytes; a title is found by its checksum in a sorted array.

    buffer (bytes | mmap): What `from_dict` makes. It isn't copied.
    """

    def __init__(self, buffer: Any) -> None:
        view = memoryview(buffer)
        try:
            header, at = _parse_header(view)
            arrays = []
            for dtype, count in _layout(header["titles"], header["bytes"]):
                array = np.frombuffer(view, dtype, count, at)
                arrays.append(array.astype(array.dtype.newbyteorder("="), copy=False))
                at += _padded(array.nbytes)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(Errors.L150.format(error=error)) from error
        self.extra: dict[str, Any] = header["extra"]
        self._buffer = view
        self._offsets, self.ids, hashes, places, text = arrays
        # Single elements of a memoryview are plain integers, and cheap.
        self._hashes, self._places, self._text = hashes.data, places.data, text.data

    @staticmethod
    def from_dict(ids: Mapping[str, int], extra: Mapping[str, Any] | None = None) -> TitleIndex:
        """Make an index.

        ids (Mapping[str, int]): The ids, from 0 on, by title.
        extra (Mapping[str, Any] | None): JSON data to keep with them.
        RETURNS (TitleIndex): The index.
        """
        try:
            titles = [title.encode() for title in ids]
        except UnicodeEncodeError:
            titles = [_to_utf8(title) for title in ids]
        offsets = np.zeros(len(titles) + 1, np.int64)
        np.cumsum([len(title) for title in titles], out=offsets[1:])
        hashes = np.fromiter(map(crc32, titles), np.uint32, len(titles))
        places = np.argsort(hashes, kind="stable")
        arrays: tuple[Any, ...] = (
            offsets,
            np.fromiter(ids.values(), np.int64, len(titles)),
            hashes[places],
            places,
        )
        header = json.dumps({"titles": len(titles), "bytes": int(offsets[-1]), "extra": dict(extra or {})})
        parts = [_MAGIC, _padded(len(header)).to_bytes(8, "little"), header.encode()]
        parts.append(b" " * (_padded(len(header)) - len(header)))
        for array, (dtype, _) in zip(arrays, _layout(0, 0), strict=False):
            data = array.astype(dtype).tobytes()
            parts += [data, bytes(_padded(len(data)) - len(data))]
        return TitleIndex(b"".join([*parts, *titles]))

    @property
    def buffer(self) -> memoryview:
        """RETURNS (memoryview): All there is, as the constructor takes it."""
        return self._buffer

    def __getitem__(self, title: str) -> int:
        id_ = self.get(title)
        if id_ is None:
            raise KeyError(title)
        return int(id_)

    def get(self, title: str, default: Any = None) -> Any:
        """As of any mapping; misses are common, and cheaper without an exception.

        title (str): The title.
        default (Any): What to return for a title that isn't there.
        RETURNS (Any): Its id, or the default.
        """
        place = self._find(title)
        return default if place is None else int(self.ids[place])

    def __contains__(self, title: object) -> bool:
        return isinstance(title, str) and self._find(title) is not None

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), _CHUNK):
            for start, end in pairwise(self._offsets[first : first + _CHUNK + 1].tolist()):
                yield _from_utf8(self._text[start:end])

    def to_dict(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): A copy as a plain dict."""
        return dict(zip(self, self.ids.tolist(), strict=True))

    def title(self, id_: int) -> str:
        """The title with an id; the first one, if several share it.

        id_ (int): The id.
        RETURNS (str): The title.
        RAISES (KeyError): If no title has the id.
        """
        order, ids = self._by_id
        found = int(np.searchsorted(ids, id_))
        if found == len(ids) or ids[found] != id_:
            raise KeyError(id_)
        place = int(order[found])
        return _from_utf8(self._text[self._offsets[place] : self._offsets[place + 1]])

    @cached_property
    def _by_id(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Places in the order of their ids, and these ids."""
        order = np.argsort(self.ids, kind="stable").astype(np.uint32)
        return order, self.ids[order]

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return TitleIndex, (bytes(self._buffer),)

    def _find(self, title: str) -> int | None:
        data = _to_utf8(title)
        hash_ = crc32(data)
        at = bisect_left(self._hashes, hash_)
        while at < len(self) and self._hashes[at] == hash_:
            place = self._places[at]
            if self._text[self._offsets[place] : self._offsets[place + 1]] == data:
                return int(place)
            at += 1
        return None


def _layout(n_titles: int, n_bytes: int) -> list[tuple[str, int]]:
    """Type and length of the arrays: where titles start and end, ids, sorted checksums, their titles, text."""
    return [("<i8", n_titles + 1), ("<i8", n_titles), ("<u4", n_titles), ("<u4", n_titles), ("|u1", n_bytes)]


def _parse_header(view: memoryview) -> tuple[dict[str, Any], int]:
    start = len(_MAGIC) + 8
    if bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise ValueError(f"it does not start with {_MAGIC!r}")
    end = start + int.from_bytes(view[len(_MAGIC) : start], "little")
    return json.loads(bytes(view[start:end])), end


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _to_utf8(title: str) -> bytes:
    """JSON can hold half a surrogate pair, which has no strict UTF-8 form."""
    return title.encode("utf-8", "surrogatepass")


def _from_utf8(data: memoryview) -> str:
    return str(data, "utf-8", "surrogatepass")


# --- on disk -------------------------------------------------------------------------------

CACHE_VARIABLE = "SPACY_LUKE_CACHE"
# An index of smaller files saves less time than looking it up takes.
LARGE = 1 << 20
# Most bytes of all that is kept, a dozen large vocabularies. What was used last stays.
KEPT = 512 << 20


def cached_index(path: Path, make: Callable[[], TitleIndex]) -> TitleIndex:
    """The index of a file's titles: from the user's cache, or made now and kept there.

    It lies under a checksum of the file in the folder that the environment variable `SPACY_LUKE_CACHE` names, or in
    Hugging Face's (`HF_HOME`, `HF_ASSETS_CACHE`). Deleting it is safe; where it can't be written, each load makes it.
    Indices that weren't used for longest are deleted where all of them are larger than 512 MiB.

    path (Path): The file.
    make (Callable[[], TitleIndex]): Reads the file.
    RETURNS (TitleIndex): The index; mapped into memory if the file is large and the cache can be written.
    """
    if not path.exists() or path.stat().st_size < LARGE:
        return make()
    kept = _cache_folder() / f"{_checksum(path)}-{path.name}.index"
    index = _open_index(kept)
    if index is None:
        index = make()
        with contextlib.suppress(OSError):
            _write_index(kept, index.buffer)
            index = _open_index(kept) or index
            _delete_unused(kept)
    else:
        with contextlib.suppress(OSError):
            os.utime(kept)  # it is in use
    return index


def _delete_unused(newest: Path) -> None:
    """Delete what was used before all that fits. Whoever has it mapped keeps it, or on Windows it stays."""
    size = 0
    times = [(path.stat().st_mtime, path) for path in newest.parent.glob("*.index") if path != newest]
    for _, path in [(0.0, newest), *sorted(times, reverse=True)]:
        size += path.stat().st_size
        if size > KEPT and path != newest:
            with contextlib.suppress(OSError):
                path.unlink()


def _cache_folder() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(HF_ASSETS_CACHE, "spacy_luke")


def _checksum(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:32]


def _open_index(path: Path) -> TitleIndex | None:
    """Map an index, unless there is none, or none that this version can read."""
    try:
        with path.open("rb") as file:
            return TitleIndex(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None


def _write_index(path: Path, data: memoryview) -> None:
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
