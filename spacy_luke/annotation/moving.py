"""How stored annotation follows its text to another document, where the text has other offsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .store import Table

# Start and end of a span in the source -> those in the target, or None where it isn't there.
Place = Callable[[int, int], "tuple[int, int] | None"]


def keep(table: Any, place: Place) -> Any:
    """RETURNS (Any): What is about the document as a whole, as it is."""
    return table


def move_rows(rows: Table, place: Place) -> Table:
    """RETURNS (dict[str, Any]): Rows of spans or tokens, by `row_key`: those that have a place."""
    moved = {}
    for key, value in rows.items():
        start, end, label = key.split(":", 2)
        there = place(int(start), int(end))
        if there is not None:
            moved[f"{there[0]}:{there[1]}:{label}"] = value
    return moved


def move_vectors(table: Table, place: Place) -> Table:
    """RETURNS (dict[str, Any]): One array, and which row of it is whose: those that have a place."""
    rows = move_rows(table["rows"], place)
    array = np.asarray(table["array"])[list(rows.values())]
    return {"rows": {key: i for i, key in enumerate(rows)}, "array": array}


def move_pairs(table: Table, place: Place) -> Table:
    """RETURNS (dict[str, Any]): Mentions, pairs of which both mentions have a place, and facts that keep a pair."""
    mentions: list[tuple[Any, ...]] = []
    index: dict[int, int] = {}
    for i, (start, end, *rest) in enumerate(table["spans"]):
        there = place(start, end)
        if there is not None:
            index[i] = len(mentions)
            mentions.append((*there, *rest))
    pairs = table["pairs"]
    kept = [head in index and tail in index for head, tail, *_ in pairs]
    there_too = [(index[h], index[t], *rest) for h, t, *rest in pairs if h in index and t in index]
    moved: Table = {"spans": mentions, "pairs": there_too}
    if "facts" in table:
        before = np.concatenate([[0], np.cumsum(kept, dtype=int)]).tolist()
        facts = [(*rest, before[start], before[end]) for *rest, start, end in table["facts"]]
        moved["facts"] = [row for row in facts if row[-2] < row[-1]]
    return moved
