"""Cutting one sequence or two to a length."""

from __future__ import annotations

import logging
from typing import TypeVar

from ...errors import Warnings

logger = logging.getLogger(__name__)

T = TypeVar("T")


def truncate(
    first: list[T], second: list[T] | None, n_remove: int, strategy: str, stride: int = 0, side: str = "right"
) -> tuple[list[T], list[T] | None, list[T]]:
    """Remove items from one of two sequences or from both.

    A sequence that is too short to give up that many items stays whole, with a message in the log.

    first (list): The first sequence.
    second (list | None): The second one, if there is one.
    n_remove (int): How many items have to go.
    strategy (str): "only_first", "only_second", or "longest_first": from the longer one until both are of one
        length, then from both in turn.
    stride (int): How many items that stay are returned together with those that go.
    side (str): The end that items go from, "right" or "left".
    RETURNS (tuple[list, list | None, list]): What is left of each, and what went (not for both in turn).
    """
    if n_remove <= 0 or (strategy == "only_second" and second is None):
        return first, second, []
    if strategy == "longest_first" and second is not None:
        from_first, from_second = _share(len(first), len(second), n_remove)
        return _drop(first, from_first, side), _drop(second, from_second, side), []
    target = second if strategy == "only_second" and second is not None else first
    if len(target) <= n_remove:
        which = "first" if target is first else "second"
        logger.error(Warnings.W103.format(n=n_remove, which=which, length=len(target), strategy=strategy))
        return first, second, []
    window = min(len(target), stride + n_remove)
    gone = target[:window] if side == "left" else target[-window:]
    kept = _drop(target, n_remove, side)
    return (kept, second, gone) if target is first else (first, kept, gone)


def _share(n_first: int, n_second: int, n_remove: int) -> tuple[int, int]:
    """How many items each of two sequences gives up: the difference in length first, then half each."""
    difference = min(abs(n_first - n_second), n_remove)
    half = (n_remove - difference) // 2
    rest = n_remove - difference - half
    return (difference + half, rest) if n_first > n_second else (half, difference + rest)


def _drop(items: list[T], n: int, side: str) -> list[T]:
    if n <= 0:
        return items
    return items[n:] if side == "left" else items[:-n]
