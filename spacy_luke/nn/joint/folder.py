"""Joint models as folders and as bytes: the published directory format, with the heads' configuration in
`config.json` under "joint" and the heads' weights beside the encoder's ("luke.")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...errors import Errors
from ..checkpoint import read_weights, write_weights
from ..config import LukeConfig
from ..model import LukeModel
from .config import JointConfig
from .model import JointModel


def load_joint(
    folder: Path,
    words_attend_to_entities: bool | None = None,
    entities_attend_to_entities: bool | None = None,
) -> JointModel:
    """Read a joint model, or any LUKE checkpoint, which then has no heads.

    folder (Path): The checkpoint.
    words_attend_to_entities (bool | None): None for what the checkpoint says.
    entities_attend_to_entities (bool | None): None for what the checkpoint says.
    RETURNS (JointModel): In float32, ready to predict.
    RAISES (ValueError): If something is missing, surplus or damaged.
    """
    config = LukeConfig.from_pretrained(folder)
    if words_attend_to_entities is not None:
        config.words_attend_to_entities = words_attend_to_entities
    if entities_attend_to_entities is not None:
        config.entities_attend_to_entities = entities_attend_to_entities
    heads = config.to_dict().get("joint")
    if heads is not None:
        return joint_from_state(config.to_dict(), read_weights(folder), str(folder))
    model = JointModel(config, JointConfig())
    model.luke = LukeModel.from_pretrained(folder, config=config, add_pooling_layer=False)
    return model.eval()


def joint_from_state(values: Mapping[str, Any], state: Mapping[str, Tensor], source: str) -> JointModel:
    """Put weights into a joint model.

    values (Mapping[str, Any]): What `config.json` holds.
    state (Mapping[str, Tensor]): Weights by name.
    source (str): Where they come from, for error messages.
    RETURNS (JointModel): In float32, ready to predict.
    RAISES (ValueError): If the weights are not those of the configuration.
    """
    config = LukeConfig.from_dict(values)
    with torch.device("meta"):  # nothing is allocated or initialized that the weights replace anyway
        model = JointModel(config, JointConfig.from_dict(values["joint"]))
    wanted = model.state_dict()
    missing, surplus = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    misshapen = [
        f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & state.keys())
        if state[name].shape != wanted[name].shape
    ]
    if missing or surplus or misshapen:
        raise ValueError(
            Errors.L283.format(source=source, missing=missing[:5], surplus=surplus[:5], shapes=misshapen[:5])
        )
    model.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    model.requires_grad_(True)
    model.joint = JointConfig.from_dict(values["joint"])
    return model.eval()


def joint_config(model: JointModel) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): What `config.json` holds for a joint model."""
    values = model.config.to_dict()
    values["architectures"] = ["LukeJointModel"]
    values["joint"] = model.joint.to_dict()
    return values


def save_joint(model: JointModel, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write `config.json` and `model.safetensors`.

    model (JointModel): The model.
    folder (Path): Made if it isn't there.
    dtype (torch.dtype | None): Type to store floats in; None for that of the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, joint_config(model))
    write_weights(folder, {name: value.to("cpu", dtype) for name, value in model.state_dict().items()})


def write_config(folder: Path, values: Mapping[str, Any]) -> None:
    """Write `config.json`.

    folder (Path): An existing folder.
    values (Mapping[str, Any]): JSON data.
    """
    text = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n", encoding="utf8")
