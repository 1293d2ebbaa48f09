"""Progress of work that takes minutes, shown where somebody watches: on a terminal, not in a log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

from tqdm import tqdm

T = TypeVar("T")


def watched(items: Iterable[T], what: str) -> Iterable[T]:
    """items (Iterable): Any. what (str): What they are. RETURNS (Iterable): The same, counted as they are taken."""
    return cast("Iterable[T]", tqdm(items, desc=what, disable=None, leave=False))
