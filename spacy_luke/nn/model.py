"""LUKE itself: words and entities in, their contextualized states out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..batch import LukeInputs
from ..errors import Errors
from .config import LukeConfig
from .embeddings import LukeEmbeddings, LukeEntityEmbeddings
from .encoder import LukeEncoder
from .layout import Layout, Rows, first_places, lay_out, take_rows
from .outputs import EntityStates, LukeModelOutput, WordStates
from .pretrained import LukePreTrainedModel
from .tracing import is_traced


class LukePooler(nn.Module):
    """A linear layer and tanh on the first word that isn't padding. config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, words: Tensor, mask: Tensor | None = None) -> Tensor:
        """words (Tensor): Shape: (batch, words, width). mask (Tensor | None): 0 for padding. Shape: (batch, words)
        RETURNS (Tensor): (batch, width)"""
        first = words[:, 0] if mask is None else take_rows(words, first_places(mask, 1))[:, 0]
        return torch.tanh(self.dense(first))


class LukeModel(LukePreTrainedModel):
    """The LUKE encoder (Yamada et al. 2020, arXiv 2010.01057).

    Parameter names are those of the published checkpoints.

    config (LukeConfig): The configuration.
    add_pooling_layer (bool): Whether to have `pooler`, the layer behind `pooler_output`.
    """

    init_options = ("add_pooling_layer",)

    def __init__(self, config: LukeConfig, add_pooling_layer: bool = True) -> None:
        super().__init__(config)
        self.embeddings = LukeEmbeddings(config)
        self.entity_embeddings = LukeEntityEmbeddings(config)
        self.encoder = LukeEncoder(config)
        self.pooler = LukePooler(config) if add_pooling_layer else None
        self.init_weights()
        # Two fields of old configurations.
        if getattr(config, "gradient_checkpointing", False):
            self.gradient_checkpointing_enable()
        if pruned := getattr(config, "pruned_heads", None):
            self.prune_heads(pruned)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        entity_ids: Tensor | None = None,
        entity_attention_mask: Tensor | None = None,
        entity_token_type_ids: Tensor | None = None,
        entity_position_ids: Tensor | None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        *,
        words_needed: bool = True,
        padding_needed: bool = False,
    ) -> LukeModelOutput | tuple[Any, ...]:
        """Contextualize the words and entities of a batch.

        input_ids (Tensor | None): Ids of the word tokens. Shape: (batch, words)
        attention_mask (Tensor | None): 1 for words, 0 for padding; all 1 if not given. Shape: (batch, words)
        token_type_ids (Tensor | None): Segments of the words; all 0 if not given. Shape: (batch, words)
        position_ids (Tensor | None): Positions of the words; if not given, counted from `pad_token_id + 1` over the
            ids that are not padding. Shape: (batch, words)
        entity_ids (Tensor | None): Ids of the entities. Shape: (batch, entities)
        entity_attention_mask, entity_token_type_ids (Tensor | None): As of words. Shape: (batch, entities)
        entity_position_ids (Tensor | None): Positions of each entity's word pieces from 0 on, filled up with -1;
            needed with `entity_ids`. Shape: (batch, entities, mention length)
        head_mask (Tensor | None): 0 to silence a head, 1 to keep it. Shape: (heads,) or (layers, heads)
        inputs_embeds (Tensor | None): Word embeddings instead of `input_ids`. Shape: (batch, words, width)
        output_attentions (bool | None): Return `attentions`. None means the configuration's value.
        output_hidden_states (bool | None): Return the states of all layers. None: as configured.
        return_dict (bool | None): Return an output object, not a tuple. None: as configured.
        words_needed (bool): False if only the entities' last states are needed. Those of the words may be zeros then,
            which saves most of the last layer. transformers has no such argument.
        padding_needed (bool): True if the states of padding are needed, as transformers computes them. If not, they are
            zeros in the last layer, on every device. transformers has no such argument.
        RETURNS (LukeModelOutput | tuple): The states.
        RAISES (ValueError): If an input is missing, superfluous or has the wrong shape.
        """
        words = input_ids, attention_mask, token_type_ids, position_ids
        entities = entity_ids, entity_attention_mask, entity_token_type_ids, entity_position_ids
        inputs = LukeInputs(*words, *entities, head_mask, inputs_embeds)
        attentions = self.config.output_attentions if output_attentions is None else output_attentions
        between = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        may_pack = not (attentions or between or padding_needed)
        layout = self._lay_out(inputs, may_pack=may_pack, keeps_padding=padding_needed)
        hidden = self._embed_words(layout, inputs), self._embed_entities(layout, inputs)
        options = self._head_mask(head_mask), attentions, between, words_needed
        states = self.encoder(*hidden, layout, *options)
        has_pooled = self.pooler is not None and words_needed
        pooled = cast(LukePooler, self.pooler)(states.words, attention_mask) if has_pooled else None
        output = LukeModelOutput(
            last_hidden_state=states.words,
            pooler_output=pooled,
            hidden_states=states.word_layers or None,
            attentions=states.attentions or None,
            entity_last_hidden_state=states.entities,
            entity_hidden_states=states.entity_layers or None,
        )
        if self.config.return_dict if return_dict is None else return_dict:
            return output
        # The published tuple has the pooler's place even if the model has none.
        return states.words, pooled, *output.to_tuple()[1 + (pooled is not None) :]

    def encode_words(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> WordStates:
        """Run the words once, for any number of `encode_entities` calls. Gradients flow through both.

        input_ids, attention_mask, token_type_ids, position_ids (Tensor | None): See `forward`. Shape: (batch, words)
        RETURNS (WordStates): Word states, and the keys and values of each layer.
        RAISES (ValueError): If words attend to entities in this configuration.
        """
        self._require_word_pass()
        inputs = LukeInputs(input_ids, attention_mask, token_type_ids, position_ids)
        layout = self._lay_out(inputs)
        hidden, keys, values = self.encoder.encode_words(self._embed_words(layout, inputs), layout)
        return WordStates(layout.words.put(hidden), keys, values, layout)

    def encode_entities(
        self,
        words: WordStates,
        entity_ids: Tensor,
        entity_position_ids: Tensor,
        entity_attention_mask: Tensor | None = None,
        entity_token_type_ids: Tensor | None = None,
        output_attentions: bool = False,
    ) -> EntityStates:
        """Run entities against a word pass. The result is that of `forward` with the same inputs.

        words (WordStates): From `encode_words`.
        entity_ids, entity_position_ids, ...: See `forward`. The mask has no effect where entities attend
            only to themselves.
        output_attentions (bool): Whether to return the entities' attention to the words.
        RETURNS (EntityStates): Entity states.
        RAISES (ValueError): If words attend to entities in this configuration, or a shape is wrong.
        """
        self._require_word_pass()
        if words.layout is None:
            raise ValueError(Errors.L215)
        inputs = LukeInputs(
            entity_ids=entity_ids,
            entity_position_ids=entity_position_ids,
            entity_attention_mask=entity_attention_mask,
            entity_token_type_ids=entity_token_type_ids,
        )
        layout = words.layout.with_entities(*_entity_places(inputs, len(words.last_hidden_state)))
        hidden = cast(Tensor, self._embed_entities(layout, inputs))
        kept = words.keys, words.values
        hidden, attentions = self.encoder.encode_entities(hidden, layout, *kept, output_attentions)
        padded = cast(Rows, layout.entities).put(hidden)
        return EntityStates(padded, layout.put_attentions(attentions) if output_attentions else None)

    # --- parts ---------------------------------------------------------------------------

    def _lay_out(
        self, inputs: LukeInputs[Tensor], *, may_pack: bool = True, keeps_padding: bool = False
    ) -> Layout:
        """Check the shapes, and find the rows of the batch."""
        if (inputs.input_ids is None) == (inputs.inputs_embeds is None):
            raise ValueError(Errors.L211)
        first = cast(Tensor, inputs.inputs_embeds if inputs.input_ids is None else inputs.input_ids)
        shape = first.shape[:2]
        mask = _needed_mask("attention_mask", inputs.attention_mask, shape)
        entities = (None, None) if inputs.entity_ids is None else _entity_places(inputs, shape[0])
        packed = may_pack and self._can_pack(first)
        return lay_out(shape, mask, *entities, packed=packed, keeps_padding=keeps_padding)

    def _can_pack(self, inputs: Tensor) -> bool:
        """Whether to leave padding out: on a CPU. A GPU is faster with everything in one group."""
        return inputs.device.type == "cpu" and not is_traced()

    def _embed_words(self, layout: Layout, inputs: LukeInputs[Tensor]) -> Tensor:
        positions = inputs.position_ids
        if positions is None:
            positions = self.embeddings.count_positions(inputs.input_ids, inputs.inputs_embeds)
        parts = (inputs.input_ids, inputs.token_type_ids, positions, inputs.inputs_embeds)
        return self.embeddings(*(None if x is None else layout.words.take(x) for x in parts))

    def _embed_entities(self, layout: Layout, inputs: LukeInputs[Tensor]) -> Tensor | None:
        ids, positions, rows = inputs.entity_ids, inputs.entity_position_ids, layout.entities
        if ids is None or positions is None or rows is None:
            return None
        types = inputs.entity_token_type_ids
        types = None if types is None else rows.take(types)
        return self.entity_embeddings(rows.take(ids), rows.take(positions), types)

    def _head_mask(self, mask: Tensor | None) -> Tensor | None:
        """mask (Tensor): (heads,) or (layers, heads). RETURNS (Tensor | None): (layers, heads, 1, 1)."""
        if mask is None:
            return None
        wanted = (self.config.num_hidden_layers, self.config.num_attention_heads)
        if tuple(mask.shape) not in (wanted, wanted[1:]):
            raise _wrong_shape("head_mask", mask, wanted)
        return mask.to(self.dtype).expand(wanted)[:, :, None, None]

    def _require_word_pass(self) -> None:
        if self.config.words_attend_to_entities:
            raise ValueError(Errors.L215)


def _entity_places(inputs: LukeInputs[Tensor], batch: int) -> tuple[tuple[int, int], Tensor | None]:
    """RETURNS (tuple): Sequences and entities of each, and their mask, None without padding.
    RAISES (ValueError): If the shapes differ."""
    ids, positions = inputs.entity_ids, inputs.entity_position_ids
    if ids is None or positions is None:
        raise ValueError(Errors.L213)
    if ids.dim() != 2 or (not is_traced() and len(ids) != batch):
        raise _wrong_shape("entity_ids", ids, (batch, "entities"))
    shape = batch, ids.shape[1]
    if is_traced():
        return shape, inputs.entity_attention_mask
    if positions.dim() != 3 or positions.shape[:2] != ids.shape:
        raise _wrong_shape("entity_position_ids", positions, (*shape, "mention length"))
    return shape, _needed_mask("entity_attention_mask", inputs.entity_attention_mask, shape)


def _needed_mask(name: str, mask: Tensor | None, wanted: Sequence[int]) -> Tensor | None:
    """Check a mask's shape, and forget the mask where it hides nothing: attention without one is faster."""
    if is_traced():
        return mask
    if mask is not None and mask.shape != wanted:
        raise _wrong_shape(name, mask, tuple(wanted))
    return None if mask is None or bool(mask.all()) else mask


def _wrong_shape(name: str, tensor: Tensor, wanted: tuple[int | str, ...]) -> ValueError:
    return ValueError(Errors.L214.format(name=name, shape=tuple(tensor.shape), wanted=wanted))
