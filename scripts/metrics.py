"""Figures of counts, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import PRFScore


def ratio(part: float, whole: float) -> float:
    """A share, 0 where there is nothing to share, as in spaCy's scores.

    part (float): The part.
    whole (float): The whole.
    RETURNS (float): part / whole, or 0.0.
    """
    return part / whole if whole else 0.0


def f_score(precision: float, recall: float) -> float:
    """F1 where right predictions and found gold differ in number, so that no `PRFScore` has it.

    precision (float): Precision.
    recall (float): Recall.
    RETURNS (float): Their harmonic mean.
    """
    return ratio(2 * precision * recall, precision + recall)


def macro_f1(by_label: Mapping[str, PRFScore]) -> float:
    """Mean F1 over the labels that have gold answers.

    by_label (Mapping[str, PRFScore]): Counts by label, over all documents.
    RETURNS (float): 0.0 where no label has gold answers.
    """
    scores = [score.fscore for score in by_label.values() if score.tp + score.fn]
    return ratio(sum(scores), len(scores))


def bootstrap_interval(
    items: Sequence[Any],
    statistic: Callable[[list[Any]], float],
    *,
    n_samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """How far a figure would move with other documents: the percentile bootstrap over documents.

    items (Sequence): What each document gives, e.g. its counts.
    statistic (Callable[[list], float]): The figure of such a list, e.g. `lambda counts: total(counts).fscore`.
    n_samples (int): How many lists to draw, each as long as `items`, with replacement.
    level (float): Share of the drawn figures inside the interval.
    seed (int): Equal seeds give equal intervals.
    RETURNS (tuple[float, float]): Lower and upper end.
    RAISES (ValueError): If there are no items, or the level is not between 0 and 1.
    """
    if not items:
        raise ValueError("A figure needs one item or more, got none.")
    if not 0 < level < 1:
        raise ValueError(f"level has to be between 0 and 1, got {level}.")
    drawn = np.random.default_rng(seed).integers(len(items), size=(n_samples, len(items)))
    figures: NDArray[np.float64] = np.array([statistic([items[i] for i in row]) for row in drawn])
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class Operating(NamedTuple):
    """What a threshold would give.

    threshold (float): Answers with this score or more are given.
    precision (float): Share of them that is right.
    recall (float): Share of the gold answers among them.
    f1 (float): F1 of both.
    answers (int): How many are given.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    answers: int


def threshold_table(
    scored: Iterable[tuple[float, bool]], n_gold: int, thresholds: Iterable[float]
) -> list[Operating]:
    """Precision and recall by threshold.

    scored (Iterable[tuple[float, bool]]): Score of each possible answer, and whether it is right.
    n_gold (int): How many gold answers there are, given or not.
    thresholds (Iterable[float]): The thresholds to try.
    RETURNS (list[Operating]): One row each, in the order given.
    """
    scored = list(scored)
    table = []
    for threshold in thresholds:
        given = [right for score, right in scored if score >= threshold]
        prf = PRFScore(tp=sum(given), fp=len(given) - sum(given), fn=n_gold - sum(given))
        table.append(Operating(threshold, prf.precision, prf.recall, prf.fscore, len(given)))
    return table


def recall_at(precision: float, scored: Sequence[tuple[float, bool]], n_gold: int) -> float:
    """The most recall that any threshold reaches with a precision.

    precision (float): The least precision.
    scored (Sequence[tuple[float, bool]]): Score of each answer, and whether it is right.
    n_gold (int): How many gold answers there are, given or not.
    RETURNS (float): The recall; 0.0 if no threshold has the precision.
    """
    scores, right = np.array(sorted(scored, reverse=True), dtype=np.float64).reshape(-1, 2).T
    last = np.append(scores[1:] != scores[:-1], True)[: len(scores)]  # of equal scores
    precise = np.cumsum(right) >= precision * np.arange(1, len(right) + 1)  # with the answers down to each
    return ratio(max(np.cumsum(right)[last & precise], default=0.0), n_gold)


def calibration_error(scored: Sequence[tuple[float, bool]], least: float = 0.05, n_bins: int = 15) -> float:
    """How far scores are from shares of right answers: the mean distance over bins of as many answers each.

    scored (Sequence[tuple[float, bool]]): Score of each answer, and whether it is right.
    least (float): Answers below this score don't count.
    n_bins (int): How many bins, fewer if there are fewer answers.
    RETURNS (float): The error, weighted by the answers of a bin; 0.0 without answers.
    """
    kept = np.array(sorted(row for row in scored if row[0] >= least), dtype=np.float64).reshape(-1, 2)
    bins = np.array_split(kept, min(n_bins, max(len(kept), 1)))
    return ratio(
        sum(len(part) * abs(float(np.diff(part.mean(0))[0])) for part in bins if len(part)), len(kept)
    )
