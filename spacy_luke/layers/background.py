"""States of general text that lie beside a checkpoint, and the table of thresholds, for teaching.

They mean something to the very weights that computed them: a fingerprint of these is stored with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from ..files import read_json, reading
from ..nn.heads.joint.model import LukeJointModel

BACKGROUND_FILE = "background.safetensors"
TABLE_FILE = "teach.json"
_PARTS = ("span_head.", "relation_head.")  # they are small, and whatever trains states trains them, too


def fingerprint(model: LukeJointModel) -> str:
    """model (LukeJointModel): The model. RETURNS (str): A digest of weights that its states depend on."""
    digest = sha256()
    for name, weight in model.named_parameters():
        if name.startswith(_PARTS):
            digest.update(name.encode() + weight.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def save_background(folder: Path, model: LukeJointModel, states: Mapping[str, NDArray[np.float32]]) -> Path:
    """folder (Path): The checkpoint. model (LukeJointModel): Its model. states (Mapping): By task, shape (n, width).
    RETURNS (Path): The file, in half precision."""
    tensors = {task: torch.from_numpy(rows).half().contiguous() for task, rows in states.items()}
    path = folder / BACKGROUND_FILE
    save_file(tensors, path, {"weights": fingerprint(model)})
    return path


def load_background(folder: Path, model: LukeJointModel) -> dict[str, NDArray[np.float32]]:
    """folder (Path): A checkpoint. model (LukeJointModel): A model.
    RETURNS (dict): The states by task; none if there is no file, or not of these weights."""
    path = folder / BACKGROUND_FILE
    if not path.is_file():
        return {}
    with (
        reading(path, Exception),
        safe_open(path, framework="pt") as file,
    ):  # safetensors' are of its own kind
        if file.metadata().get("weights") != fingerprint(model):
            return {}
        return {task: file.get_tensor(task).float().numpy() for task in file.keys()}  # noqa: SIM118  # no mapping


def load_tables(folder: Path) -> dict[str, Any]:
    """folder (Path): A checkpoint. RETURNS (dict[str, Any]): What simulated teaching tells, by task; empty without a
    file."""
    path = folder / TABLE_FILE
    if not path.is_file():
        return {}
    with reading(path):
        tables: dict[str, Any] = read_json(path)
        return tables


def save_tables(folder: Path, tables: Mapping[str, Any]) -> Path:
    """folder (Path): The checkpoint. tables (Mapping[str, Any]): By task, "thresholds" by number of examples, "slope",
    "centre", and what else is to be told. RETURNS (Path): The file."""
    path = folder / TABLE_FILE
    path.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf8")
    return path
