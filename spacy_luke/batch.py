"""One batch of inputs, the same for every model: as arrays where Docs are laid out, as tensors where they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from .errors import Errors

ArrayT = TypeVar("ArrayT")
OtherT = TypeVar("OtherT")


@dataclass(frozen=True, eq=False)
class EncoderInputs(Generic[ArrayT]):
    """Words and entities of some texts, padded. What a model doesn't read is None.

    The names are the published ones, where there are such. A word is a piece of the tokenizer; a token is spaCy's.

    input_ids (Array | None): Ids of the words. Shape: (batch, words)
    attention_mask (Array | None): 1 for words, 0 for padding. Shape: (batch, words)
    token_type_ids (Array | None): Segments of the words, or their case. Shape: (batch, words)
    position_ids (Array | None): Positions of the words. Shape: (batch, words)
    entity_ids (Array | None): Ids of the entities. Shape: (batch, entities)
    entity_attention_mask (Array | None): 1 for entities, 0 for padding. Shape: (batch, entities)
    entity_token_type_ids (Array | None): Segments of the entities. Shape: (batch, entities)
    entity_position_ids (Array | None): Positions of each entity's words from 0 on, filled up with -1.
        Shape: (batch, entities, mention length)
    head_mask (Array | None): 0 to silence an attention head, 1 to keep it. Shape: (heads,) or (layers, heads)
    inputs_embeds (Array | None): Embeddings instead of `input_ids`. Shape: (batch, words, width)
    """

    input_ids: ArrayT | None = None
    attention_mask: ArrayT | None = None
    token_type_ids: ArrayT | None = None
    position_ids: ArrayT | None = None
    entity_ids: ArrayT | None = None
    entity_attention_mask: ArrayT | None = None
    entity_token_type_ids: ArrayT | None = None
    entity_position_ids: ArrayT | None = None
    head_mask: ArrayT | None = None
    inputs_embeds: ArrayT | None = None

    def for_encoder(self) -> dict[str, ArrayT | None]:
        """RETURNS (dict[str, Array | None]): The arguments of `LukeModel.forward`."""
        return {field.name: getattr(self, field.name) for field in fields(EncoderInputs)}


@dataclass(frozen=True, eq=False)
class LukeInputs(EncoderInputs[ArrayT]):
    """What the encoder reads, and what else a head does.

    entity_start_positions (Array | None): First word of each entity. Shape: (batch, entities)
    entity_end_positions (Array | None): Its last word. Shape: (batch, entities)
    token_start_positions (Array | None): First word of each token. Shape: (batch, tokens)
    token_end_positions (Array | None): Its last word. Shape: (batch, tokens)
    token_mask (Array | None): True for tokens, False for padding. Shape: (batch, tokens)
    spans (Array | None): First and last token of each span that may be an entity. Shape: (batch, spans, 2)
    span_mask (Array | None): True for spans, False for padding. Shape: (batch, spans)
    gold_spans (Array | None): In training, 1 for the span of tokens t..t + w at [:, t, w] if it is an entity.
        Shape: (batch, tokens, longest span)
    pairs (Array | None): Row of the batch, head and tail among its entities. Shape: (pairs, 3)
    gold_pairs (Array | None): In training, 1 for pairs with a relation, 0 for pairs without, -1 for those of which
        nothing is known. Shape: (pairs,)
    asked (Array | None): Row and place of each masked entity to predict. Shape: (asked, 2)
    candidate_ids (Array | None): Ids of the entities that each may be; None for all. Shape: (asked, candidates)
    """

    entity_start_positions: ArrayT | None = None
    entity_end_positions: ArrayT | None = None
    token_start_positions: ArrayT | None = None
    token_end_positions: ArrayT | None = None
    token_mask: ArrayT | None = None
    spans: ArrayT | None = None
    span_mask: ArrayT | None = None
    gold_spans: ArrayT | None = None
    pairs: ArrayT | None = None
    gold_pairs: ArrayT | None = None
    asked: ArrayT | None = None
    candidate_ids: ArrayT | None = None

    def needed(self, name: str) -> ArrayT:
        """Get what a model can't do without.

        name (str): Name of a field.
        RETURNS (Array): Its value.
        RAISES (ValueError): If it is None.
        """
        value: ArrayT | None = getattr(self, name)
        if value is None:
            raise ValueError(Errors.L216.format(name=name))
        return value

    def present(self) -> dict[str, ArrayT]:
        """RETURNS (dict[str, Array]): All that is not None, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def map(self, change: Callable[[ArrayT], OtherT]) -> LukeInputs[OtherT]:
        """change (Callable): Changes an array, e.g. to a tensor. RETURNS (LukeInputs): What is not None, changed."""
        changed: Any = {name: change(value) for name, value in self.present().items()}
        return LukeInputs(**changed)
