"""A joint model with its tokenizer to bytes, to a folder, and back. Reading touches nothing but what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import srsly
from thinc.api import Model

from ..nn.joint.folder import joint_config, joint_from_bytes, joint_weights, load_joint, save_joint
from ..tokenizer import LukeTokenizer
from .joint import get_module, get_tokenizer, set_weights


def model_to_bytes(model: Model[Any, Any]) -> bytes:
    """RETURNS (bytes): Configuration, weights and tokenizer."""
    module = get_module(model)
    data: bytes = srsly.msgpack_dumps(
        {
            "config": joint_config(module),
            "weights": joint_weights(module),
            "tokenizer": get_tokenizer(model).to_bytes(),
        }
    )
    return data


def model_from_bytes(model: Model[Any, Any], data: bytes) -> None:
    """Put into the model what `model_to_bytes` wrote."""
    parts = srsly.msgpack_loads(data)
    module = joint_from_bytes(parts["config"], parts["weights"], "bytes")
    set_weights(model, module, LukeTokenizer.from_bytes(parts["tokenizer"]))


def model_to_disk(model: Model[Any, Any], folder: Path) -> None:
    """Write a folder in the published directory format."""
    save_joint(get_module(model), Path(folder))
    get_tokenizer(model).save_pretrained(folder)


def model_from_disk(model: Model[Any, Any], folder: Path) -> None:
    """Put into the model what `model_to_disk` wrote."""
    set_weights(model, load_joint(Path(folder)), LukeTokenizer.from_pretrained(folder))
