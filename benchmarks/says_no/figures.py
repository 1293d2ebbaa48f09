"""Scores of pairs -> figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from scripts.metrics import bootstrap_interval

from .pairs import Key, Pair

RECALL = 0.6  # share of the true texts that a threshold finds, for the false alarms


class Item(NamedTuple):
    """What was said of one pair.

    kind (str): Why the false text doesn't state the relation.
    true, false (float): The scores of both texts.
    said_true, said_false (bool | None): Whether it is said at the system's own thresholds; None if it has none.
    """

    kind: str
    true: float
    false: float
    said_true: bool | None = None
    said_false: bool | None = None


def make_items(
    pairs: Sequence[Pair], scores: Mapping[Key, float], said: Collection[Key] | None
) -> list[Item]:
    """Put the scores beside the pairs.

    pairs (Sequence[Pair]): The pairs.
    scores (Mapping[Key, float]): The score of each text.
    said (Collection[Key] | None): The texts in which the relation is said; None if the system has no thresholds.
    RETURNS (list[Item]): One for each pair.
    """
    items = []
    for pair in pairs:
        true, false = (pair.id, "true"), (pair.id, "false")
        told = (None, None) if said is None else (true in said, false in said)
        items.append(Item(pair.kind, scores[true], scores[false], *told))
    return items


def measure(items: Sequence[Item]) -> dict[str, Any]:
    """Make all figures.

    items (Sequence[Item]): At least one.
    RETURNS (dict[str, Any]): "all" with 95% bootstrap intervals over pairs, and each of "kinds"; what they hold says
        `_row`. False alarms, of kinds too, are counted at the one "threshold" that finds `RECALL` of all true texts.
    """
    threshold = recall_threshold(items)
    row = _row(items, threshold)
    statistics: dict[str, Callable[[Sequence[Item]], float]] = {
        "true_above": true_above,
        "false_alarms": lambda drawn: false_alarms(drawn, recall_threshold(drawn)),
    }
    if row["said_true"] is not None:
        statistics["said_true"] = lambda drawn: _share(item.said_true for item in drawn)
        statistics["said_false"] = lambda drawn: _share(item.said_false for item in drawn)
    intervals = {name: bootstrap_interval(items, statistic) for name, statistic in statistics.items()}
    kinds = dict.fromkeys(item.kind for item in items)
    return {
        "threshold": threshold,
        "all": {**row, "intervals": intervals},
        "kinds": {kind: _row([item for item in items if item.kind == kind], threshold) for kind in kinds},
    }


def recall_threshold(items: Sequence[Item]) -> float:
    """RETURNS (float): The highest threshold at which `RECALL` of the true texts are found."""
    scores = sorted((item.true for item in items), reverse=True)
    return scores[math.ceil(RECALL * len(scores) - 1e-9) - 1]


def true_above(items: Sequence[Item]) -> float:
    """RETURNS (float): The share of pairs whose true text scores above its twin; equal scores don't."""
    return _share(item.true > item.false for item in items)


def false_alarms(items: Sequence[Item], threshold: float) -> float:
    """RETURNS (float): The share of the false texts that score at least so high."""
    return _share(item.false >= threshold for item in items)


def _row(items: Sequence[Item], threshold: float) -> dict[str, Any]:
    """Number of pairs; share of them with the true text above its twin; shares of the true texts that are found, and of
    the false ones that are false alarms, at the threshold; shares of both in which the relation is said.
    """
    has_own = items[0].said_true is not None
    return {
        "pairs": len(items),
        "true_above": true_above(items),
        "found": _share(item.true >= threshold for item in items),
        "false_alarms": false_alarms(items, threshold),
        "said_true": _share(item.said_true for item in items) if has_own else None,
        "said_false": _share(item.said_false for item in items) if has_own else None,
    }


def _share(values: Any) -> float:
    values = [bool(value) for value in values]
    return sum(values) / len(values)
