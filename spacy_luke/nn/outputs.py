"""What the networks return."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from torch import Tensor
from torch.utils._pytree import register_pytree_node

from ..errors import Errors
from .layout import Layout


class ModelOutput(OrderedDict[str, Any]):
    """Base of all outputs, which are dicts as those of transformers: its `Trainer` asks for that.

    A field is an attribute (`out.logits`), and if it is not None, an item (`out["logits"]`) and a place in the tuple
    (`out[0]`, `out.to_tuple()`). Iterating yields the names. Either kind of assignment changes all of them. What torch
    does with nested containers, e.g. in `torch.func` and `DistributedDataParallel`, it does with outputs.
    """

    def __init_subclass__(cls) -> None:
        """Make torch look inside of outputs; it has no public name for that."""
        name = f"{cls.__module__}.{cls.__name__}"
        register_pytree_node(cls, _flatten, partial(_unflatten, cls), serialized_type_name=name)

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        given = {name: getattr(self, name) for name in names}
        first = given[names[0]]
        if not isinstance(first, Tensor) and all(given[name] is None for name in names[1:]):
            pairs = _pairs(first)
            if pairs is not None:  # all fields in one argument
                given = {name: dict(pairs).get(name) for name in names}
                vars(self).update(given)
        super().update({name: value for name, value in given.items() if value is not None})

    def to_tuple(self) -> tuple[Any, ...]:
        """RETURNS (tuple): The fields that are not None, in order."""
        return tuple(self.values())

    def __getitem__(self, key: str | int | slice) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        super().__setattr__(key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in self and value is not None:
            super().__setitem__(name, value)
        elif name in self:
            super().__delitem__(name)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(Errors.L267.format(output=type(self).__name__))

    __delitem__ = pop = popitem = setdefault = update = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]


def _pairs(given: Any) -> list[tuple[str, Any]] | None:
    """The fields in a dict or in an iterable of names and values; None if it is something else.
    RAISES (ValueError): If it begins with a name and a value, and goes on with something else."""
    if not isinstance(given, Iterable):
        return None
    pairs = list(given.items() if isinstance(given, Mapping) else given)
    right = [isinstance(p, (list, tuple)) and len(p) == 2 and isinstance(p[0], str) for p in pairs]
    if not right or not right[0]:
        return None
    if not all(right):
        raise ValueError(Errors.L268.format(found=pairs[right.index(False)]))
    return [(name, value) for name, value in pairs]


def _flatten(output: ModelOutput) -> tuple[list[Any], list[str]]:
    return list(output.values()), list(output)


def _unflatten(kind: type[ModelOutput], values: Iterable[Any], names: list[str]) -> ModelOutput:
    return kind(**dict(zip(names, values, strict=True)))


@dataclass
class LukeModelOutput(ModelOutput):
    """Output of `LukeModel`.

    last_hidden_state (Tensor): Word states of the last layer. Shape: (batch, words, width)
    pooler_output (Tensor | None): First word state after a linear layer and tanh. Shape: (batch, width)
    hidden_states (tuple[Tensor, ...] | None): Word states of the embeddings and of each layer.
    attentions (tuple[Tensor, ...] | None): Attention probabilities of each layer, words before entities.
        Shape: (batch, heads, words + entities, words + entities)
    entity_last_hidden_state (Tensor | None): Entity states of the last layer. Shape: (batch, entities, width)
    entity_hidden_states (tuple[Tensor | None, ...] | None): Entity states of the embeddings and of each layer; without
        entities, a None for each.
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
    entity_last_hidden_state: Tensor | None = None
    entity_hidden_states: tuple[Tensor | None, ...] | None = None


@dataclass
class WordStates:
    """One word pass, which any number of entities can attend to (`LukeModel.encode_words`).

    last_hidden_state (Tensor): Zeros at padding. Shape: (batch, words, width)
    keys (list[Tensor]): Word keys of each layer. Shape: (rows, width)
    values (list[Tensor]): Word values of each layer. Shape: (rows, width)
    layout (Layout | None): Which words the rows are. None, with no keys, where words attend to entities.
    """

    last_hidden_state: Tensor
    keys: list[Tensor]
    values: list[Tensor]
    layout: Layout | None


@dataclass
class EntityStates:
    """Entities that attended to a word pass (`LukeModel.encode_entities`).

    last_hidden_state (Tensor): Shape: (batch, entities, width)
    attentions (Tensor | None): Attention to the words in the last layer, mean over the heads.
        Shape: (batch, entities, words)
    """

    last_hidden_state: Tensor
    attentions: Tensor | None = None
