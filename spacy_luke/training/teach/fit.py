"""A row for a label, from a few states that have it and many that don't.

    logit(z) = slope * (centroid . z - midpoint) + own . z + intercept        z: the state, whitened

The centroid of the examples and a linear classifier are one family: `own` is what the classifier adds to the centroid,
and a normal prior holds it at zero, the more the fewer the examples are. The centroid itself is shortened by what of it
must be chance (James and Stein, 1961). Examples and what isn't count as if every tenth state had the label, however
many there are of each.

How far states of general text spread differs from label to label, and what a few examples say of it is chance. So where
there are such states, a logit is counted from their median, in steps up to what only one of 200 of them exceeds:

    logit = slope * ((logit(z) - median) / (quantile - median) - centre)

Slope and centre come from simulated teaching (`python -m scripts teach-table`), which makes probabilities of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..calibration import fit_logistic

Doubles = NDArray[np.float64]
_MOST_AXES = 256  # of the whitened space
_ODDS = 9.0  # states without the label for one with it
_BACKGROUND = 1 / 3  # what the background counts among these
_HOLD = 10.0  # precision of the prior of `own`, for many examples
_FEW = 10.0  # examples for which it is twice as strong
_SLOPE_SPREAD = 0.5
ENOUGH = 100  # states of general text, to count logits by
_RARE = 0.995
_TOLERANCE = 1e-3
_MIN_SHRINK = 0.1


@dataclass(frozen=True)
class Space:
    """Coordinates in which states of general text have variance 1 in all directions.

    mean (ndarray): Shape: (width,)
    axes (ndarray): Shape: (width, n_axes)
    """

    mean: Doubles
    axes: Doubles

    @classmethod
    def of(cls, states: NDArray[np.floating], most: int = _MOST_AXES) -> Space:
        """states (ndarray): Shape: (n, width). most (int): Axes that are kept, those along which states differ most.
        RETURNS (Space): Made from their mean and covariance; the fewer they are, the more all directions are taken as
        alike."""
        x = states.astype(np.float64)
        n, width = x.shape
        mean = x.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, bias=True) if n > 1 else np.eye(width))
        share = max(_MIN_SHRINK, width / (width + n))
        values = (1 - share) * values.clip(min=0) + share * max(values.mean(), 1e-12)
        kept = slice(max(0, width - most), None)
        return cls(mean, vectors[:, kept] / np.sqrt(values[kept]))

    def __call__(self, states: NDArray[np.floating]) -> Doubles:
        """states (ndarray): Shape: (n, width). RETURNS (ndarray): Shape: (n, n_axes)"""
        return np.asarray((states.astype(np.float64) - self.mean) @ self.axes)


def space_of(background: NDArray[np.floating], states: NDArray[np.floating], most: int = _MOST_AXES) -> Space:
    """background, states (ndarray): States of general text, and of examples. Shape: (n, width). most (int): See
    `Space.of`. RETURNS (Space): Of general text, if there is enough of it: then examples stand out."""
    return Space.of(background if len(background) >= ENOUGH else np.concatenate([background, states]), most)


@dataclass(frozen=True)
class Row:
    """A linear classifier. weight (ndarray): Shape: (width,). bias (float): Its intercept."""

    weight: Doubles
    bias: float

    def __call__(self, states: NDArray[np.floating]) -> Doubles:
        """states (ndarray): Shape: (n, width). RETURNS (ndarray): Logits. Shape: (n,)"""
        return np.asarray(states.astype(np.float64) @ self.weight + self.bias)

    def outside(self, space: Space) -> Row:
        """space (Space): Where it is. RETURNS (Row): The same for states as they are."""
        weight = space.axes @ self.weight
        return Row(weight, float(self.bias - space.mean @ weight))


@dataclass(frozen=True)
class Scale:
    """What makes probabilities of steps from the background. slope (float): By step. centre (float): Steps at even
    odds."""

    slope: float = 3.0
    centre: float = 2.0


# For weights that nobody simulated teaching with. Most pairs of general text are far from any relation, but its spans
# and mentions are candidates and entities themselves: for these a step is a long way.
USUAL = {"ner": Scale(3.0, 1.2), "labels": Scale(3.0, 1.5), "relations": Scale(3.0, 2.4)}
STEPS = Scale(1.0, 0.0)  # no probabilities, but the steps themselves


def fit_row(z: Doubles, right: NDArray[np.bool_], background: Doubles, scale: Scale) -> Row:
    """Learn a label.

    z (ndarray): Whitened states of examples. Shape: (n, n_axes)
    right (ndarray): Which of them have the label; at least one. Shape: (n,)
    background (ndarray): Whitened states of other texts, which probably don't have it. Shape: (n_background, n_axes)
    scale (Scale): Makes probabilities, where there is enough background.
    RETURNS (Row): The classifier, in the whitened space.
    """
    row = _fit(z, right, background)
    if len(background) < ENOUGH:
        return row
    median, rare = np.quantile(row(background), [0.5, _RARE])
    step = scale.slope / max(float(rare - median), 1e-6)
    return Row(step * row.weight, float(step * (row.bias - median) - scale.slope * scale.centre))


def _fit(z: Doubles, right: NDArray[np.bool_], background: Doubles) -> Row:
    with_label, without = z[right], z[~right]
    n = len(with_label)
    weight, midpoint, leave_one_out = _centroid(with_label, _mean(without, background))
    if len(background):
        # What looks more like the label than most of its examples may well have it.
        likeness = background @ weight
        unlike = likeness <= np.median(with_label @ weight)
        background = background[unlike] if unlike.any() else background
    everything = np.concatenate([with_label, without, background])
    yes = np.arange(len(everything)) < n
    near = np.concatenate([leave_one_out, np.concatenate([without, background]) @ weight]) - midpoint
    counts = _weights(n, len(without), len(background))
    priors = np.array([1.0, 0.0]), np.array([_SLOPE_SPREAD**-2, 0.0])
    line = np.column_stack([near, np.ones(len(near))])
    slope, intercept = fit_logistic(line, yes.astype(np.float64), *priors, counts)
    slope = max(float(slope), 0.05)
    # The own part, and the intercept again.
    features = np.column_stack([everything, np.ones(len(everything))])
    precision = np.full(features.shape[1], _HOLD * (1 + _FEW / n))
    precision[-1] = 0.0
    start = np.zeros(features.shape[1])
    start[-1] = intercept
    own = fit_logistic(features, yes.astype(np.float64), start, precision, counts, slope * near, _TOLERANCE)
    return Row(slope * weight + own[:-1], float(own[-1] - slope * midpoint))


def _centroid(with_label: Doubles, others: Doubles) -> tuple[Doubles, float, Doubles]:
    """RETURNS (tuple): The centroid's direction from the others' mean, shortened by what of it is chance; the
    projection of the point between them; and that of each example on what the others alone would give."""
    n, n_axes = with_label.shape
    mean = with_label.mean(axis=0)
    direction = mean - others
    spread = ((with_label - mean) ** 2).sum() / (n - 1) if n > 1 else float(n_axes)
    length = float(direction @ direction)
    real = max(1 - spread / n / max(length, 1e-12), 0.2)
    weight = direction * real
    midpoint = float(weight @ (mean + others)) / 2
    if n == 1:
        return weight, midpoint, with_label @ weight
    rest = (mean * n - with_label) / (n - 1) - others  # the direction without each example
    return weight, midpoint, (with_label * rest).sum(axis=1) * real


def _mean(without: Doubles, background: Doubles) -> Doubles:
    parts = [part.mean(axis=0) for part in (without, background) if len(part)]
    return np.mean(parts, axis=0) if parts else np.zeros(without.shape[1])


def _weights(n_with: int, n_without: int, n_background: int) -> Doubles:
    """How much each row counts: those with the label 1, all others together nine times as much."""
    share = _BACKGROUND if n_background and n_without else float(n_without == 0)
    total = _ODDS * n_with
    own = np.full(n_without, total * (1 - share) / max(n_without, 1))
    others = np.full(n_background, total * share / max(n_background, 1))
    return np.concatenate([np.ones(n_with), own, others])
