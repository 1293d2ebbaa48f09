"""What makes transformers' `Trainer` save a model of ours as it saves its own."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from torch import nn


class SavedByTrainer(nn.Module):
    """A model that `Trainer` writes with `save_pretrained`, which adds `config.json` and knows of shared weights.

    `Trainer` does so only with what `isinstance` takes for its `PreTrainedModel`. Of others it writes the weights
    alone, and fails where two names share one, as in `LukeForMaskedLM`. `isinstance` asks an object for its class, too.
    Once the trainer's module is imported, it gets one that is derived from both; no object is ever made of it.
    """

    @property  # type: ignore[override]
    def __class__(self) -> type:
        is_used = "transformers.trainer" in sys.modules
        theirs = sys.modules.get("transformers.modeling_utils") if is_used else None
        return type(self) if theirs is None else _derive(type(self), theirs.PreTrainedModel)  # type: ignore[arg-type]

    @__class__.setter
    def __class__(self, kind: type) -> None:  # torch gives a model another class, e.g. in `fully_shard`
        object.__dict__["__class__"].__set__(self, kind)

    def __reduce_ex__(self, protocol: Any) -> Any:
        state = super().__reduce_ex__(2)[2]
        return _make_empty, (type(self),), state  # pickle refuses to make one class where it sees another


@cache
def _derive(ours: type, theirs: type) -> type:
    made_of_ours = {
        "__new__": lambda _, *args, **options: ours(*args, **options),
        "__module__": ours.__module__,
    }
    return type(ours.__name__, (ours, theirs), made_of_ours)


def _make_empty(kind: type[nn.Module]) -> nn.Module:
    return kind.__new__(kind)
