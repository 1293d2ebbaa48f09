"""Relations that contradict what is known of relations as such lose some of their score; see `JointConfig`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING

import numpy as np

from ..inputs.pieces import Ints
from .probabilities import Floats, logit, sigmoid

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig


def consistent_scores(
    joint: JointConfig,
    pairs: Ints,
    scores: Floats,
    types: Sequence[str],
    entities: Callable[[], Sequence[int]],
) -> Floats:
    """Lower the scores of relations between types that never had them in training, and of all tails but the best where
    a head has one.

    joint (JointConfig): The heads, with what is known.
    pairs (ndarray): Head, tail and label of each relation. Shape: (n, 3)
    scores (ndarray): Their probabilities. Shape: (n,)
    types (Sequence[str]): The label of each mention.
    entities (Callable): Gives the entity of each mention.
    RETURNS (ndarray): Probabilities, lower ones for those. Shape: (n,)
    """
    if not (len(pairs) and (joint.unseen_shares or joint.second_tails)):
        return scores
    rows = [(head, tail, joint.relation_labels[label]) for head, tail, label in pairs.tolist()]
    lower = _lowered(scores, _of_types(joint, rows, types))
    if any(label in joint.second_tails for *_, label in rows):
        lower = _lowered(lower, _of_tails(joint, rows, lower.tolist(), entities()))
    return lower


_Row = tuple[int, int, str]


def _of_types(joint: JointConfig, rows: Sequence[_Row], types: Sequence[str]) -> list[float]:
    """How far each relation falls for the types of its ends. Nothing is known of types that training didn't have."""
    shares = joint.type_shares
    known = {*(head for by_head in shares.values() for head in by_head)}
    known |= {tail for by_head in shares.values() for by_tail in by_head.values() for tail in by_tail}
    falls = []
    for head, tail, label in rows:
        seen = label not in joint.unseen_shares or types[tail] in shares.get(label, {}).get(types[head], ())
        unknown = types[head] not in known or types[tail] not in known
        falls.append(0.0 if seen or unknown else log(joint.unseen_shares[label]))
    return falls


def _of_tails(
    joint: JointConfig, rows: Sequence[_Row], scores: Sequence[float], entities: Sequence[int]
) -> list[float]:
    """How far each relation falls because its head has a likelier tail."""
    best: dict[tuple[int, str], tuple[float, int]] = {}
    for (head, tail, label), score in zip(rows, scores, strict=True):
        if label in joint.second_tails and entities[head] != entities[tail]:
            place = entities[head], label
            if place not in best or best[place][0] < score:
                best[place] = score, entities[tail]
    falls = []
    for head, tail, label in rows:
        first = best.get((entities[head], label))
        loses = first is not None and first[1] != entities[tail]
        falls.append(log(joint.second_tails[label]) if loses else 0.0)
    return falls


def _lowered(scores: Floats, falls: Sequence[float]) -> Floats:
    """Probabilities whose logits fall; the others are exactly as they were."""
    if not any(falls):
        return scores
    by = np.array(falls)
    return np.where(by == 0, scores, sigmoid(logit(scores) + by))
