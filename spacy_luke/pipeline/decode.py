"""From scores of candidate spans to entities that don't overlap.

A threshold is the least score that counts, here and wherever one is compared: a score as high as it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors

Threshold = float | Mapping[str, float]


class ScoredSpan(NamedTuple):
    """A span of tokens (end exclusive) with a label and its probability, and the probability that it is any entity
    at all, which thresholds are compared with."""

    start: int
    end: int
    label: str
    score: float
    entity: float


def threshold_of(threshold: Threshold, label: str, default: float = 0.5) -> float:
    """RETURNS (float): The threshold that holds for a label."""
    return float(threshold.get(label, default)) if isinstance(threshold, Mapping) else float(threshold)


def thresholds_of(threshold: Threshold, labels: Sequence[str]) -> list[float]:
    """RETURNS (list[float]): The threshold that holds for each of some labels."""
    if isinstance(threshold, Mapping):
        return [threshold_of(threshold, label) for label in labels]
    return [float(threshold)] * len(labels)


def check_thresholds(thresholds: Mapping[str, Any], tasks: Sequence[str]) -> None:
    """Refuse thresholds that would silently do nothing, or everything.

    thresholds (Mapping[str, Any]): By task, a probability or one by label.
    tasks (Sequence[str]): The tasks that there are.
    RAISES (ValueError): If a task is unknown or a value is no probability.
    """
    unknown = sorted(set(thresholds) - set(tasks)) if isinstance(thresholds, Mapping) else repr(thresholds)
    if unknown:
        raise ValueError(Errors.L304.format(unknown=unknown, known=tasks))
    for task, threshold in thresholds.items():
        numbers = threshold.values() if isinstance(threshold, Mapping) else [threshold]
        if not all(isinstance(number, int | float) and 0.0 <= number <= 1.0 for number in numbers):
            raise ValueError(Errors.L309.format(task=task, value=threshold))


def label_spans(
    spans: NDArray[np.int64], probabilities: NDArray[np.float32], labels: Sequence[str], threshold: Threshold
) -> list[ScoredSpan]:
    """The candidates that reach their threshold.

    spans (ndarray): First and last-plus-one token of each candidate. Shape: (n_spans, 2)
    probabilities (ndarray): Softmax over "none" (index 0) and the labels. Shape: (n_spans, n_labels + 1)
    labels (Sequence[str]): The labels.
    threshold (float | Mapping[str, float]): Least probability of being an entity at all, for all or by label.
    RETURNS (list[ScoredSpan]): With the probability of the best label; in the order of `spans`.
    """
    if not len(spans):
        return []
    best, entity = probabilities[:, 1:].argmax(-1), 1.0 - probabilities[:, 0]
    limits = np.array(thresholds_of(threshold, labels))
    keep = np.flatnonzero(entity >= limits[best])
    score = probabilities[keep, 1 + best[keep]].tolist()
    names = [labels[i] for i in best[keep]]
    columns = (*spans[keep].T.tolist(), names, score, entity[keep].tolist())
    return [ScoredSpan(*row) for row in zip(*columns, strict=True)]


def surest(spans: Iterable[ScoredSpan]) -> list[ScoredSpan]:
    """spans (Iterable[ScoredSpan]): Candidates as every window saw them.
    RETURNS (list[ScoredSpan]): One a place, the one with the highest score; by position."""
    best: dict[tuple[int, int], ScoredSpan] = {}
    for span in spans:
        place = (span.start, span.end)
        if place not in best or best[place].score < span.score:
            best[place] = span
    return sorted(best.values())


def without_overlap(
    candidates: Sequence[ScoredSpan],
    taken: Iterable[tuple[int, int]],
    length: int,
    ranks: Sequence[float] | None = None,
) -> list[ScoredSpan]:
    """Choose greedily by score, as Yamada et al. (2020, 4.3) do.

    candidates (Sequence[ScoredSpan]): The candidates.
    taken (Iterable[tuple[int, int]]): Token extents that nothing may touch.
    length (int): Number of tokens of the document.
    ranks (Sequence[float] | None): What to choose by instead of the candidates' scores.
    RETURNS (list[ScoredSpan]): The chosen ones by position.
    """
    covered = np.zeros(length, dtype=np.bool_)
    for start, end in taken:
        covered[start:end] = True
    chosen = []
    ranked = zip([span.score for span in candidates] if ranks is None else ranks, candidates, strict=True)
    for _, span in sorted(ranked, key=lambda pair: (-pair[0], pair[1].start, pair[1].end)):
        if not covered[span.start : span.end].any():
            covered[span.start : span.end] = True
            chosen.append(span)
    return sorted(chosen)
