"""Which mentions and which pairs are read in which window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .pieces import DocPieces, Extent, Ints
from .windows import Window, context_sizes


@dataclass(frozen=True)
class Placement:
    """What is asked of each window of one document.

    mentions (list[ndarray]): For each window the mentions that lie in it, ascending.
    pairs (list[ndarray]): For each window the pairs that are scored there, as positions in its `mentions`;
        each pair of the document is scored in one window only. Shape: (n, 2) each.
    home (ndarray): For each mention the window that shows most context around it; -1 if it has no pieces.
        Shape: (n_mentions,)
    extents (ndarray): Piece extents of the mentions. Shape: (n_mentions, 2)
    ids (ndarray | None): Which entity of the vocabulary each is read as; None for [MASK]. Shape: (n_mentions,)
    """

    mentions: list[Ints]
    pairs: list[Ints]
    home: Ints
    extents: Ints
    ids: Ints | None = None


def place_mentions(
    windows: Sequence[Window],
    pieces: DocPieces,
    spans: Sequence[Extent],
    pairs: bool,
    ids: Ints | None = None,
) -> Placement:
    """Decide where mentions and pairs are read: in the window that shows the most context.

    windows (Sequence[Window]): The windows of one document.
    pieces (DocPieces): Its pieces.
    spans (Sequence[tuple[int, int]]): Token extents of the mentions.
    pairs (bool): Whether to place the ordered pairs of mentions that share a window, too.
    ids (ndarray | None): See `Placement`.
    RETURNS (Placement): What is asked of each window.
    """
    extents = np.array([pieces.extent(*span) for span in spans], dtype=np.int64).reshape(-1, 2)
    empty = extents[:, 0] == extents[:, 1]
    if not windows:
        return Placement([], [], np.full(len(spans), -1, dtype=np.int64), extents, ids)
    context = context_sizes(windows, extents, len(pieces))  # (n_windows, n_mentions)
    home = np.where(empty, -1, context.argmax(axis=0))
    inside = (context >= 0) & ~empty
    # A mention longer than any window is read where it fits best.
    inside[home[~empty], np.flatnonzero(~empty)] = True
    mentions = [np.flatnonzero(row) for row in inside]
    none = [np.zeros((0, 2), dtype=np.int64)] * len(windows)
    return Placement(
        mentions, _place_pairs(mentions, extents, context) if pairs else none, home, extents, ids
    )


def _place_pairs(mentions: list[Ints], extents: Ints, context: Ints) -> list[Ints]:
    """Each pair goes to the window where the worse placed of its two mentions has most context."""
    found = []
    for window, members in enumerate(mentions):
        place = extents[members]
        # No pair of a mention with itself, or with its twin of another label at the same place.
        head, tail = np.nonzero((place[:, None] != place[None, :]).any(axis=-1))
        score = np.minimum(context[window, members[head]], context[window, members[tail]])
        found.append((np.full(len(head), window), members[head], members[tail], score, head, tail))
    if len(found) == 1:
        return [np.column_stack(found[0][4:])]
    where, i, j, score, head, tail = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((-score, j, i))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(i[order]) != 0) | (np.diff(j[order]) != 0)
    best = np.sort(order[first])
    return [np.column_stack([head, tail])[best[where[best] == w]] for w in range(len(mentions))]


def mention_ids(
    windows: Sequence[Window], mentions: Sequence[Ints], placed: Mapping[int, Placement] | Sequence[Placement]
) -> list[Ints] | None:
    """Which entities of the vocabulary the mentions of a batch of windows are read as.

    windows (Sequence[Window]): The windows.
    mentions (Sequence[ndarray]): The mentions read in each, as indices into its document's mentions.
    placed (Mapping | Sequence): The placement of each document; all with ids, or none.
    RETURNS (list[ndarray] | None): For each window; None for [MASK].
    """
    ids = [placed[window.doc].ids for window in windows]
    named = [i[m] for i, m in zip(ids, mentions, strict=True) if i is not None]
    return named if len(named) == len(ids) else None
