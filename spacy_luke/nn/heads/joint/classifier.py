"""Classifier of single rows: candidate spans and entities."""

from __future__ import annotations

from torch import Tensor, nn

from ...linear import Linear


class RowClassifier(nn.Module):
    """Dropout and a linear layer.

    width (int): Width of the features.
    n_labels (int): Number of labels.
    dropout (float): Dropout of the features.
    """

    def __init__(self, width: int, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = Linear(width, n_labels)

    def forward(self, features: Tensor) -> Tensor:
        """features (Tensor): Shape: (batch, n, width). RETURNS (Tensor): Logits. Shape: (batch, n, n_labels)"""
        return self.classifier(self.dropout(features)).float()
