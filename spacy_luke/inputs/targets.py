"""Gold of a batch of windows as arrays: what the joint model's losses compare its scores with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batch import Bools
from .pieces import Ints


@dataclass(frozen=True)
class Targets:
    """Gold of one batch, as arrays beside the `WindowBatch`.

    spans (ndarray): Label of the span of token slots t..t + w, 0 for none, -100 for padding and where the
        document has no gold entities. Shape: (batch, n_tokens, max_span_width)
    labels (ndarray): Multi-hot labels of the mentions; -100 where nothing is known.
        Shape: (batch, n_mentions, n_labels)
    relations (ndarray): Multi-hot relations of the pairs; -100 for those that were not looked for.
        Shape: (n_pairs, n_labels)
    near (ndarray): True for pairs within the reach of `doc._.luke_relations`. Shape: (n_pairs,)
    groups (ndarray): Pair of entities that each pair of mentions belongs to: its document and the numbers of both
        entities there; -1 for two mentions of one entity. Shape: (n_pairs, 3)
    """

    spans: Ints
    labels: NDArray[np.float32]
    relations: NDArray[np.float32]
    near: Bools
    groups: Ints
