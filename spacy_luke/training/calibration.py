"""Scores that are probabilities: of the answers scored 0.8, four of five are right.

A score's logit is scaled by one slope for all labels and shifted by each label's own intercept (Platt, 1999). A label
with few right answers to learn from stays near the common intercept.

    logit' = slope * logit + intercept of the label
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from .answers import ScoredAnswers

LEAST = 20  # right and wrong answers each, below which scores are left as they are
_SPREAD = 0.5  # of the labels' intercepts around the common one, and of the slope around 1
_ROUNDS = 50
_EDGE = 1e-6
_FARTHEST = 500.0  # of a logit, beyond which its exponential overflows


@dataclass(frozen=True)
class Calibration:
    """What makes probabilities of scores.

    slope (float): Of the logit; above 0.
    intercept (float): Of labels that have none of their own.
    intercepts (Mapping[str, float]): By label.
    """

    slope: float = 1.0
    intercept: float = 0.0
    intercepts: Mapping[str, float] = field(default_factory=dict)

    def of(self, label: str) -> float:
        """label (str): A label. RETURNS (float): Its intercept."""
        return self.intercepts.get(label, self.intercept)

    def apply(self, answers: ScoredAnswers) -> ScoredAnswers:
        """answers (ScoredAnswers): One document's. RETURNS (ScoredAnswers): The same with calibrated scores."""
        scores = {
            answer: 1 / (1 + exp(-(self.slope * _logit(score) + self.of(answer[-1]))))
            for answer, score in answers.scores.items()
        }
        return ScoredAnswers(scores, answers.gold)


def fit_calibration(documents: Iterable[ScoredAnswers]) -> Calibration:
    """Learn a calibration from held-out documents.

    documents (Iterable[ScoredAnswers]): Their answers, down to low scores.
    RETURNS (Calibration): The most probable one; one that changes nothing if there is little to learn from.
    """
    rows = [
        (answer[-1], score, answer in row.gold) for row in documents for answer, score in row.scores.items()
    ]
    labels = sorted({label for label, _, _ in rows})
    right = np.array([is_right for *_, is_right in rows], dtype=np.float64)
    if min(right.sum(), len(right) - right.sum()) < LEAST:
        return Calibration()
    place = {label: number for number, label in enumerate(labels)}
    # Columns: the logit, 1, and one for each label. (n_answers, 2 + n_labels)
    features = np.zeros((len(rows), 2 + len(labels)))
    features[:, 0] = [_logit(score) for _, score, _ in rows]
    features[:, 1] = 1.0
    features[np.arange(len(rows)), [2 + place[label] for label, _, _ in rows]] = 1.0
    slope, intercept, *own = _fit(features, right).tolist()
    return Calibration(
        max(slope, 0.1), intercept, {label: intercept + o for label, o in zip(labels, own, strict=True)}
    )


def _fit(features: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal priors: the slope around 1, labels around 0, none for the common intercept. RETURNS (ndarray): Slope,
    intercept, and each label's difference from it."""
    mean = np.zeros(features.shape[1])
    mean[0] = 1.0
    precision = np.full(features.shape[1], _SPREAD**-2)
    precision[1] = 0.0
    return fit_logistic(features, right, mean, precision)


def fit_logistic(
    features: NDArray[np.float64],
    right: NDArray[np.float64],
    mean: NDArray[np.float64],
    precision: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
    offset: NDArray[np.float64] | None = None,
    tolerance: float = _EDGE,
) -> NDArray[np.float64]:
    """Logistic regression by Newton's method, with normal priors.

    features (ndarray): Shape: (n, width)
    right (ndarray): 1 for yes, 0 for no. Shape: (n,)
    mean, precision (ndarray): Of the priors; a precision of 0 is for none. Shape: (width,)
    weights (ndarray | None): How much each row counts; None for all alike. Shape: (n,)
    offset (ndarray | None): What is added to the logits. Shape: (n,)
    tolerance (float): It ends with a step whose coefficients all change by less.
    RETURNS (ndarray): The most probable coefficients. Shape: (width,)
    """
    found = mean.copy()
    for _ in range(_ROUNDS):
        logits = features @ found if offset is None else features @ found + offset
        p = 1 / (1 + np.exp(-np.clip(logits, -_FARTHEST, _FARTHEST)))
        wrong, spread = p - right, p * (1 - p)
        if weights is not None:
            wrong, spread = wrong * weights, spread * weights
        gradient = features.T @ wrong + precision * (found - mean)
        curvature = (features * spread[:, None]).T @ features + np.diag(precision)
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        found = found - step * min(1.0, 2.0 / max(np.abs(step).max(), _EDGE))
        if np.abs(step).max() < tolerance:
            break
    return found


def _logit(score: float) -> float:
    inside = min(max(score, _EDGE), 1 - _EDGE)
    return log(inside / (1 - inside))
