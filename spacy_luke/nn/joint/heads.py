"""Classifiers on single rows: candidate spans (NER) and entities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..linear import Linear


class SpanHead(nn.Module):
    """Scores a candidate span from its first word, its last word and its entity state (Yamada et al., 2020, 4.3).

    hidden_size (int): Width of the states.
    n_labels (int): Number of labels, "none" (index 0) not counted.
    dropout (float): Dropout before the classifier.
    """

    def __init__(self, hidden_size: int, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = Linear(hidden_size * 3, n_labels + 1)

    def forward(self, first: Tensor, last: Tensor, entity: Tensor) -> Tensor:
        """first, last, entity (Tensor): States of each candidate. Shape: (batch, n_spans, hidden)
        RETURNS (Tensor): Logits. Shape: (batch, n_spans, n_labels + 1)
        """
        features = torch.cat([first, last, entity], dim=-1)  # (batch, n_spans, 3 * hidden)
        logits: Tensor = self.classifier(self.dropout(features))
        return logits.float()


class EntityHead(nn.Module):
    """Labels an entity from its entity state (Yamada et al., 2020, 4.1).

    hidden_size (int): Width of the states.
    n_labels (int): Number of labels.
    dropout (float): Dropout before the classifier.
    """

    def __init__(self, hidden_size: int, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = Linear(hidden_size, n_labels)

    def forward(self, entity: Tensor) -> Tensor:
        """entity (Tensor): Entity states. Shape: (batch, n_mentions, hidden)
        RETURNS (Tensor): Logits. Shape: (batch, n_mentions, n_labels)
        """
        logits: Tensor = self.classifier(self.dropout(entity))
        return logits.float()
