"""Checkpoints in memory: pipes that name the same weights share one module."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path

import torch
from thinc.util import get_torch_default_device

from ..errors import Errors
from ..hub import resolve_checkpoint
from ..nn.joint.folder import load_joint
from ..nn.joint.model import JointModel
from ..tokenizer import LukeTokenizer

DEFAULT_CHECKPOINT = Path(__file__).parent.parent / "assets" / "luke_small"

_Key = tuple[str, int, torch.device, bool | None, bool | None]


@dataclass(frozen=True)
class Checkpoint:
    """A module and the tokenizer that belongs to it."""

    model: JointModel
    tokenizer: LukeTokenizer


# By module, so that an entry lives as long as some pipe holds the module.
_MODULES: weakref.WeakValueDictionary[_Key, JointModel] = weakref.WeakValueDictionary()


def load_shared(
    name: str | None,
    words_attend_to_entities: bool | None = None,
    entities_attend_to_entities: bool | None = None,
) -> Checkpoint:
    """Load a checkpoint, or take the one that another pipe has loaded. Don't train what this returns: copy it.

    name (str | None): A folder or a hub name; None for the model that ships with the package.
    words_attend_to_entities (bool | None): None for what the checkpoint says.
    entities_attend_to_entities (bool | None): None for what the checkpoint says.
    RETURNS (Checkpoint): Module and tokenizer.
    RAISES (ValueError): If there is no such checkpoint, or it can't be read.
    """
    folder = DEFAULT_CHECKPOINT if name is None else resolve_checkpoint(name)
    if not folder.is_dir():
        raise ValueError(Errors.L306.format(path=folder))
    changed = max((int(path.stat().st_mtime_ns) for path in folder.iterdir()), default=0)
    device = get_torch_default_device()
    key = (str(folder.resolve()), changed, device, words_attend_to_entities, entities_attend_to_entities)
    tokenizer = LukeTokenizer.from_pretrained(folder)
    model = _MODULES.get(key)
    if model is None:
        model = load_joint(folder, words_attend_to_entities, entities_attend_to_entities)
        if "joint" not in model.config.to_dict():
            model.build_heads(model.joint.with_changes(entity_mask_id=tokenizer.entity_mask_id))
        _MODULES[key] = model.to(device)
    return Checkpoint(model, tokenizer)
