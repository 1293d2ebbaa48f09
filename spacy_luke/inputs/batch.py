"""Windows and mentions as padded arrays: what the encoder reads.

All positions here are positions in the window's row of the batch, special tokens included:

    [CLS] marie cur ##ie was born in warsaw [SEP] [PAD]
    0     1     2   3    4   5    6  7      8     9
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .pieces import DocPieces, Ints
from .windows import Window

if TYPE_CHECKING:
    from ..tokenizer import LukeTokenizer

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class WordBatch:
    """The words of a batch of windows.

    windows (list[Window]): Where each row comes from.
    ids (ndarray): Piece ids with special tokens, padded. Shape: (batch, length)
    mask (ndarray): True where there is a piece or special token. Shape: (batch, length)
    cases (ndarray): Case class of each piece, 0 elsewhere. Shape: (batch, length)
    tokens (ndarray): Document token at each token slot, -1 for padding. Only tokens that lie whole in
        the window and have pieces take a slot. Shape: (batch, n_tokens)
    first, last (ndarray): First and last piece of each token slot, 0 for padding. Shape: (batch, n_tokens)
    """

    windows: list[Window]
    ids: Ints
    mask: Bools
    cases: Ints
    tokens: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True)
class MentionBatch:
    """Mentions in a batch of windows, and the pairs of them that are asked about.

    index (ndarray): Which of the document's mentions each row is, -1 for padding. Shape: (batch, n_mentions)
    extents (ndarray): First and last-plus-one piece of each row. Shape: (batch, n_mentions, 2)
    pairs (ndarray): Window, head row, tail row. Shape: (n_pairs, 3)
    ids (ndarray | None): Which entity of the vocabulary each row is; None for [MASK]. Shape: (batch, n_mentions)
    """

    index: Ints
    extents: Ints
    pairs: Ints
    ids: Ints | None = None


def word_batch(windows: Sequence[Window], pieces: Sequence[DocPieces], tokenizer: LukeTokenizer) -> WordBatch:
    """Lay windows into padded arrays.

    windows (Sequence[Window]): The rows.
    pieces (Sequence[DocPieces]): Pieces of the documents that the windows point into.
    tokenizer (LukeTokenizer): Gives the special tokens' ids.
    RETURNS (WordBatch): The batch.
    """
    slots = [_token_slots(window, pieces[window.doc]) for window in windows]
    shape = (len(windows), max((len(w) for w in windows), default=0) + 2)
    ids = np.full(shape, tokenizer.pad_token_id, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.bool_)
    cases = np.zeros(shape, dtype=np.int64)
    for row, window in enumerate(windows):
        n = len(window)
        ids[row, 0] = tokenizer.cls_token_id
        ids[row, 1 : n + 1] = pieces[window.doc].ids[window.start : window.end]
        ids[row, n + 1] = tokenizer.sep_token_id
        cases[row, 1 : n + 1] = pieces[window.doc].cases[window.start : window.end]
        mask[row, : n + 2] = True
    return WordBatch(
        windows=list(windows),
        ids=ids,
        mask=mask,
        cases=cases,
        tokens=pad([s[0] for s in slots], -1),
        first=pad([s[1] for s in slots], 0),
        last=pad([s[2] for s in slots], 0),
    )


def _token_slots(window: Window, pieces: DocPieces) -> tuple[Ints, Ints, Ints]:
    """Document tokens that lie whole in the window and have pieces, with their first and last piece."""
    starts, ends = pieces.starts[:-1], pieces.starts[1:]
    inside = (starts >= window.start) & (ends <= window.end) & (ends > starts)
    tokens = np.flatnonzero(inside)
    shift = 1 - window.start  # the row begins with the classification token
    return tokens, starts[tokens] + shift, ends[tokens] - 1 + shift


def mention_batch(
    windows: Sequence[Window],
    mentions: Sequence[Ints],
    extents: Sequence[Ints],
    pairs: Sequence[Ints],
    ids: Sequence[Ints] | None = None,
) -> MentionBatch:
    """Lay mentions into padded arrays, for the same windows as a `WordBatch`.

    windows (Sequence[Window]): The rows.
    mentions (Sequence[ndarray]): The mentions read in each window, as indices into its document's mentions.
    extents (Sequence[ndarray]): For each window, piece extents in its *document*. Shape: (n, 2) each.
    pairs (Sequence[ndarray]): For each window, head and tail as positions in `mentions`. Shape: (n, 2) each.
    ids (Sequence[ndarray] | None): For each window, the entities of the vocabulary; None for [MASK].
    RETURNS (MentionBatch): The batch. Extents are cut to their window.
    """
    n_mentions = max((len(m) for m in mentions), default=0)
    placed = np.zeros((len(windows), n_mentions, 2), dtype=np.int64)
    triples = []
    for row, (window, extent, pair) in enumerate(zip(windows, extents, pairs, strict=True)):
        placed[row, : len(extent)] = np.clip(extent, window.start, window.end) + (1 - window.start)
        triples.append(np.column_stack([np.full(len(pair), row, dtype=np.int64), pair]))
    return MentionBatch(
        index=pad(list(mentions), -1),
        extents=placed,
        pairs=np.concatenate(triples) if triples else np.zeros((0, 3), dtype=np.int64),
        ids=None if ids is None else pad(list(ids), 0),
    )


def pad(rows: Sequence[Ints], value: int) -> Ints:
    """Stack arrays of different lengths.

    rows (Sequence[ndarray]): One-dimensional arrays.
    value (int): What fills the missing places.
    RETURNS (ndarray): Shape: (n_rows, longest)
    """
    padded = np.full((len(rows), max((len(r) for r in rows), default=0)), value, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded
