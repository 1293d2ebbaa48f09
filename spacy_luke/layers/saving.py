"""A model with its tokenizer to bytes, to a folder, and back. Reading touches nothing but what was saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import srsly
import torch
from safetensors.torch import load, save
from thinc.api import Model
from torch import Tensor

from ..errors import Errors
from ..files import reading
from ..nn.checkpoint import load_weights, save_weights
from ..nn.config import LukeConfig, load_config_file
from ..nn.heads.base import LukeHead, saved_class
from ..tokenizer import LukeTokenizer
from .store import build_head, share_saved
from .weights import get_module, get_tokenizer, set_weights


class Saved:
    """What can be saved: weights and tokenizer of a model of ours.

    model (Model): The model.
    """

    model: Model[Any, Any]

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Configuration, weights and tokenizer."""
        config, weights = _state(get_module(self.model))
        parts = {"config": json.loads(config.to_json_string()), "weights": save(weights)}
        data: bytes = srsly.msgpack_dumps({**parts, "tokenizer": get_tokenizer(self.model).to_bytes()})
        return data

    def from_bytes(self, data: bytes) -> None:
        """data (bytes): From `to_bytes`."""
        with reading("What was saved of a model", Exception):  # msgpack's and safetensors' are of many kinds
            parts = srsly.msgpack_loads(data)
            config, tokenizer = self._override(parts["config"]), parts["tokenizer"]
            weights = load(parts["weights"])
        digest = sha256(srsly.msgpack_dumps([config, tokenizer])).digest()
        saved = share_saved(
            digest, weights, lambda: LukeTokenizer.from_bytes(tokenizer), lambda: _rebuild(config, weights)
        )
        set_weights(self.model, saved)

    def to_disk(self, folder: Path) -> None:
        """folder (Path): Where to write weights and tokenizer in the published directory format."""
        config, weights = _state(get_module(self.model))
        config.save_pretrained(folder)
        save_weights(folder, weights)
        get_tokenizer(self.model).save_pretrained(folder)

    def from_disk(self, folder: Path) -> None:
        """folder (Path): What `to_disk` wrote."""
        weights, config = load_weights(folder), self._override(load_config_file(folder))
        saved = share_saved(
            _digest(folder, config),
            weights,
            lambda: LukeTokenizer.from_pretrained(folder),
            lambda: _rebuild(config, weights),
        )
        set_weights(self.model, saved)

    def _override(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What was saved, with what the pipeline's config says instead."""
        changes = self.model.attrs["settings"].overrides.items()
        return {**config, **{name: value for name, value in changes if value is not None}}


def smallest_dtype(weights: Mapping[str, Tensor]) -> torch.dtype:
    """The half precision that weights were stored in, if they were and haven't been trained since.

    weights (Mapping[str, Tensor]): The weights.
    RETURNS (torch.dtype): A type that holds each of them to the last bit; float32 for what was trained.
    """
    for dtype in (torch.float16, torch.bfloat16):
        if all(torch.equal(w.to(dtype).to(w.dtype), w) for w in weights.values()):
            return dtype
    return torch.float32


def _digest(folder: Path, config: Mapping[str, Any]) -> bytes:
    """Of all files of a folder but those of the weights, and of what its configuration is read as."""
    digest = sha256(json.dumps(config, sort_keys=True).encode())
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix not in (".safetensors", ".bin"):
            digest.update(f"{path.name}:{path.stat().st_size}:".encode())
            digest.update(path.read_bytes())
    return digest.digest()


def _state(module: LukeHead) -> tuple[LukeConfig, dict[str, Tensor]]:
    """The configuration, and the weights in the smallest type that loses nothing."""
    config, weights = module.saved_config(), module.saved_weights()
    dtype = smallest_dtype(weights)
    config.torch_dtype = str(dtype).removeprefix("torch.")
    return config, {name: w.detach().to("cpu", dtype).contiguous() for name, w in weights.items()}


def _rebuild(values: Mapping[str, Any], weights: Mapping[str, Tensor]) -> LukeHead:
    """Put weights into a new module of the class that the configuration names."""
    config = LukeConfig.from_dict(values)
    task = saved_class(config)
    if task is None:
        error = "it names no architecture"
        raise ValueError(Errors.L113.format(path="The saved component's config.json", error=error))
    return build_head(task, config, weights)
