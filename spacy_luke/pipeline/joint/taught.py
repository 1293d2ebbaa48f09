"""How taught labels stand beside the trained ones in predictions.

A taught label is an independent score. It wins a span, or a mention, above its own threshold, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...inputs.batch import Bools
from ...inputs.pieces import Ints
from ..decode import ScoredSpan, Threshold, threshold_of
from ..label_data import FIELDS
from ..probabilities import FactScale, Floats

if TYPE_CHECKING:
    from ...nn.joint_config import JointConfig


def with_taught_labels(joint: JointConfig) -> JointConfig:
    """joint (JointConfig): The heads. RETURNS (JointConfig): With the taught labels behind the trained ones."""
    if not joint.taught:
        return joint
    labels = {
        FIELDS[task]: (*getattr(joint, FIELDS[task]), *joint.taught_thresholds(task)) for task in FIELDS
    }
    return joint.with_changes(**labels)


def with_taught_thresholds(thresholds: Mapping[str, Threshold], trained: JointConfig) -> dict[str, Threshold]:
    """The thresholds that act: what is set for all labels of a task is for the trained ones; a taught label has its
    own, unless it is named.

    thresholds (Mapping[str, Threshold]): By task.
    trained (JointConfig): The heads, without the taught labels.
    RETURNS (dict[str, Threshold]): By task; the same for tasks to which nothing was taught.
    """
    acting = dict(thresholds)
    for task, threshold in thresholds.items():
        own = trained.taught_thresholds("relations" if task == "facts" else task)
        if not own:
            continue
        old = {label: threshold_of(threshold, label) for label in getattr(trained, _field(task))}
        if task == "facts":  # whose scores are made of those of relations
            places, least = (
                np.arange(len(old), len(old) + len(own)),
                np.array([*own.values()], dtype=np.float32),
            )
            scores = FactScale.of(with_taught_labels(trained)).apply(least, places)
            own = dict(zip(own, scores.tolist(), strict=True))
        named = threshold if isinstance(threshold, Mapping) else {}
        acting[task] = {**old, **{label: threshold_of(named, label, least) for label, least in own.items()}}
    return acting


def _field(task: str) -> str:
    return FIELDS["relations" if task == "facts" else task]


def taught_spans(
    found: Sequence[ScoredSpan],
    spans: Ints,
    scores: Floats,
    rejected: Bools,
    labels: Sequence[str],
    limits: Sequence[float],
) -> list[ScoredSpan]:
    """Let taught types win spans, and take away what was rejected.

    found (Sequence[ScoredSpan]): Candidates that reach the threshold of a trained type.
    spans (ndarray): First and last-plus-one token of all candidates. Shape: (n_spans, 2)
    scores (ndarray): Probabilities of the taught types. Shape: (n_spans, n_taught)
    rejected (ndarray): Which types were rejected of each. Shape: (n_spans, n_labels)
    labels (Sequence[str]): The labels, the taught ones last.
    limits (Sequence[float]): The thresholds of the taught ones.
    RETURNS (list[ScoredSpan]): What is left, and what was won.
    """
    places: list[tuple[int, int]] = [(start, end) for start, end in spans.tolist()]
    never = {(*places[row], labels[column]) for row, column in np.argwhere(rejected).tolist()}
    won: dict[tuple[int, int], ScoredSpan] = {}
    names = labels[len(labels) - len(limits) :]
    for row, column in np.argwhere(scores >= np.array(limits)).tolist():
        place, score = places[row], float(scores[row, column])
        if (*place, names[column]) in never or (place in won and won[place].score >= score):
            continue
        won[place] = ScoredSpan(*place, names[column], score, score)
    kept = [span for span in found if span[:2] not in won and span[:3] not in never]
    return [*kept, *won.values()]
