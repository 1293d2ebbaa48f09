"""The weights behind a thinc model of ours: none until they are needed, then a checkpoint's or those of a saved pipe.

A model's attributes hold its `settings`, which know how to load the checkpoint (`load`), and its tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from thinc.api import Model

from . import forking  # noqa: F401  # registers itself
from .shim import LukeShim

if TYPE_CHECKING:
    from ..nn.heads.base import LukeHead
    from ..tokenizer import LukeTokenizer
    from .store import Checkpoint


def has_weights(model: Model[Any, Any]) -> bool:
    """RETURNS (bool): Whether weights are loaded."""
    return cast(LukeShim, model.shims[0]).module is not None


def get_module(model: Model[Any, Any]) -> LukeHead:
    """The torch module behind the thinc model; loaded from its checkpoint if there are no weights yet.

    model (Model): A model of ours.
    RETURNS (LukeHead): The module.
    """
    shim = cast(LukeShim, model.shims[0])
    if shim.module is None:
        set_weights(model, model.attrs["settings"].load())
    return cast("LukeHead", shim.module)


def get_tokenizer(model: Model[Any, Any]) -> LukeTokenizer:
    """The tokenizer that belongs to the weights.

    model (Model): A model of ours.
    RETURNS (LukeTokenizer): The tokenizer.
    """
    get_module(model)
    return cast("LukeTokenizer", model.attrs["tokenizer"])


def set_weights(model: Model[Any, Any], checkpoint: Checkpoint) -> None:
    """Put weights in that other pipes may use, too.

    model (Model): A model of ours.
    checkpoint (Checkpoint): Module and tokenizer.
    """
    model.attrs["tokenizer"] = checkpoint.tokenizer
    cast(LukeShim, model.shims[0]).set_module(checkpoint.model, shared=True)


def most_pieces(model: Model[Any, Any], n_special: int = 2) -> int:
    """RETURNS (int): Pieces that the model has positions for, special tokens not counted."""
    config = get_module(model).config
    return int(config.max_position_embeddings - config.pad_token_id - 1 - n_special)
