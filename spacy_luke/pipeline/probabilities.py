"""From logits to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig

Floats = NDArray[np.float32]
_EDGE = 1e-7


def softmax(logits: Floats) -> Floats:
    """logits (ndarray): Shape: (..., classes). RETURNS (ndarray): Probabilities, NaN where they are. Same shape."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.floating]) -> Floats:
    """logits (ndarray): Any shape. RETURNS (ndarray): Independent probabilities, NaN where they are. Same shape."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)  # exp would overflow


def logit(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """probabilities (ndarray): Any shape. RETURNS (ndarray): Their logits, finite. Same shape."""
    inside = np.clip(probabilities.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


@dataclass(frozen=True)
class FactScale:
    """From the probability that a text states a relation of two mentions to the one that the document tells it.

    slope (float): Factor of the logit.
    shifts (ndarray): What is added to it, by relation. Shape: (n_labels,)
    """

    slope: float
    shifts: NDArray[np.float64]

    @classmethod
    def of(cls, joint: JointConfig) -> FactScale:
        """joint (JointConfig): The heads. RETURNS (FactScale): What their configuration says."""
        return cls(
            joint.fact_slope, np.array([joint.fact_shifts.get(label, 0.0) for label in joint.relation_labels])
        )

    @property
    def changes(self) -> bool:
        """RETURNS (bool): Whether the two differ at all."""
        return self.slope != 1.0 or bool(self.shifts.any())

    def apply(self, scores: Floats, labels: NDArray[np.int64]) -> Floats:
        """scores (ndarray): Of relations. labels (ndarray): Their labels. Shape: (n,) each.
        RETURNS (ndarray): Scores of facts. Shape: (n,)"""
        return sigmoid(self.slope * logit(scores) + self.shifts[labels]) if self.changes else scores

    def undo(self, thresholds: Sequence[float]) -> list[float]:
        """thresholds (Sequence[float]): Of facts, by relation.
        RETURNS (list[float]): The scores of relations that reach them, a little lower, so that rounding loses none."""
        if not self.changes:
            return list(thresholds)
        scores = sigmoid((logit(np.array(thresholds)) - self.shifts) / self.slope)
        return [float(score) * (1 - 1e-5) for score in scores]
