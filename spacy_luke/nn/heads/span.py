"""The head that labels spans."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...batch import LukeInputs
from ...errors import Errors
from ..layout import take_rows
from ..outputs import LukeModelOutput
from ..tracing import is_traced
from .base import LabelHead, labels_padding, require_entities
from .losses import require_range
from .outputs import EntitySpanClassificationOutput, LabelOutput


class LukeForEntitySpanClassification(LabelHead):
    """Labels every span that is given as an entity, e.g. all spans of a sentence (Yamada et al. 2020, section
    4.3), from the states of its first word, its last word and the entity.

    Labels: a class a span, shape (batch, entities), -100 for padding; or 0 or 1 for each label, shape (batch,
    entities, labels), -100 for padding.

    config (LukeConfig): The model's configuration.
    """

    output_class = EntitySpanClassificationOutput
    n_states = 3

    def forward(  # type: ignore[override]
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        entity_ids: Tensor | None = None,
        entity_attention_mask: Tensor | None = None,
        entity_token_type_ids: Tensor | None = None,
        entity_position_ids: Tensor | None = None,
        entity_start_positions: Tensor | None = None,
        entity_end_positions: Tensor | None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LabelOutput | tuple[Any, ...]:
        """Score the labels of each span. Further arguments are those of `LabelHead.forward`.

        entity_start_positions (Tensor | None): Index of each span's first word; needed. Shape: (batch, entities)
        entity_end_positions (Tensor | None): Index of its last word; needed. Shape: (batch, entities)
        RETURNS (EntitySpanClassificationOutput | tuple): See there. Logits: (batch, entities, labels)
        RAISES (ValueError): If an input or the labels are missing or have the wrong shape.
        """
        words = input_ids, attention_mask, token_type_ids, position_ids
        entities = entity_ids, entity_attention_mask, entity_token_type_ids, entity_position_ids
        places = entity_start_positions, entity_end_positions
        inputs = LukeInputs(*words, *entities, head_mask, inputs_embeds, *places)
        return self.answer(inputs, labels, output_attentions, output_hidden_states, return_dict)

    def reads_padding(self, inputs: LukeInputs[Tensor], labels: Tensor | None) -> bool:
        """See `LabelHead.reads_padding`: if padding among the spans has labels, or a span begins or ends in padding."""
        mask, words = inputs.entity_attention_mask, inputs.attention_mask
        if is_traced() or words is None or inputs.entity_ids is None:
            return is_traced() or labels_padding(labels, mask)
        real = torch.ones_like(inputs.entity_ids) if mask is None else mask
        for positions in (inputs.entity_start_positions, inputs.entity_end_positions):
            if positions is not None and positions.shape == real.shape:
                places = positions.to(words.device).long().clamp(0, words.shape[-1] - 1)
                if bool((words.gather(1, places).eq(0) & real.ne(0)).any()):
                    return True
        return labels_padding(labels, mask)

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, entities, 3 * width)"""
        entities, words = require_entities(self, states, 0), states.last_hidden_state
        ends = []
        for name in ("entity_start_positions", "entity_end_positions"):
            positions: Tensor | None = getattr(inputs, name)
            if positions is None:
                raise ValueError(Errors.L261.format(model=type(self).__name__, needed=name, got="is missing"))
            if not is_traced() and positions.shape != entities.shape[:2]:
                wanted = tuple(entities.shape[:2])
                raise ValueError(Errors.L214.format(name=name, shape=tuple(positions.shape), wanted=wanted))
            require_range(name, positions, words.shape[1])
            ends.append(take_rows(words, positions.to(words.device).long()))  # (batch, entities, width)
        return torch.cat([*ends, entities], dim=-1)
