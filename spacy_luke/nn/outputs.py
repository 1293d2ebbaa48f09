"""What the networks return."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor

from .layout import Layout


@dataclass
class ModelOutput:
    """Base of all outputs.

    A field is an attribute (`out.logits`), an item (`out["logits"]`) and, if it is not None, a place in the
    tuple (`out[0]`, `out.to_tuple()`). Iterating yields the names, as a mapping does.
    """

    def _present(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def to_tuple(self) -> tuple[Any, ...]:
        """RETURNS (tuple): The fields that are not None, in order."""
        return tuple(self._present().values())

    def keys(self) -> KeysView[str]:
        """RETURNS (KeysView): Names of the fields that are not None."""
        return self._present().keys()

    def values(self) -> ValuesView[Any]:
        """RETURNS (ValuesView): The fields that are not None."""
        return self._present().values()

    def items(self) -> ItemsView[str, Any]:
        """RETURNS (ItemsView): Names and values of the fields that are not None."""
        return self._present().items()

    def get(self, key: str, default: Any = None) -> Any:
        """key (str): Name of a field. RETURNS (Any): Its value, or `default` if it is None."""
        return self._present().get(key, default)

    def __getitem__(self, key: str | int | slice) -> Any:
        return self._present()[key] if isinstance(key, str) else self.to_tuple()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._present())

    def __len__(self) -> int:
        return len(self._present())

    def __contains__(self, key: object) -> bool:
        return key in self._present()


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
