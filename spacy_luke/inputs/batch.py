"""Windows, and what is asked about them, as padded arrays: what the encoder reads, and the gold beside it.

All positions here are positions in the window's row of the batch, special tokens included:

    [CLS] marie cur ##ie was born in warsaw [SEP] [PAD]
    0     1     2   3    4   5    6  7      8     9
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..batch import LukeInputs
from .pieces import LOWER, DocPieces, Ints
from .windows import Window

if TYPE_CHECKING:
    from ..tokenizer import BaseTokenizer

Bools = NDArray[np.bool_]
Arrays = LukeInputs[NDArray[Any]]

OPEN = -1  # of a span in `Targets`: none, or an entity of a type that wasn't looked for
TOLD = -1  # of a pair's relation: not known whether it is stated of these mentions, but the document tells it


@dataclass(frozen=True)
class WindowBatch:
    """A batch of windows, and which parts of the documents its rows and places are.

    windows (list[Window]): Where each row comes from.
    tokens (ndarray): Document token at each token slot, -1 for padding. Only tokens that lie whole in
        the window and have pieces take a slot. Shape: (batch, n_tokens)
    inputs (LukeInputs): What a model reads.
    mentions (ndarray): Which of its document's mentions each entity is, -1 for padding. Shape: (batch, n_entities)
    """

    windows: list[Window]
    tokens: Ints
    inputs: Arrays
    mentions: Ints

    def with_mentions(
        self,
        mentions: Sequence[Ints],
        extents: Sequence[Ints],
        pairs: Sequence[Ints] | None = None,
        ids: Sequence[Ints] | None = None,
    ) -> WindowBatch:
        """Add mentions as entities.

        mentions (Sequence[ndarray]): The mentions read in each window, as indices into its document's mentions.
        extents (Sequence[ndarray]): For each window, piece extents in its *document*. Shape: (n, 2) each.
        pairs (Sequence[ndarray] | None): For each window, head and tail as positions in `mentions`. Shape: (n, 2) each.
        ids (Sequence[ndarray] | None): For each window, the entities of the vocabulary; None for [MASK].
        RETURNS (WindowBatch): With entities, which are cut to their window.
        """
        index = pad(mentions, -1)
        first, last = np.zeros_like(index), np.full_like(index, -1)
        triples = [np.zeros((0, 3), dtype=np.int64)]
        for row, (window, extent) in enumerate(zip(self.windows, extents, strict=True)):
            cut = np.clip(extent, window.start, window.end) + (1 - window.start)
            first[row, : len(cut)], last[row, : len(cut)] = cut[:, 0], cut[:, 1] - 1
            if pairs is not None:
                triples.append(np.insert(pairs[row], 0, row, axis=1))
        inputs = replace(
            self.inputs,
            entity_ids=None if ids is None else pad(ids, 0),
            entity_attention_mask=index >= 0,
            entity_start_positions=first,
            entity_end_positions=last,
            pairs=None if pairs is None else np.concatenate(triples),
        )
        return replace(self, inputs=inputs, mentions=index)

    def with_masked(
        self, asked: Sequence[Ints], candidates: Sequence[Ints] | None, longest: int
    ) -> WindowBatch:
        """Ask which entities some of the mentions are.

        asked (Sequence[ndarray]): For each window the places of the mentions that are asked about. Shape: (n,) each.
        candidates (Sequence[ndarray] | None): For each of them, in order, the entities that it may be; at least one.
            None for the whole vocabulary.
        longest (int): Most pieces of a mention that its entity sees.
        RETURNS (WindowBatch): With positions of all entities.
        """
        first, last = self.inputs.needed("entity_start_positions"), self.inputs.needed("entity_end_positions")
        width = min(longest, int((last - first + 1).max(initial=1)))
        rows = np.repeat(np.arange(len(asked)), [len(places) for places in asked])
        inputs = replace(
            self.inputs,
            entity_position_ids=entity_positions(first, last + 1, width),
            asked=np.column_stack([rows, np.concatenate([*asked, np.zeros(0, dtype=np.int64)])]),
            candidate_ids=None if candidates is None else _fill_up(candidates),
        )
        return replace(self, inputs=inputs)

    def with_spans(self, suggested: Sequence[Ints]) -> WindowBatch:
        """Add suggested spans; those that don't lie whole in a window are none of its own.

        suggested (Sequence[ndarray]): First and last-plus-one token of each document's spans. Shape: (n, 2) each.
        RETURNS (WindowBatch): With the spans that may be entities.
        """
        found = []
        for tokens, window in zip(self.tokens, self.windows, strict=True):
            real = tokens[tokens >= 0]
            ends = suggested[window.doc] - np.array([0, 1])  # first and last token
            slots = np.searchsorted(real, ends)
            inside = (slots < len(real)).all(axis=1)
            inside[inside] = (real[slots[inside]] == ends[inside]).all(axis=1)
            found.append(slots[inside])
        sides = [pad([slots[:, side] for slots in found], 0) for side in (0, 1)]
        mask = mask_of([len(slots) for slots in found])
        return replace(self, inputs=replace(self.inputs, spans=np.stack(sides, axis=-1), span_mask=mask))


@dataclass(frozen=True)
class Targets:
    """Gold of one batch, as arrays beside the `WindowBatch`.

    spans (ndarray): Label of the span of token slots t..t + w, 0 for none, `OPEN` for none or a type that wasn't
        looked for, -100 where nothing is known, and for padding. Shape: (batch, n_tokens, max_span_width)
    open_types (ndarray): True for types of entities that weren't looked for. Shape: (batch, n_ner_labels)
    labels (ndarray): Multi-hot labels of the mentions; -100 where nothing is known.
        Shape: (batch, n_mentions, n_labels)
    relations (ndarray): Multi-hot relations of the pairs; -100 for each of which nothing is known for this pair,
        `TOLD` where the document tells it of their entities. Shape: (n_pairs, n_labels)
    near (ndarray): True for pairs within the reach of `doc._.luke_relations`. Shape: (n_pairs,)
    groups (ndarray): Pair of entities that each pair of mentions belongs to: its document and the numbers of both
        entities there; -1 for two mentions of one entity. Shape: (n_pairs, 3)
    """

    spans: Ints
    open_types: Bools
    labels: NDArray[np.float32]
    relations: NDArray[np.float32]
    near: Bools
    groups: Ints


def window_batch(
    windows: Sequence[Window], pieces: Sequence[DocPieces], tokenizer: BaseTokenizer
) -> WindowBatch:
    """Lay windows into padded arrays.

    windows (Sequence[Window]): The rows.
    pieces (Sequence[DocPieces]): Pieces of the documents that the windows point into.
    tokenizer (BaseTokenizer): Gives the special tokens' ids.
    RETURNS (WindowBatch): The batch; token types are case classes.
    """
    shape = (len(windows), max(map(len, windows), default=0) + 2)
    ids = np.full(shape, tokenizer.pad_token_id, dtype=np.int64)
    cases = np.full(shape, LOWER, dtype=np.int64)
    for row, window in enumerate(windows):
        doc, part, end = pieces[window.doc], slice(window.start, window.end), len(window) + 1
        ids[row, 0], ids[row, end] = tokenizer.cls_token_id, tokenizer.sep_token_id
        ids[row, 1:end], cases[row, 1:end] = doc.ids[part], doc.cases[part]
    lengths = np.array([len(window) + 2 for window in windows], dtype=np.int64)
    slots = [_token_slots(window, pieces[window.doc]) for window in windows]
    tokens, first, last = (pad([slot[i] for slot in slots], fill) for i, fill in enumerate((-1, 0, 0)))
    inputs = Arrays(
        input_ids=ids,
        attention_mask=np.arange(shape[1]) < lengths[:, None],
        token_type_ids=cases,
        token_start_positions=first,
        token_end_positions=last,
        token_mask=tokens >= 0,
    )
    return WindowBatch(list(windows), tokens, inputs, np.zeros((len(windows), 0), dtype=np.int64))


def _token_slots(window: Window, pieces: DocPieces) -> tuple[Ints, Ints, Ints]:
    """Document tokens that lie whole in the window and have pieces, with their first and last piece."""
    starts, ends = pieces.starts[:-1], pieces.starts[1:]
    inside = (starts >= window.start) & (ends <= window.end) & (ends > starts)
    tokens = np.flatnonzero(inside)
    shift = 1 - window.start  # the row begins with the classification token
    return tokens, starts[tokens] + shift, ends[tokens] - 1 + shift


def pad(rows: Sequence[Ints], value: int) -> Ints:
    """Stack rows of different lengths, filled up with a value. RETURNS (ndarray): Shape: (n_rows, longest)"""
    padded = np.full((len(rows), max(map(len, rows), default=0)), value, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded


def mask_of(lengths: Sequence[int]) -> Bools:
    """lengths (Sequence[int]): Of each row. RETURNS (ndarray): True where it is filled. Shape: (n_rows, longest)"""
    mask: Bools = np.arange(max(lengths, default=0)) < np.array(lengths, dtype=np.int64)[:, None]
    return mask


def entity_positions(first: Ints, end: Ints, width: int) -> Ints:
    """The positions of the pieces of entities, as the encoder reads them.

    first (ndarray): First piece of each entity. Shape: (batch, n_entities)
    end (ndarray): The one after its last; no later than the first for padding. Shape: (batch, n_entities)
    width (int): Most pieces of an entity.
    RETURNS (ndarray): Filled up with -1. Shape: (batch, n_entities, width)
    """
    positions = first[..., None] + np.arange(width)  # (batch, n_entities, width)
    return np.where(positions < end[..., None], positions, -1)


def _fill_up(rows: Sequence[Ints]) -> Ints:
    """Stack rows of different lengths, each filled up with its own first elements."""
    longest = max(map(len, rows), default=0)
    return np.array([np.resize(row, longest) for row in rows], dtype=np.int64).reshape(len(rows), longest)
