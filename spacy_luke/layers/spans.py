"""Suggested spans of documents as candidates of a batch of windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..inputs.batch import WordBatch
from ..inputs.pieces import Ints
from ..nn.heads.joint.outputs import Candidates


def candidates_of(batch: WordBatch, suggested: Sequence[Ints]) -> Candidates:
    """Find the token slots of suggested spans; spans that don't lie whole in a window are not its candidates.

    batch (WordBatch): The windows.
    suggested (Sequence[ndarray]): First and last-plus-one token of each document's spans. Shape: (n, 2) each.
    RETURNS (Candidates): Candidates of each window.
    """
    rows = []
    for row, window in enumerate(batch.windows):
        tokens = batch.tokens[row][batch.tokens[row] >= 0]
        spans = suggested[window.doc]
        slots = np.searchsorted(tokens, spans - np.array([0, 1]))  # (n, 2): first and last slot
        found = (slots < len(tokens)).all(axis=1)
        found[found] = (tokens[slots[found]] == (spans[found] - np.array([0, 1]))).all(axis=1)
        rows.append(slots[found])
    most = max(map(len, rows), default=0)
    spans = np.zeros((len(rows), most, 2), dtype=np.int64)
    mask = np.zeros((len(rows), most), dtype=np.bool_)
    for row, slots in enumerate(rows):
        spans[row, : len(slots)] = slots
        mask[row, : len(slots)] = True
    return Candidates(torch.from_numpy(spans), torch.from_numpy(mask))
