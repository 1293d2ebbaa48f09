"""The head that answers questions with a span of the text."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...batch import LukeInputs
from ...errors import Errors
from ..config import LukeConfig
from .base import LukeHead
from .losses import IGNORED, class_loss
from .outputs import LukeQuestionAnsweringModelOutput


class LukeForQuestionAnswering(LukeHead):
    """Scores each word as the first and as the last of the answer, as in SQuAD (Yamada et al. 2020, section 4.5).

    config (LukeConfig): The model's configuration; `num_labels` is 2, start and end.
    RAISES (ValueError): If `num_labels` is another.
    """

    has_pooler = False

    def __init__(self, config: LukeConfig) -> None:
        if config.num_labels != 2:
            name = type(self).__name__
            raise ValueError(Errors.L264.format(model=name, needed=2, found=config.num_labels, example=2))
        super().__init__(config)
        self.num_labels = config.num_labels
        self.qa_outputs = nn.Linear(config.hidden_size, config.num_labels)
        self.init_weights()

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
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LukeQuestionAnsweringModelOutput | tuple[Any, ...]:
        """Score starts and ends. Further inputs are those of `LukeModel.forward`.

        start_positions (Tensor | None): Index of the answer's first word, for a loss. One beyond the last word or at
            padding counts for nothing, a negative one as 0. Shape: (batch,) or (batch, 1)
        end_positions (Tensor | None): Index of its last word, the same way.
        RETURNS (LukeQuestionAnsweringModelOutput | tuple): Logits of starts and of ends, shape (batch, words), the
            least number of their type at padding, the loss (the mean of the two) if positions are given, and states
            as asked for.
        RAISES (ValueError): If an input or one kind of position is missing or has the wrong shape.
        """
        words = input_ids, attention_mask, token_type_ids, position_ids
        entities = entity_ids, entity_attention_mask, entity_token_type_ids, entity_position_ids
        inputs = LukeInputs(*words, *entities, head_mask, inputs_embeds)
        states = self.encode(inputs, output_attentions, output_hidden_states)
        start, end = self.qa_outputs(states.last_hidden_state).unbind(dim=-1)  # (batch, words) each
        if attention_mask is not None:
            is_padding, least = attention_mask.eq(0), torch.finfo(start.dtype).min
            start, end = start.masked_fill(is_padding, least), end.masked_fill(is_padding, least)
        if (start_positions is None) != (end_positions is None):
            raise ValueError(Errors.L265.format(model=type(self).__name__))
        loss = None
        if start_positions is not None and end_positions is not None:
            start_loss = _position_loss(start, start_positions, attention_mask, "start_positions")
            loss = (start_loss + _position_loss(end, end_positions, attention_mask, "end_positions")) / 2
        kind, answers = LukeQuestionAnsweringModelOutput, {"start_logits": start, "end_logits": end}
        return self.make_output(kind, states, return_dict, loss=loss, **answers)


def _position_loss(logits: Tensor, positions: Tensor, mask: Tensor | None, name: str) -> Tensor:
    """Cross entropy over the words of each text: logits and mask (batch, words), positions (batch,) or (batch, 1)."""
    if positions.dim() == 2 and positions.shape[1] == 1:
        positions = positions.squeeze(1)  # (batch, 1) -> (batch,)
    places = positions.clamp(min=0)
    beyond = positions >= logits.shape[1]
    if mask is not None and positions.shape == mask.shape[:1]:
        at = places.clamp(max=mask.shape[1] - 1).to(mask.device).long()[:, None]
        beyond = beyond | mask.gather(1, at).eq(0).squeeze(1).to(beyond.device)
    return class_loss(logits, places.masked_fill(beyond, IGNORED), name)
