"""Docs, alone or with another text beside them, as padded arrays: what the published heads on text read.

    alone    <s> doc </s>                         beside   <s> doc </s></s> choice </s>
                                                           <s> question </s></s> doc </s>

A document that is too long is read in windows, each with the whole of the text beside it. Entities of the document
may be read with its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .batch import Arrays, entity_positions, mask_of, pad
from .batching import batch_windows
from .pieces import LOWER, DocPieces, Ints, encode_docs, encode_whole_texts, encode_words
from .windows import Window, context_sizes, make_windows

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..tokenizer import BaseTokenizer

# Words and punctuation, about as spaCy and pretokenizers cut them.
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]+")


@dataclass(frozen=True)
class TextEntities:
    """Entities of one document.

    extents (ndarray): First and last-plus-one token of each. Shape: (n_entities, 2)
    ids (ndarray): What they are in the entity vocabulary. Shape: (n_entities,)
    """

    extents: Ints
    ids: Ints


NO_ENTITIES = TextEntities(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class TextRow:
    """One input.

    window (Window): The part of the document that it shows.
    beside (int): Which of the texts beside its document it shows.
    ids (ndarray): Piece ids with special tokens. Shape: (length,)
    cases (ndarray): Case class of each piece, 0 for special tokens. Shape: (length,)
    at (int): Where the document's pieces begin in it.
    entities (TextEntities): The entities that lie in the window, with their extents in the row.
    """

    window: Window
    beside: int
    ids: Ints
    cases: Ints
    at: int
    entities: TextEntities

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class TextLayout:
    """How documents are laid out in rows.

    tokenizer (BaseTokenizer): The model's tokenizer.
    longest (int): Most pieces of a row, special tokens included.
    overlap (int): Pieces that consecutive windows share at least.
    doc_first (bool): Whether the document stands before the text beside it.
    by_token (bool): Whether each token is tokenized on its own, and with the case of its word; else whole texts are,
        as published checkpoints were trained.
    """

    tokenizer: BaseTokenizer
    longest: int
    overlap: int
    doc_first: bool
    by_token: bool

    def rows(
        self, docs: Sequence[Doc], beside: Sequence[Sequence[str | None]], entities: Sequence[TextEntities]
    ) -> tuple[list[DocPieces], list[TextRow]]:
        """Encode documents.

        docs (Sequence[Doc]): The documents.
        beside (Sequence[Sequence[str | None]]): For each, the texts that it is read with, once for each; None
            for alone.
        entities (Sequence[TextEntities]): For each, the entities that are read with its words.
        RETURNS (tuple): The documents' pieces, and the rows in order. A document without pieces is read where
            there is a text beside it, and has no row otherwise.
        """
        texts = [text for row in beside for text in row if text is not None]
        if self.by_token:
            pieces = encode_docs(docs, self.tokenizer)
        else:
            pieces = encode_whole_texts(docs, [e.extents for e in entities], self.tokenizer)
        others = iter(self._encode_beside(texts))
        rows: list[TextRow] = []
        for doc, mine in enumerate(beside):
            for index, text in enumerate(mine):
                other = None if text is None else next(others)
                windows, shown = self._windows(doc, pieces[doc], other)
                rows += [self._row(window, index, pieces[doc], shown, entities[doc]) for window in windows]
        return pieces, rows

    def _encode_beside(self, texts: Sequence[str]) -> list[DocPieces]:
        """Encode texts that are not Docs, all in one call."""
        if self.by_token:
            return encode_words([_words(text) for text in texts], self.tokenizer)
        encoded = self.tokenizer.encode_texts(texts, [None] * len(texts), split_special_tokens=True)
        plain = [np.array(text.ids, dtype=np.int64) for text in encoded]
        return [DocPieces(ids, np.arange(len(ids) + 1), np.zeros_like(ids)) for ids in plain]

    def _windows(
        self, doc: int, pieces: DocPieces, other: DocPieces | None
    ) -> tuple[list[Window], DocPieces | None]:
        """Windows of a document, and what they show of the text beside it: half of the room, or all that is left."""
        room, overlap = self.longest - self.tokenizer.template.size(pair=other is not None), self.overlap
        if other is not None:
            other = _cut(other, max(room // 2, room - max(len(pieces), 1)))
            room -= len(other)
            overlap = min(overlap, room // 2)
        windows = make_windows(doc, pieces, room, overlap)
        if not windows and other is not None:
            windows = [Window(doc, 0, 0)]
        return windows, other

    def _row(
        self, window: Window, beside: int, pieces: DocPieces, other: DocPieces | None, entities: TextEntities
    ) -> TextRow:
        template = self.tokenizer.template
        shown = slice(window.start, window.end)
        mine, at = (pieces.ids[shown], pieces.cases[shown]), len(template.prefix)
        prefix, middle, suffix = map(_special, (template.prefix, template.middle, template.suffix))
        texts = [mine]
        if other is not None:
            theirs = (other.ids, other.cases)
            texts = [mine, middle, theirs] if self.doc_first else [theirs, middle, mine]
            at += 0 if self.doc_first else len(other) + len(template.middle)
        ids, cases = (np.concatenate(side) for side in zip(prefix, *texts, suffix, strict=True))
        inside = self._inside(window, pieces, entities, at - window.start)
        return TextRow(window, beside, ids, cases, at, inside)

    def _inside(self, window: Window, pieces: DocPieces, entities: TextEntities, shift: int) -> TextEntities:
        """The entities that lie whole in a window, as many as the tokenizer allows an input."""
        extents = pieces.starts[entities.extents]  # (n_entities, 2)
        first, last = extents[:, 0], extents[:, 1]
        inside = np.flatnonzero((first >= window.start) & (last <= window.end) & (first < last))
        inside = inside[: self.tokenizer.max_entity_length]
        return TextEntities(extents[inside] + shift, entities.ids[inside])


def _words(text: str) -> list[tuple[str, bool]]:
    """Words and punctuation, each with whether a space stands before it."""
    return [(m.group(), m.start() > 0 and text[m.start() - 1].isspace()) for m in _WORD.finditer(text)]


def _special(ids: Sequence[int]) -> tuple[Ints, Ints]:
    """Special tokens and their case classes."""
    return np.array(ids, dtype=np.int64), np.full(len(ids), LOWER, dtype=np.int64)


def _cut(pieces: DocPieces, most: int) -> DocPieces:
    return DocPieces(pieces.ids[:most], np.minimum(pieces.starts, most), pieces.cases[:most])


def group_rows(rows: Sequence[TextRow], budget: int) -> list[list[int]]:
    """Choose which rows make a padded batch: those of like length.

    rows (Sequence[TextRow]): The rows.
    budget (int): Most tokens of a padded batch, pieces and entities; a single row may exceed it.
    RETURNS (list[list[int]]): The rows of each batch.
    """
    sizes = np.array([(len(row), len(row.entities.ids)) for row in rows], dtype=np.int64).reshape(-1, 2)
    order = np.argsort(sizes[:, 0], kind="stable")
    return [order[batch].tolist() for batch in batch_windows(sizes[order], budget)]


def text_batch(rows: Sequence[TextRow], tokenizer: BaseTokenizer) -> Arrays:
    """Rows as padded arrays; token types are case classes. Without entities it has no fields of them.

    rows (Sequence[TextRow]): The rows.
    tokenizer (BaseTokenizer): Gives the padding's ids.
    RETURNS (LukeInputs): The batch.
    """
    words = Arrays(
        input_ids=pad([row.ids for row in rows], tokenizer.pad_token_id),
        attention_mask=mask_of([len(row) for row in rows]),
        token_type_ids=pad([row.cases for row in rows], 0),
    )
    ids = pad([row.entities.ids for row in rows], tokenizer.entity_pad_id)
    if not ids.shape[1]:
        return words
    first, end = (pad([row.entities.extents[:, side] for row in rows], 0) for side in (0, 1))
    places = entity_positions(first, end, tokenizer.max_mention_length)
    mask = mask_of([len(row.entities.ids) for row in rows])
    return replace(words, entity_ids=ids, entity_attention_mask=mask, entity_position_ids=places)


def token_places(windows: Sequence[Window], pieces: DocPieces, first_only: bool) -> tuple[Ints, Ints, Ints]:
    """Where each token of a document is read: in the window that shows most around it.

    windows (Sequence[Window]): The document's windows.
    pieces (DocPieces): Its pieces.
    first_only (bool): Take the first piece of each token alone.
    RETURNS (tuple): For each piece that counts, its window, its place in the document and its token. Tokens without
        pieces have none. Shape: (n_pieces,) each
    """
    tokens = np.flatnonzero(pieces.starts[1:] > pieces.starts[:-1])
    extents = np.column_stack([pieces.starts[tokens], pieces.starts[tokens + 1]])
    if first_only:
        extents[:, 1] = extents[:, 0] + 1
    if not len(tokens):
        return tokens, tokens, tokens
    home = context_sizes(windows, extents, len(pieces)).argmax(axis=0)
    bounds = np.array([(window.start, window.end) for window in windows], dtype=np.int64)[home]
    first = np.maximum(extents[:, 0], bounds[:, 0])
    lengths = np.minimum(extents[:, 1], bounds[:, 1]) - first  # a huge token sticks out
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(home, lengths), np.repeat(first, lengths) + offsets, np.repeat(tokens, lengths)
