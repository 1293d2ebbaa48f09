"""The head that labels words."""

from __future__ import annotations

from torch import Tensor

from ...batch import LukeInputs
from ..config import LukeConfig
from ..outputs import LukeModelOutput
from .base import LabelHead, classifier_dropout
from .losses import class_loss
from .outputs import LukeTokenClassifierOutput


class LukeForTokenClassification(LabelHead):
    """Labels each word token from its state.

    config (LukeConfig): The model's configuration.
    """

    output_class = LukeTokenClassifierOutput
    has_pooler = False

    def __init__(self, config: LukeConfig) -> None:
        super().__init__(config, dropout=classifier_dropout(config))

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, words, width)"""
        return states.last_hidden_state

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy, mean over the words that have a label.

        logits (Tensor): Shape: (batch, words, labels)
        labels (Tensor): A class for each word, -100 for none. Shape: (batch, words)
        RETURNS (Tensor): Shape: ()
        RAISES (ValueError): If shape or values do not fit. (TypeError): if labels are no integers.
        """
        return class_loss(logits, labels)
