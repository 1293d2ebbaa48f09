"""Cutting documents of any length into windows that the encoder can read.

    pieces   |------------------------------------------------------|
    window 0 |----------------------|
    window 1              |----------------------|
    window 2                           |----------------------------|
                          <-overlap->

Consecutive windows share at least `overlap` pieces. So no piece is lost, and any two mentions whose common
extent is at most `overlap` pieces lie together in some window: let k be the last window that starts at or
before the first mention; it ends more than `overlap` pieces behind that mention's start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import Errors
from .pieces import DocPieces, Ints

_FAR = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Window:
    """Pieces start..end (exclusive) of document `doc`, an index into the batch of documents."""

    doc: int
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


def make_windows(doc: int, pieces: DocPieces, size: int, overlap: int) -> list[Window]:
    """Cut one document into windows.

    doc (int): Index of the document in its batch.
    pieces (DocPieces): Its pieces.
    size (int): Most pieces a window may hold, special tokens not counted.
    overlap (int): Fewest pieces that consecutive windows share; less than `size`.
    RETURNS (list[Window]): In order; none for a document without pieces.
    RAISES (ValueError): If the sizes can't make progress.
    """
    if not 0 <= overlap < size:
        raise ValueError(Errors.L301.format(size=size, overlap=overlap))
    windows: list[Window] = []
    start, end, total = 0, 0, len(pieces)
    while start < total:
        least = max(start + overlap, end)  # beyond the window before, else it would show nothing new
        end = total if total - start <= size else _token_start(pieces, start + size, above=least)
        windows.append(Window(doc, start, end))
        if end == total:
            break
        start = _token_start(pieces, end - overlap, above=start)
    return windows


def _token_start(pieces: DocPieces, piece: int, above: int) -> int:
    """The last token start at or before `piece`; `piece` itself if that isn't above `above` (a huge token)."""
    token = int(np.searchsorted(pieces.starts, piece, side="right")) - 1
    start = int(pieces.starts[token])
    return start if start > above else piece


def owned_pieces(windows: Sequence[Window]) -> list[tuple[int, int]]:
    """RETURNS (list[tuple[int, int]]): First and last-plus-one piece that each of a document's windows answers for.

    Pieces are split in the middle of each overlap.
    """
    cuts = [(left.end + right.start) // 2 for left, right in pairwise(windows)]
    return list(pairwise([windows[0].start, *cuts, windows[-1].end])) if windows else []


def context_sizes(windows: Sequence[Window], extents: Ints, total: int) -> Ints:
    """How much text a window shows around each mention: the smaller of its two sides, in pieces.

    A side that reaches the document's edge is complete and counts as endless. Mentions that stick out
    of a window have negative context there.

    windows (Sequence[Window]): The windows of one document.
    extents (ndarray): First and last-plus-one piece of each mention. Shape: (n_mentions, 2)
    total (int): Number of pieces in the document.
    RETURNS (ndarray): Shape: (n_windows, n_mentions)
    """
    starts = np.array([w.start for w in windows], dtype=np.int64)[:, None]
    ends = np.array([w.end for w in windows], dtype=np.int64)[:, None]
    left = extents[None, :, 0] - starts  # (n_windows, n_mentions)
    right = ends - extents[None, :, 1]
    left = np.where((starts == 0) & (left >= 0), _FAR, left)
    right = np.where((ends == total) & (right >= 0), _FAR, right)
    return np.minimum(left, right)
