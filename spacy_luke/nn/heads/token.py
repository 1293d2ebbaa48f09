"""The head that labels words."""

from __future__ import annotations

from torch import Tensor

from ...batch import LukeInputs
from ..outputs import LukeModelOutput
from .base import LabelHead, labels_padding
from .losses import class_loss
from .outputs import LukeTokenClassifierOutput


class LukeForTokenClassification(LabelHead):
    """Labels each word token from its state. config (LukeConfig): The model's configuration."""

    output_class = LukeTokenClassifierOutput
    has_pooler = False
    has_own_dropout = True

    def reads_padding(self, inputs: LukeInputs[Tensor], labels: Tensor | None) -> bool:
        """See `LabelHead.reads_padding`: if padding has labels."""
        return labels_padding(labels, inputs.attention_mask)

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, words, width)"""
        return states.last_hidden_state

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `LabelHead.loss`. labels (Tensor): A class for each word, -100 for none. Shape: (batch, words)"""
        return class_loss(logits, labels)
