"""From logits to probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def softmax(logits: Floats) -> Floats:
    """logits (ndarray): Shape: (..., classes). RETURNS (ndarray): Probabilities, NaN where they are. Same shape."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: Floats) -> Floats:
    """logits (ndarray): Any shape. RETURNS (ndarray): Independent probabilities, NaN where they are. Same shape."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)  # exp would overflow
