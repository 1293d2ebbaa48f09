"""Progress of work that takes minutes, shown where somebody watches: on a terminal, not in a log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

from tqdm import tqdm

T = TypeVar("T")


def watched(items: Iterable[T], what: str) -> Iterable[T]:
    """Count items as they are taken.

    items (Iterable): Any items; a length, if they have one, gives the bar an end.
    what (str): What is counted, said before the bar.
    RETURNS (Iterable): The same items.
    """
    return cast("Iterable[T]", tqdm(items, desc=what, disable=None, leave=False))
