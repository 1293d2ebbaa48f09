"""How good a taught label is, and from which probability on it counts: what is found out by leaving examples out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fit import USUAL, Doubles, Scale, fit_row
from .rows import best_of_overlapping

FOLDS = 5
ENOUGH = 20  # examples, from which on they choose their own threshold
NEVER = 1.0
_GRID = [round(0.02 * i, 2) for i in range(5, 49)]
_DRAWS = 500
_ALIKE = 0.95  # cosine of two whitened states that nothing tells apart


@dataclass(frozen=True)
class Table:
    """What simulated teaching tells of a task: `python -m scripts teach-table`.

    thresholds (Mapping[int, float]): From how many examples on which probability counts, so that about 0.7 of what is
        said is right. Fewer examples than the first say nothing.
    scale (Scale): What makes probabilities.
    """

    thresholds: Mapping[int, float]
    scale: Scale

    @classmethod
    def of(cls, task: str, values: Mapping[str, Any] | None = None) -> Table:
        """task (str): "ner", "labels" or "relations". values (Mapping[str, Any] | None): As stored beside weights.
        RETURNS (Table): The table; what is usual if there is none."""
        if values is None:
            return cls({2: 0.9, 3: 0.8, 5: 0.7, 10: 0.6, 19: 0.5}, USUAL[task])
        thresholds = {int(count): float(t) for count, t in values["thresholds"].items()}
        return cls(thresholds, Scale(float(values["slope"]), float(values["centre"])))

    def threshold(self, n: int) -> float:
        """n (int): Examples. RETURNS (float): The threshold, between those of the numbers around it; `NEVER` for too
        few."""
        counts = sorted(self.thresholds)
        if not counts or n < counts[0]:
            return NEVER
        return float(np.interp(np.log(n), np.log(counts), [self.thresholds[count] for count in counts]))


@dataclass(frozen=True)
class Judgement:
    """What leaving examples out tells. `f1` is None where too few are left to learn from.

    precision, recall, f1 (float | None): At the threshold.
    low, high (float): Between them lies F1 with 95% confidence.
    threshold (float): The least probability that counts.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    low: float
    high: float
    threshold: float


def folds_of(groups: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Share out groups, those with examples of the label evenly.

    groups (ndarray): Shape: (n,). right (ndarray): Which rows have the label. Shape: (n,)
    RETURNS (ndarray): The fold of each row; all 0 if only one group has the label. Shape: (n,)
    """
    with_label = np.unique(groups[right])
    n_folds = max(1, min(FOLDS, len(with_label)))
    others = np.setdiff1d(groups, with_label)
    fold = {int(group): i % n_folds for part in (with_label, others) for i, group in enumerate(part)}
    return np.array([fold[int(group)] for group in groups], dtype=np.int64)


def held_out(
    z: Doubles,
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    background: Doubles,
    scale: Scale,
    places: NDArray[np.int64] | None,
) -> Doubles | None:
    """z, right, background, scale: See `fit_row`. groups, places (ndarray): See `TeachRows`.
    RETURNS (ndarray | None): The probability of each row as learned without its fold; None if that can't be. Shape:
        (n,)"""
    folds = folds_of(groups, right)
    scores = np.zeros(len(z))
    for fold in range(int(folds.max(initial=0)) + 1):
        out = folds == fold
        if not (right & ~out).any() or not (len(background) or (~right & ~out).any()):
            return None
        row = fit_row(z[~out], right[~out], background, scale)
        scores[out] = 1 / (1 + np.exp(-np.clip(row(z[out]), -50, 50)))
    return best_of_overlapping(scores, places)


def judge(
    scores: Doubles | None,
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    table: Table,
) -> Judgement:
    """scores (ndarray | None): From `held_out`. right, groups (ndarray): See there. table (Table): The task's.
    RETURNS (Judgement): What they tell."""
    n = int(right.sum())
    threshold = table.threshold(n)
    if scores is None:
        return Judgement(None, None, None, 0.0, 1.0, threshold)
    if n >= ENOUGH:
        # Of thresholds that are as good, the one nearest to even odds.
        threshold = max(_GRID, key=lambda t: (_prf(scores >= t, right)[2], -abs(t - 0.5)))
    said = scores >= threshold
    return Judgement(*_prf(said, right), *_interval(said, right, groups), threshold)


def _prf(said: NDArray[np.bool_], right: NDArray[np.bool_]) -> tuple[float, float, float]:
    true = int((said & right).sum())
    precision, recall = true / max(int(said.sum()), 1), true / max(int(right.sum()), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def _interval(
    said: NDArray[np.bool_], right: NDArray[np.bool_], groups: NDArray[np.int64]
) -> tuple[float, float]:
    """What F1 might have been with other texts of the same kind: by drawing from the groups again and again."""
    names = np.unique(groups, return_inverse=True)[1]
    n = int(names.max(initial=0)) + 1
    counts = np.stack(
        [np.bincount(names, part, minlength=n) for part in (said & right, said, right)]
    )  # (3, n)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, n, size=(_DRAWS, n))
    true, found, gold = counts[:, drawn].sum(axis=2)  # (n_draws,) each
    f1 = 2 * true / np.maximum(found + gold, 1)
    low, high = np.quantile(f1, [0.025, 0.975])
    return float(low), float(high)


def contradictions(
    z: Doubles, right: NDArray[np.bool_], places: NDArray[np.int64] | None
) -> list[tuple[int, int]]:
    """z (ndarray): Whitened states of examples. Shape: (n, n_axes). right (ndarray): Which have the label. Shape: (n,)
    places (ndarray | None): See `TeachRows`. RETURNS (list[tuple[int, int]]): Rows with and without the label whose
    states are all but the same. Spans that overlap are never both meant, so they don't count."""
    unit = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    yes, no = np.flatnonzero(right), np.flatnonzero(~right)
    alike = unit[yes] @ unit[no].T >= _ALIKE  # (n_yes, n_no)
    if places is not None:
        one, other = places[yes][:, None], places[no][None]
        overlap = (one[..., 1] < other[..., 2]) & (other[..., 1] < one[..., 2])
        alike &= ~(overlap & (one[..., 0] == other[..., 0]))
    return [(int(yes[i]), int(no[j])) for i, j in np.argwhere(alike)]
