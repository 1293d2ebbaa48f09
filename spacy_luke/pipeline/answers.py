"""Scores of spans as answers to a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..inputs.pieces import DocPieces, Extent, Ints
from .probabilities import Floats
from .text import RowScores


@dataclass(frozen=True)
class AnswerTable:
    """The logits of all answers to one question. A span that several windows show has the best of its logits.

    starts_ends (list[tuple]): For each window its tokens, and their logits as the first and as the last token of an
        answer.
    none (float): The logit of no answer: the least of all windows, each of which may lack it.
    """

    starts_ends: list[tuple[Ints, Floats, Floats]]
    none: float

    def spans(self, n_tokens: int, most: int) -> Floats:
        """RETURNS (ndarray): Logits of spans by first token and length - 1. Shape: (n_tokens, most)"""
        table = np.full((n_tokens, most), -np.inf, dtype=np.float32)
        for tokens, start, end in self.starts_ends:
            last = np.full(n_tokens, -np.inf, dtype=np.float32)
            last[tokens] = end
            for extra in range(min(most, n_tokens)):
                fits = tokens[tokens + extra < n_tokens]
                scores = start[: len(fits)] + last[fits + extra]
                table[fits, extra] = np.maximum(table[fits, extra], scores)
        return table

    def of(self, spans: Sequence[Extent]) -> Floats:
        """spans (Sequence[tuple[int, int]]): Token extents.
        RETURNS (ndarray): Their logits; -inf for spans that no window shows whole. Shape: (n_spans,)"""
        scores = np.full(len(spans), -np.inf, dtype=np.float32)
        for tokens, start, end in self.starts_ends:
            first = dict(zip(tokens.tolist(), start.tolist(), strict=True))
            last = dict(zip(tokens.tolist(), end.tolist(), strict=True))
            for i, (begin, stop) in enumerate(spans):
                if begin in first and stop - 1 in last:
                    scores[i] = max(scores[i], first[begin] + last[stop - 1])
        return scores


def answer_table(rows: Sequence[RowScores], pieces: DocPieces) -> AnswerTable:
    """Answers begin and end with tokens, so only the first and the last piece of each token count."""
    windows = []
    for scored in rows:
        window, shift = scored.row.window, scored.row.at - scored.row.window.start
        first, last = pieces.starts[:-1], pieces.starts[1:]
        tokens = np.flatnonzero((first >= window.start) & (last <= window.end) & (first < last))
        start, end = scored.logits[first[tokens] + shift, 0], scored.logits[last[tokens] - 1 + shift, 1]
        windows.append((tokens, start, end))
    none = min((float(scored.logits[0].sum()) for scored in rows), default=0.0)
    return AnswerTable(windows, none)


def best_spans(scores: Floats, n_best: int) -> list[Extent]:
    """The best spans that don't overlap. scores (ndarray): Shape: (n_tokens, most)
    RETURNS (list[tuple[int, int]]): Best first."""
    taken = np.zeros(len(scores), dtype=np.bool_)
    spans: list[Extent] = []
    for flat in np.argsort(-scores, axis=None, kind="stable"):
        start, extra = divmod(int(flat), scores.shape[1])
        if len(spans) == n_best or not np.isfinite(scores[start, extra]):
            break
        if not taken[start : start + extra + 1].any():
            taken[start : start + extra + 1] = True
            spans.append((start, start + extra + 1))
    return spans
