"""What figures of a report are drawn from: answers with scores, counted over all documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .answers import Comparison, ScoredAnswers
from .metrics import count_by_label, total

Floats = NDArray[np.float64]
NONE = "(none)"  # in a confusion: no answer


class Reading(NamedTuple):
    """All answers of one kind to a corpus, a document each.

    name (str): What kind: "relations" and the like.
    scored (Sequence[ScoredAnswers]): Before a threshold decides.
    decided (Sequence[Comparison]): Those that the pipe gives.
    """

    name: str
    scored: Sequence[ScoredAnswers]
    decided: Sequence[Comparison]


class Rated(NamedTuple):
    """Scores of answers, the best first, whether each is right, and how many right ones there are in the gold."""

    scores: Floats
    right: NDArray[np.bool_]
    n_gold: int


class Bin(NamedTuple):
    """Answers of like scores: their mean score, the share of right ones, how many there are."""

    score: float
    right: float
    n: int


def rate(scored: Iterable[ScoredAnswers]) -> dict[str, Rated]:
    """scored (Iterable[ScoredAnswers]): Of all documents.
    RETURNS (dict[str, Rated]): By label, those with most gold answers first; "" stands for all together."""
    rows: dict[str, list[tuple[float, bool]]] = {"": []}
    gold: Counter[str] = Counter()
    for scores, right in scored:
        for answer in right:
            gold.update(("", answer[-1]))
        for answer, score in scores.items():
            for label in ("", answer[-1]):
                rows.setdefault(label, []).append((score, answer in right))
    labels = sorted({*rows, *gold}, key=lambda label: (label != "", -gold[label], label))
    return {label: _rated(rows.get(label, []), gold[label]) for label in labels}


def precision_recall(rated: Rated) -> tuple[Floats, Floats, Floats]:
    """rated (Rated): Answers of a label, or all.
    RETURNS (tuple[np.ndarray, np.ndarray, np.ndarray]): Threshold, precision and recall, a place for each score
        there is. Shape: (scores,) each"""
    last = np.append(np.diff(rated.scores) != 0, True)[
        : len(rated.scores)
    ]  # equal scores stand or fall together
    hits = np.cumsum(rated.right)
    found = np.arange(1, len(hits) + 1)
    return rated.scores[last], (hits / found)[last], (hits / max(rated.n_gold, 1))[last]


def average_precision(rated: Rated) -> float:
    """rated (Rated): Answers. RETURNS (float): The area under the curve of precision by recall, as a sum of steps."""
    _, precision, recall = precision_recall(rated)
    return float(np.sum(precision * np.diff(recall, prepend=0.0)))


def calibration(rated: Rated, n_bins: int = 10) -> list[Bin]:
    """rated (Rated): Answers. n_bins (int): Parts of equal width that the scores are put into.
    RETURNS (list[Bin]): Those parts that hold any. Where scores are honest, its two figures are the same."""
    places = np.minimum((rated.scores * n_bins).astype(int), n_bins - 1)
    return [
        Bin(float(rated.scores[at].mean()), float(rated.right[at].mean()), int(at.sum()))
        for at in (places == number for number in range(n_bins))
        if at.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """bins (Sequence[Bin]): See `calibration`. RETURNS (float): How far off a score is on average."""
    total = sum(part.n for part in bins)
    return sum(part.n * abs(part.score - part.right) for part in bins) / total if total else 0.0


def figures_by_label(decided: Sequence[Comparison]) -> dict[str, tuple[float, float, float, int]]:
    """decided (Sequence[Comparison]): Of all documents.
    RETURNS (dict[str, tuple[float, float, float, int]]): Precision, recall, F1 and gold answers of each label, those
        with most first; "" stands for all together."""
    predicted = {(i, *answer) for i, row in enumerate(decided) for answer in row.predicted}
    gold = {(i, *answer) for i, row in enumerate(decided) for answer in row.gold}
    counts = count_by_label(predicted, gold)
    counts[""] = total(counts.values())
    rows = {label: (c.precision, c.recall, c.fscore, c.tp + c.fn) for label, c in counts.items()}
    return dict(sorted(rows.items(), key=lambda item: (item[0] != "", -item[1][3], item[0])))


def confusions(decided: Iterable[Comparison]) -> Mapping[tuple[str, str], int]:
    """decided (Iterable[Comparison]): Of all documents.
    RETURNS (Mapping[tuple[str, str], int]): How often a gold label (or none) got which label (or none): what is
        missed at a place is set against what is wrong there."""
    counts: Counter[tuple[str, str]] = Counter()
    for predicted, gold in decided:
        places: dict[tuple[object, ...], tuple[set[str], set[str]]] = {}
        for side, answers in enumerate((gold, predicted)):
            for *place, label in answers:
                places.setdefault(tuple(place), (set(), set()))[side].add(label)
        for expected, given in places.values():
            counts.update((label, label) for label in expected & given)
            pairs = zip_longest(sorted(expected - given), sorted(given - expected), fillvalue=NONE)
            counts.update(pairs)
    return counts


def _rated(rows: Sequence[tuple[float, bool]], n_gold: int) -> Rated:
    rows = sorted(rows, key=lambda row: -row[0])
    return Rated(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], bool), n_gold)
