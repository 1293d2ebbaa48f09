"""A model with its tokenizer to bytes, to a folder, and back. Reading touches nothing but what was saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly
from safetensors.torch import load, save
from thinc.api import Model
from torch import Tensor

from ..nn import heads
from ..nn.checkpoint import read_weights
from ..nn.config import LukeConfig, read_config_file
from ..nn.heads.base import LukeHead
from ..nn.joint.folder import joint_config, joint_from_state, joint_weights, save_joint
from ..tokenizer import LukeTokenizer
from .shim import LukeModule
from .weights import get_module, get_tokenizer, set_weights


def model_to_bytes(model: Model[Any, Any]) -> bytes:
    """RETURNS (bytes): Configuration, weights and tokenizer."""
    config, weights = _state(get_module(model))
    data: bytes = srsly.msgpack_dumps(
        {"config": config, "weights": weights, "tokenizer": get_tokenizer(model).to_bytes()}
    )
    return data


def model_from_bytes(model: Model[Any, Any], data: bytes) -> None:
    """Put into the model what `model_to_bytes` wrote."""
    parts = srsly.msgpack_loads(data)
    module = _rebuild(parts["config"], load(parts["weights"]), "bytes")
    set_weights(model, module, LukeTokenizer.from_bytes(parts["tokenizer"]))


def model_to_disk(model: Model[Any, Any], folder: Path) -> None:
    """Write a folder in the published directory format."""
    module = get_module(model)
    if isinstance(module, LukeHead):
        module.save_pretrained(folder)
    else:
        save_joint(module, Path(folder))
    get_tokenizer(model).save_pretrained(folder)


def model_from_disk(model: Model[Any, Any], folder: Path) -> None:
    """Put into the model what `model_to_disk` wrote."""
    module = _rebuild(read_config_file(Path(folder)), read_weights(Path(folder)), str(folder))
    set_weights(model, module, LukeTokenizer.from_pretrained(folder))


def _state(module: LukeModule) -> tuple[dict[str, Any], bytes]:
    """RETURNS (tuple): What `config.json` holds, and the weights as a safetensors file."""
    if isinstance(module, LukeHead):
        weights = {name: w.detach().cpu().contiguous() for name, w in module.saved_weights().items()}
        return json.loads(json.dumps(module.saved_config().to_dict())), save(weights)
    return joint_config(module), joint_weights(module)


def _rebuild(values: Mapping[str, Any], weights: dict[str, Tensor], source: str) -> LukeModule:
    """Put weights into a new module of the kind that the configuration names."""
    if "joint" in values:
        return joint_from_state(values, weights, source)
    kind: type[LukeHead] = getattr(heads, values["architectures"][0])
    return kind.from_state(LukeConfig.from_dict(values), weights)
