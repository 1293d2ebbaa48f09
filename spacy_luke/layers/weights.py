"""The weights behind a thinc model of ours: none until they are needed, then a checkpoint's or those of a saved pipe.

A model's attributes hold its `settings`, which know how to load the checkpoint (`load`), and its tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from thinc.api import Model

from .shim import LukeShim

if TYPE_CHECKING:
    from ..nn.heads.base import LukeHead
    from ..tokenizer import BaseTokenizer
    from .store import Checkpoint


def get_shim(model: Model[Any, Any]) -> LukeShim:
    """RETURNS (LukeShim): What holds the module of a model of ours."""
    return cast(LukeShim, model.shims[0])


def has_weights(model: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether weights are loaded."""
    return get_shim(model).module is not None


def get_module(model: Model[Any, Any]) -> LukeHead:
    """RETURNS (LukeHead): The torch module of a model of ours; loads its checkpoint if there are no weights yet."""
    module = cast(LukeShim, model.shims[0]).module
    if module is None:
        checkpoint: Checkpoint = model.attrs["settings"].load()
        set_weights(model, checkpoint)
        module = cast("LukeHead", cast(LukeShim, model.shims[0]).module)
    return module


def get_tokenizer(model: Model[Any, Any]) -> BaseTokenizer:
    """RETURNS (BaseTokenizer): The tokenizer that belongs to the weights."""
    get_module(model)
    return cast("BaseTokenizer", model.attrs["tokenizer"])


def set_weights(model: Model[Any, Any], checkpoint: Checkpoint) -> None:
    """Put weights in that other pipes may use, too; what the config wants of other sizes is a copy."""
    model.attrs["tokenizer"] = checkpoint.tokenizer
    module = model.attrs["settings"].fit(checkpoint.model)
    get_shim(model).set_module(module, shared=module is checkpoint.model)


def most_pieces(model: Model[Any, Any], n_special: int = 2) -> int:
    """RETURNS (int): Pieces that the model has positions for, special tokens not counted."""
    config = get_module(model).config
    return int(config.max_position_embeddings - config.pad_token_id - 1 - n_special)
