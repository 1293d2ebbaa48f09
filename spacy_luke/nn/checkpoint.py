"""Weights on disk, in the published directory format."""

from __future__ import annotations

import json
import os
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import Errors

SAFE_FILE = "model.safetensors"
PICKLE_FILE = "pytorch_model.bin"
INDEX_SUFFIX = ".index.json"
# The first that exists is read.
WEIGHT_FILES = (SAFE_FILE, SAFE_FILE + INDEX_SUFFIX, PICKLE_FILE, PICKLE_FILE + INDEX_SUFFIX)


class SafeWeights(Mapping[str, Tensor]):
    """The tensors of a safetensors file, each mapped from it anew when it is asked for: what has been read of one is
    gone with it, whereas one mapping of all would hold the whole file in memory as long as any of them is there.

    path (Path): The file.
    RAISES (ValueError): If it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as file:
            self._names = tuple(file.keys())

    def __getitem__(self, name: str) -> Tensor:
        """name (str): Its name. RETURNS (Tensor): On the CPU, in the type it is stored in."""
        if name not in self._names:
            raise KeyError(name)
        with self._open() as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _open(self) -> Any:
        try:
            return safe_open(self.path, framework="pt")
        except (SafetensorError, OSError, ValueError) as error:
            raise ValueError(Errors.L208.format(path=self.path, reason=error)) from error


def read_weights(folder: Path) -> Mapping[str, Tensor]:
    """Read all weights of a folder, in one file or in shards.

    folder (Path): The folder. `model.safetensors` is preferred to `pytorch_model.bin`.
    RETURNS (Mapping[str, Tensor]): The tensors on the CPU, in the type they are stored in; those of safetensors files
        are mapped when they are asked for.
    RAISES (ValueError): If a file is missing, damaged, or holds anything but named tensors.
    """
    for name in WEIGHT_FILES:
        path = folder / name
        if path.is_file():
            return _read_shards(path) if name.endswith(INDEX_SUFFIX) else _read_file(path)
    raise ValueError(Errors.L231.format(folder=folder, allowed=", ".join(WEIGHT_FILES)))


def write_weights(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Write `model.safetensors`.

    folder (Path): An existing folder.
    weights (Mapping[str, Tensor]): The tensors, on any device.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    # Loaded weights may be mapped from the very file that is written here, so that must not be touched:
    # the new file is complete before it takes the place of the old one.
    fresh = folder / f".{SAFE_FILE}.{os.getpid()}"
    try:
        fresh.touch()
        mode = fresh.stat().st_mode  # what new files get here; safetensors makes its own for the owner alone
        save_file(tensors, fresh, metadata={"format": "pt"})
        fresh.chmod(mode)
        fresh.replace(folder / SAFE_FILE)
    finally:
        fresh.unlink(missing_ok=True)


def _read_shards(index: Path) -> Mapping[str, Tensor]:
    places = _read_index(index)
    # Nothing is ever put into it.
    weights: ChainMap[str, Tensor] = ChainMap()
    for name in sorted(set(places.values())):
        path = index.parent / name
        if Path(name).name != name or not path.is_file():
            raise ValueError(Errors.L232.format(path=index, shard=name))
        weights = weights.new_child(_read_file(path))  # type: ignore[arg-type]
    missing = sorted(set(places) - set(weights))
    if missing:
        raise ValueError(Errors.L233.format(path=index, names=some(missing)))
    return weights


def _read_index(path: Path) -> dict[str, str]:
    try:
        places = json.loads(path.read_text(encoding="utf8"))["weight_map"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(Errors.L208.format(path=path, reason=repr(error))) from error
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise ValueError(Errors.L208.format(path=path, reason="weight_map does not map names to files"))
    return places


def _read_file(path: Path) -> Mapping[str, Tensor]:
    return SafeWeights(path) if path.suffix == ".safetensors" else _read_pickle(path)


def _read_pickle(path: Path) -> dict[str, Tensor]:
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
    return dict(content)


def some(names: list[str], limit: int = 5) -> str:
    """names (list[str]): Any number of names. RETURNS (str): The first few, and how many more there are."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
