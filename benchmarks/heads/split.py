"""Held-out and test parts of data that come in one piece."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def tenths(items: Iterable[T], key: Callable[[T], str]) -> list[list[T]]:
    """Deal items out by a checksum, so that the parts are the same in every order and on every machine.

    items (Iterable[T]): The items.
    key (Callable[[T], str]): What a checksum is taken of; items with equal keys stay together.
    RETURNS (list[list[T]]): Ten parts of about one size, in the order given.
    """
    parts: list[list[T]] = [[] for _ in range(10)]
    for item in items:
        digest = hashlib.sha256(key(item).encode("utf8")).digest()
        parts[int.from_bytes(digest[:8], "big") % 10].append(item)
    return parts
