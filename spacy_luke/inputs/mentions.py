"""Which mentions and which pairs are read in which window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .batch import Bools
from .pieces import DocPieces, Ints
from .windows import Window, context_sizes

PairFilter = Callable[[Ints, Ints], Bools]


@dataclass(frozen=True)
class Placement:
    """What is asked of each window of one document.

    mentions (list[ndarray]): For each window the mentions that lie in it, ascending.
    pairs (list[ndarray]): For each window the pairs that are scored there, as positions in its `mentions`;
        each pair of the document is scored in one window only. Shape: (n, 2) each.
    home (ndarray): For each mention the window that shows most context around it; -1 if it has no pieces.
        Shape: (n_mentions,)
    extents (ndarray): Piece extents of the mentions. Shape: (n_mentions, 2)
    """

    mentions: list[Ints]
    pairs: list[Ints]
    home: Ints
    extents: Ints


def place_mentions(
    windows: Sequence[Window],
    pieces: DocPieces,
    spans: Sequence[tuple[int, int]],
    wanted: PairFilter | None,
) -> Placement:
    """Decide where mentions and pairs are read: in the window that shows the most context.

    windows (Sequence[Window]): The windows of one document.
    pieces (DocPieces): Its pieces.
    spans (Sequence[tuple[int, int]]): Token extents of the mentions.
    wanted (PairFilter | None): Given heads and tails as indices into `spans`, tells which ordered pairs
        are of interest; None for no pairs at all.
    RETURNS (Placement): What is asked of each window.
    """
    extents = np.array([pieces.extent(*span) for span in spans], dtype=np.int64).reshape(-1, 2)
    empty = extents[:, 0] == extents[:, 1]
    if not windows:
        return Placement([], [], np.full(len(spans), -1, dtype=np.int64), extents)
    context = context_sizes(list(windows), extents, len(pieces))  # (n_windows, n_mentions)
    home = np.where(empty, -1, context.argmax(axis=0))
    inside = (context >= 0) & ~empty
    inside[home[~empty], np.flatnonzero(~empty)] = True  # a mention longer than any window is read where it fits best
    mentions = [np.flatnonzero(row) for row in inside]
    pairs = _place_pairs(mentions, context, wanted)
    return Placement(mentions, pairs, home, extents)


def _place_pairs(mentions: list[Ints], context: Ints, wanted: PairFilter | None) -> list[Ints]:
    """Each wanted pair goes to the window where the worse placed of its two mentions has most context."""
    if wanted is None:
        return [np.zeros((0, 2), dtype=np.int64) for _ in mentions]
    found = []
    for window, members in enumerate(mentions):
        head, tail = np.nonzero(~np.eye(len(members), dtype=np.bool_))
        kept = wanted(members[head], members[tail])
        head, tail = head[kept], tail[kept]
        score = np.minimum(context[window, members[head]], context[window, members[tail]])
        found.append((np.full(len(head), window), members[head], members[tail], score, head, tail))
    if len(found) == 1:
        return [np.column_stack(found[0][4:])]
    window, i, j, score, head, tail = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((-score, j, i))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(i[order]) != 0) | (np.diff(j[order]) != 0)
    best = np.sort(order[first])
    return [np.column_stack([head, tail])[best[window[best] == w]] for w in range(len(mentions))]
