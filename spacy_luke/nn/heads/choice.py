"""The head that chooses one of several texts."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...errors import Errors
from ..config import LukeConfig
from ..outputs import LukeModelOutput
from .base import LabelHead, classifier_dropout
from .losses import class_loss
from .outputs import LabelOutput, LukeMultipleChoiceModelOutput


class LukeForMultipleChoice(LabelHead):
    """Scores each of a question's choices from the pooled state of its text.

    All inputs have a dimension more than those of `LukeModel`, the choices, behind the batch.

    config (LukeConfig): The model's configuration.
    """

    output_class = LukeMultipleChoiceModelOutput

    def __init__(self, config: LukeConfig) -> None:
        super().__init__(config, n_labels=1, dropout=classifier_dropout(config))

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
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LabelOutput | tuple[Any, ...]:
        """Score the choices. Inputs as in `LukeModel.forward`, with one dimension more, e.g.
        `input_ids` of the shape (batch, choices, words).

        labels (Tensor | None): Index of each question's right choice, for a loss. Shape: (batch,)
        RETURNS (LukeMultipleChoiceModelOutput | tuple): The logits, shape (batch, choices), the loss if labels
            are given, and states as asked for.
        RAISES (ValueError): If an input or the labels are missing or have the wrong shape.
        """
        first = input_ids if inputs_embeds is None else inputs_embeds
        wanted = 3 if inputs_embeds is None else 4
        if first is None:
            raise ValueError(Errors.L211)
        if first.dim() != wanted:
            name = "input_ids" if inputs_embeds is None else "inputs_embeds"
            shape = "(batch, choices, words)" if inputs_embeds is None else "(batch, choices, words, width)"
            raise ValueError(Errors.L214.format(name=name, shape=tuple(first.shape), wanted=shape))
        states: LukeModelOutput = self.luke(
            _one_row_a_choice(input_ids),
            _one_row_a_choice(attention_mask),
            _one_row_a_choice(token_type_ids),
            _one_row_a_choice(position_ids),
            _one_row_a_choice(entity_ids),
            _one_row_a_choice(entity_attention_mask),
            _one_row_a_choice(entity_token_type_ids),
            _one_row_a_choice(entity_position_ids),
            head_mask,
            _one_row_a_choice(inputs_embeds),
            output_attentions,
            output_hidden_states,
            return_dict=True,
        )
        logits = self.score(states["pooler_output"])
        logits = logits.view(first.shape[:2])  # (batch * choices, 1) -> (batch, choices)
        return self.answer(states, logits, labels, return_dict)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy over the choices.

        logits (Tensor): Shape: (batch, choices)
        labels (Tensor): Index of the right choice, -100 for none. Shape: (batch,)
        RETURNS (Tensor): Shape: ()
        RAISES (ValueError): If shape or values do not fit. (TypeError): if labels are no integers.
        """
        return class_loss(logits, labels)


def _one_row_a_choice(tensor: Tensor | None) -> Tensor | None:
    # (batch, choices, ...) -> (batch * choices, ...)
    return None if tensor is None else tensor.flatten(end_dim=1)
