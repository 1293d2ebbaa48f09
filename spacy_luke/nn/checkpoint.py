"""Weights on disk, in the published directory format."""

from __future__ import annotations

import json
import os
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import Errors
from ..files import read_json
from .hub import CheckpointError, in_variant

SAFE_FILE = "model.safetensors"
PICKLE_FILE = "pytorch_model.bin"
INDEX_SUFFIX = ".index.json"
# Bytes. The system maps 16 pages around the one that is read, so smaller tensors take less when they are copied.
MAPPED_FROM = 65536
# The first that exists is read.
SAFE_NAMES = (SAFE_FILE, SAFE_FILE + INDEX_SUFFIX)
WEIGHT_FILES = (*SAFE_NAMES, PICKLE_FILE, PICKLE_FILE + INDEX_SUFFIX)
# What safetensors calls torch's types.
_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class SafeWeights(Mapping[str, Tensor]):
    """The tensors of a safetensors file, loaded when they are asked for. Large ones are mapped one by one, so that the
    memory of each is free when it is. safetensors maps the whole file: for each tensor, which takes a millisecond and
    64 kB, or once for all, which keeps what was loaded of any tensor as long as one of them exists.

    path (Path): The file.
    RAISES (ValueError): If it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with safe_open(path, framework="pt"):  # checks the header
                self._start, self._entries = _parse_header(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise ValueError(Errors.L113.format(path=path, error=error)) from error

    def __getitem__(self, name: str) -> Tensor:
        """name (str): Its name. RETURNS (Tensor): On the CPU, in the type it is stored in."""
        entry = self._entries[name]
        begin, end = (self._start + offset for offset in entry["data_offsets"])
        if end - begin < MAPPED_FROM:
            raw = torch.empty(end - begin, dtype=torch.uint8)
            with self.path.open("rb") as file:
                file.seek(begin)
                file.readinto(raw.numpy().data)
        else:
            raw = torch.from_numpy(np.memmap(self.path, np.uint8, "c", begin, (end - begin,)))
        return raw.view(_TYPES[entry["dtype"]]).view(entry["shape"])  # (n_bytes,) -> shape

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _parse_header(path: Path) -> tuple[int, dict[str, Any]]:
    """RETURNS (tuple[int, dict]): Where the tensors begin, and type, shape and place from there of each by name."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(size))
    entries.pop("__metadata__", None)
    unknown = sorted({entry["dtype"] for entry in entries.values()} - _TYPES.keys())
    if unknown:
        raise ValueError(f"unknown types of tensors: {unknown}")
    return 8 + size, entries


def load_weights(
    folder: Path, variant: str | None = None, use_safetensors: bool | None = None
) -> Mapping[str, Tensor]:
    """Read all weights of a folder, in one file or in shards.

    folder (Path): The folder. `model.safetensors` is preferred to `pytorch_model.bin`.
    variant (str | None): Read the files with this word in their names, e.g. "fp16".
    use_safetensors (bool | None): Read safetensors files only, or pickles only.
    RETURNS (Mapping[str, Tensor]): The tensors on the CPU, in the type they are stored in; those of safetensors files
        are mapped when they are asked for.
    RAISES (ValueError): If a file is missing, damaged, or holds anything but named tensors.
    """
    wanted = [name for name in WEIGHT_FILES if use_safetensors in (None, name.startswith(SAFE_FILE))]
    allowed = [in_variant(name, variant) for name in wanted]
    for name, path in zip(wanted, map(folder.joinpath, allowed), strict=True):
        if path.is_file():
            return _load_shards(path) if name.endswith(INDEX_SUFFIX) else _load_file(path)
    raise CheckpointError(Errors.L231.format(folder=folder, allowed=", ".join(allowed)))


def save_weights(
    folder: Path, weights: Mapping[str, Tensor], variant: str | None = None, safe: bool = True
) -> None:
    """Write all weights in one file, `model.safetensors`.

    folder (Path): It exists.
    weights (Mapping[str, Tensor]): On any device.
    variant (str | None): A word for the file's name.
    safe (bool): False for the pickle format, `pytorch_model.bin`; what would be read instead of it is deleted.
    """
    name = SAFE_FILE if safe else PICKLE_FILE
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    # Loaded weights may be mapped from the very file that is written here, so that must not be touched:
    # the new file is complete before it takes the place of the old one.
    fresh = folder / f".{name}.{os.getpid()}"
    try:
        fresh.touch()
        mode = fresh.stat().st_mode  # what new files get here; safetensors makes its own for the owner alone
        if safe:
            save_file(tensors, fresh, metadata={"format": "pt"})
        else:
            torch.save(tensors, fresh)
        fresh.chmod(mode)
        fresh.replace(folder / in_variant(name, variant))
    finally:
        fresh.unlink(missing_ok=True)
    for earlier in WEIGHT_FILES[: WEIGHT_FILES.index(name)]:
        (folder / in_variant(earlier, variant)).unlink(missing_ok=True)


def _load_shards(index: Path) -> Mapping[str, Tensor]:
    places = _parse_index(index)
    shards: list[Any] = []
    for name in sorted(set(places.values())):
        if not is_beside(index, name):
            raise CheckpointError(Errors.L232.format(path=index, shard=name))
        shards.append(_load_file(index.parent / name))
    weights: ChainMap[str, Tensor] = ChainMap(
        *reversed(shards)
    )  # the last counts; nothing is ever put into it
    missing = sorted(set(places) - set(weights))
    if missing:
        raise ValueError(Errors.L233.format(path=index, names=some(missing)))
    return weights


def is_beside(index: Path, name: str) -> bool:
    """RETURNS (bool): Whether there is a file of that name beside the index; names that lead elsewhere don't count."""
    return Path(name).name == name and os.path.isfile(
        index.parent / name
    )  # Path's own raises if a name is too long


def _parse_index(path: Path) -> dict[str, str]:
    """RETURNS (dict[str, str]): The file that each weight is in."""
    index = read_json(path)
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise ValueError(Errors.L113.format(path=path, error="weight_map does not map names to files"))
    return places


def _load_file(path: Path) -> Mapping[str, Tensor]:
    return SafeWeights(path) if path.suffix == ".safetensors" else _load_pickle(path)


def _load_pickle(path: Path) -> dict[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or foreign pickle may raise anything; none of its code is run
        # Only the first sentence: the rest of torch's message tells how to run the code.
        raise ValueError(Errors.L234.format(path=path, reason=str(error).split(". ")[0])) from error
    if not isinstance(content, dict):
        raise ValueError(Errors.L235.format(path=path, found=type(content).__name__))
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(Errors.L235.format(path=path, found=f"{type(value).__name__} at {name!r}"))
    return content


def some(names: list[str], limit: int = 5) -> str:
    """names (list[str]): Any number of names. RETURNS (str): The first few, and how many more there are."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
