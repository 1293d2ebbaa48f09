"""How stored annotation follows its text to another document, where the text has other offsets, and how the annotation
of several documents is joined there. Joining takes tables whose places are those in the joined document, and gives None
where they don't fit together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .facts import group_pairs
from .names import normalize
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


def same(tables: Sequence[Any]) -> Any:
    """RETURNS (Any): What is said of all documents alike; None where they differ."""
    return tables[0] if all(table == tables[0] for table in tables) else None


def join_rows(tables: Sequence[Table]) -> Table:
    """RETURNS (dict[str, Any]): All rows."""
    return {key: row for table in tables for key, row in table.items()}


def join_vectors(tables: Sequence[Table]) -> Table | None:
    """RETURNS (dict[str, Any] | None): All rows and one array; None for vectors of different widths."""
    arrays = [np.asarray(table["array"]) for table in tables]
    if len({array.shape[1] for array in arrays if len(array)}) > 1:
        return None
    starts = np.cumsum([0, *map(len, arrays)]).tolist()
    parts = zip(tables, starts, strict=False)
    rows = {key: start + row for table, start in parts for key, row in table["rows"].items()}
    return {"rows": rows, "array": np.concatenate([array for array in arrays if len(array)] or arrays[:1])}


def join_pairs(tables: Sequence[Table]) -> Table:
    """RETURNS (dict[str, Any]): All mentions and pairs. Facts of the same names and label are one."""
    mentions: list[Any] = []
    pairs: list[tuple[Any, ...]] = []
    facts: list[tuple[Any, ...]] = []
    for table in tables:
        n, before = len(mentions), len(pairs)
        mentions += table["spans"]
        pairs += [(head + n, tail + n, *rest) for head, tail, *rest in table["pairs"]]
        facts += [(*fact, a + before, b + before) for *fact, a, b in table.get("facts", ())]
    if not any("facts" in table for table in tables):
        return {"spans": mentions, "pairs": pairs}
    stated = [(fact, pairs[i]) for *fact, start, end in facts for i in range(start, end)]
    keys = [(normalize(fact[0]), normalize(fact[1]), fact[2]) for fact, _ in stated]
    places = [(mentions[pair[0]][0], mentions[pair[1]][0]) for _, pair in stated]
    rows, joined = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for group in group_pairs(keys, places, [pair[3] for _, pair in stated]):
        rows.append((*stated[group[0]][0], len(joined), len(joined) + len(group)))
        joined += [stated[i][1] for i in group]
    return {"spans": mentions, "pairs": joined, "facts": rows}


class Moving(NamedTuple):
    """How a kind of annotation gets to another document.

    move (Callable): Gives what is stored the places that it has there.
    join (Callable): Makes one of what several documents have.
    """

    move: Callable[[Any, Place], Any]
    join: Callable[[Sequence[Any]], Any]


ROWS = Moving(move_rows, join_rows)
VECTORS = Moving(move_vectors, join_vectors)
PAIRS = Moving(move_pairs, join_pairs)
WHOLE = Moving(keep, same)  # said of the document, at no place in it
