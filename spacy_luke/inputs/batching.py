"""Which windows share a padded batch: as many as a budget of word and entity tokens allows.

A batch costs what it is padded to, each kind of row by itself:

    words    |############....|     entities |###......|
             |################|              |#########|     4 x (16 + 9) tokens
             |#########.......|              |####.....|
             |##########......|              |.........|
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .pieces import DocPieces, Ints
from .windows import Window

N_SPECIAL = 2  # the classification token and the separator


def word_sizes(windows: Sequence[Window]) -> Ints:
    """RETURNS (ndarray): Word tokens of each window, special ones included. Shape: (n_windows,)"""
    return np.array([len(window) + N_SPECIAL for window in windows], dtype=np.int64)


def candidate_counts(
    windows: Sequence[Window], pieces: DocPieces, per_token: float, suggested: Ints | None
) -> Ints:
    """Count the candidate spans of each window of one document; those of dropped tokens too, which won't be read.

    windows (Sequence[Window]): The windows.
    pieces (DocPieces): The document's pieces.
    per_token (float): Candidates of the learned pre-filter, as a share of a window's tokens.
    suggested (ndarray | None): First and last-plus-one token of a suggester's spans, which are read instead.
        Shape: (n_spans, 2)
    RETURNS (ndarray): Shape: (n_windows,)
    """
    if suggested is not None:
        return count_inside(windows, pieces.starts[suggested])
    first = np.searchsorted(pieces.starts[:-1], [window.start for window in windows], side="left")
    last = np.searchsorted(pieces.starts[1:], [window.end for window in windows], side="right")
    tokens = np.maximum(last - first, 0).astype(np.float32)  # as the pre-filter counts, to the last bit
    return np.ceil(tokens * np.float32(per_token)).astype(np.int64)


def count_inside(windows: Sequence[Window], extents: Ints) -> Ints:
    """Count what lies whole in each window.

    windows (Sequence[Window]): The windows of one document.
    extents (ndarray): First and last-plus-one piece of each span. Shape: (n_spans, 2)
    RETURNS (ndarray): Spans inside of each window. Shape: (n_windows,)
    """
    starts, ends = extents[:, 0], extents[:, 1]
    counts = [np.count_nonzero((starts >= w.start) & (ends <= w.end)) for w in windows]
    return np.array(counts, dtype=np.int64)


def group_documents(sizes: Sequence[Ints], budget: int) -> Iterator[list[int]]:
    """Group whole documents by length, so that a group of short documents is one padded batch.

    sizes (Sequence[ndarray]): For each document, what each of its windows holds: words, and entity rows of one
        kind or of several. Shape: (n_windows, n_kinds) each.
    budget (int): Most tokens of a padded batch; a longer document is a group of its own.
    YIELDS (list[int]): Indices of documents.
    """
    order = sorted(range(len(sizes)), key=lambda i: (int(sizes[i].sum()), i))
    return _fill(((doc, len(sizes[doc]), sizes[doc].max(axis=0, initial=0)) for doc in order), budget)


def padded_size(sizes: Ints) -> int:
    """sizes (ndarray): What each window holds, as in `group_documents`. Shape: (n_windows, n_kinds)
    RETURNS (int): Tokens of one padded batch of them all."""
    return len(sizes) * int(sizes.max(axis=0, initial=0).sum())


def batch_windows(sizes: Ints, budget: int) -> Iterator[list[int]]:
    """Cut a sequence of windows into padded batches.

    sizes (ndarray): What each window holds, as in `group_documents`. Shape: (n_windows, n_kinds)
    budget (int): Most tokens of a padded batch; a single window may exceed it.
    YIELDS (list[int]): Indices of consecutive windows.
    """
    return _fill(((index, 1, size) for index, size in enumerate(sizes)), budget)


def _fill(parts: Iterable[tuple[int, int, Ints]], budget: int) -> Iterator[list[int]]:
    """Fill padded batches with parts in order: the index of each, its windows, and the most that one of them holds."""
    batch: list[int] = []
    n_windows, most = 0, np.zeros(1, dtype=np.int64)
    for index, n, size in parts:
        grown = np.maximum(most, size)
        if batch and (n_windows + n) * grown.sum() > budget:
            yield batch
            batch, n_windows, grown = [], 0, size
        batch.append(index)
        n_windows, most = n_windows + n, grown
    if batch:
        yield batch
