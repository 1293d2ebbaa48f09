"""The head that labels texts."""

from __future__ import annotations

import torch
from torch import Tensor

from ...batch import LukeInputs
from ..outputs import LukeModelOutput
from .base import LabelHead
from .losses import problem_loss
from .outputs import LukeSequenceClassifierOutput


class LukeForSequenceClassification(LabelHead):
    """Labels a text, or a pair of texts, or gives it a number, from the pooled state of its first word.

    config (LukeConfig): The model's configuration. Its `problem_type` chooses the loss.
    """

    output_class = LukeSequenceClassifierOutput
    has_own_dropout = True

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, width)"""
        return states["pooler_output"]

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `LabelHead.loss`: by `config.problem_type`. If that is None: with one label, a regression; with integers,
        a class a text; else several labels a text.

        labels (Tensor): Numbers, shape (batch, labels) or (batch,) if there is one label; a class a text,
            shape (batch,) or (batch, 1); or 0 or 1 for each label, shape (batch, labels).
        """
        return problem_loss(logits, labels, self.config.problem_type or self._problem_of(labels))

    def _problem_of(self, labels: Tensor) -> str:
        if self.num_labels == 1:
            return "regression"
        is_index = labels.dtype in (torch.int64, torch.int32)
        return "single_label_classification" if is_index else "multi_label_classification"
