"""The head that chooses one of several texts."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...batch import LukeInputs
from ...errors import Errors
from ..outputs import LukeModelOutput
from .base import LabelHead
from .losses import class_loss
from .outputs import LukeMultipleChoiceModelOutput


class LukeForMultipleChoice(LabelHead):
    """Scores each of a question's choices from the pooled state of its text.

    All inputs have a dimension more than those of `LukeModel`, the choices, behind the batch: `input_ids` has the shape
    (batch, choices, words). Labels: the index of each question's right choice, shape (batch,).

    config (LukeConfig): The model's configuration.
    """

    output_class = LukeMultipleChoiceModelOutput
    n_labels = 1
    has_own_dropout = True

    def encode(
        self,
        inputs: LukeInputs[Tensor],
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        *,
        words_needed: bool = True,
        padding_needed: bool = False,
    ) -> LukeModelOutput:
        """Read each choice as a text. See `LukeHead.encode`."""
        _choices(inputs)
        # (batch, choices, ...) -> (batch * choices, ...)
        rows = replace(inputs.map(lambda tensor: tensor.flatten(end_dim=1)), head_mask=inputs.head_mask)
        needed = {"words_needed": words_needed, "padding_needed": padding_needed}
        return super().encode(rows, output_attentions, output_hidden_states, **needed)

    def reads_padding(self, inputs: LukeInputs[Tensor], labels: Tensor | None) -> bool:
        """See `LabelHead.reads_padding`: if the right choice is one without words."""
        mask = inputs.attention_mask
        if labels is None or mask is None or labels.shape != mask.shape[:1]:
            return False
        right = labels.to(mask.device).long().clamp(0, mask.shape[1] - 1)
        return bool(_without_words(mask).gather(1, right[:, None]).any())

    def hide_padding(self, logits: Tensor, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.hide_padding`: a choice without words is none."""
        if inputs.attention_mask is None:
            return logits
        return logits.masked_fill(_without_words(inputs.attention_mask), torch.finfo(logits.dtype).min)

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, choices, width)"""
        # (batch * choices, width) -> (batch, choices, width)
        return states["pooler_output"].view(*_choices(inputs), -1)

    def score(self, features: Tensor) -> Tensor:
        """features (Tensor): Shape: (batch, choices, width). RETURNS (Tensor): Logits (batch, choices)"""
        return super().score(features).squeeze(-1)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `LabelHead.loss`. labels (Tensor): Index of the right choice, -100 for none. Shape: (batch,)"""
        return class_loss(logits, labels)


def _without_words(mask: Tensor) -> Tensor:
    """mask (Tensor): Shape: (batch, choices, words). RETURNS (Tensor): Choices that are padding. (batch, choices)"""
    return mask.eq(0).all(dim=-1)


def _choices(inputs: LukeInputs[Tensor]) -> torch.Size:
    """RETURNS (Size): Questions, and choices of each. RAISES (ValueError): If the inputs aren't those of choices."""
    name, wanted = "input_ids", "(batch, choices, words)"
    if inputs.inputs_embeds is not None:
        name, wanted = "inputs_embeds", "(batch, choices, words, width)"
    first: Tensor | None = getattr(inputs, name)
    if first is None:
        raise ValueError(Errors.L211)
    if first.dim() != wanted.count(",") + 1:
        raise ValueError(Errors.L214.format(name=name, shape=tuple(first.shape), wanted=wanted))
    return first.shape[:2]
