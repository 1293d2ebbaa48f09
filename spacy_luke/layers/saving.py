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

from ..nn import heads
from ..nn.checkpoint import read_weights, write_weights
from ..nn.config import LukeConfig, read_config_file
from ..nn.heads.base import LukeHead
from ..nn.joint.folder import joint_config, joint_from_state, write_config
from ..tokenizer import LukeTokenizer
from .shim import LukeModule
from .store import share_saved
from .weights import get_module, get_tokenizer, set_weights


def model_to_bytes(model: Model[Any, Any]) -> bytes:
    """RETURNS (bytes): Configuration, weights and tokenizer."""
    config, weights = _state(get_module(model))
    data: bytes = srsly.msgpack_dumps(
        {"config": config, "weights": save(weights), "tokenizer": get_tokenizer(model).to_bytes()}
    )
    return data


def model_from_bytes(model: Model[Any, Any], data: bytes) -> None:
    """Put into the model what `model_to_bytes` wrote."""
    parts = srsly.msgpack_loads(data)
    weights = load(parts["weights"])
    digest = sha256(srsly.msgpack_dumps([parts["config"], parts["tokenizer"]])).digest()
    saved = share_saved(
        digest,
        weights,
        lambda: LukeTokenizer.from_bytes(parts["tokenizer"]),
        lambda: _rebuild(parts["config"], weights, "bytes"),
    )
    set_weights(model, saved)


def model_to_disk(model: Model[Any, Any], folder: Path) -> None:
    """Write a folder in the published directory format."""
    config, weights = _state(get_module(model))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, config)
    write_weights(folder, weights)
    get_tokenizer(model).save_pretrained(folder)


def model_from_disk(model: Model[Any, Any], folder: Path) -> None:
    """Put into the model what `model_to_disk` wrote."""
    folder = Path(folder)
    weights = read_weights(folder)
    saved = share_saved(
        _digest(folder),
        weights,
        lambda: LukeTokenizer.from_pretrained(folder),
        lambda: _rebuild(read_config_file(folder), weights, str(folder)),
    )
    set_weights(model, saved)


def _digest(folder: Path) -> bytes:
    """RETURNS (bytes): A digest of all files of a folder but those of the weights."""
    digest = sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix not in (".safetensors", ".bin"):
            digest.update(f"{path.name}:{path.stat().st_size}:".encode())
            digest.update(path.read_bytes())
    return digest.digest()


def _state(module: LukeModule) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """RETURNS (tuple): What `config.json` holds, and the weights in the smallest type that loses nothing."""
    if isinstance(module, LukeHead):
        config, weights = module.saved_config().to_dict(), module.saved_weights()
    else:
        config, weights = joint_config(module), module.state_dict()
    dtype = smallest_dtype(weights)
    config["torch_dtype"] = str(dtype).removeprefix("torch.")
    return json.loads(json.dumps(config)), {
        name: w.detach().to("cpu", dtype).contiguous() for name, w in weights.items()
    }


def smallest_dtype(weights: Mapping[str, Tensor]) -> torch.dtype:
    """The half precision that weights were stored in, if they were and haven't been trained since.

    weights (Mapping[str, Tensor]): The weights.
    RETURNS (torch.dtype): A type that holds each of them to the last bit; float32 for what was trained.
    """
    for dtype in (torch.float16, torch.bfloat16):
        if all(torch.equal(w.to(dtype).to(w.dtype), w) for w in weights.values()):
            return dtype
    return torch.float32


def _rebuild(values: Mapping[str, Any], weights: Mapping[str, Tensor], source: str) -> LukeModule:
    """Put weights into a new module of the kind that the configuration names."""
    if "joint" in values:
        return joint_from_state(values, weights, source)
    kind: type[LukeHead] = getattr(heads, values["architectures"][0])
    return kind.from_state(LukeConfig.from_dict(values), weights)
