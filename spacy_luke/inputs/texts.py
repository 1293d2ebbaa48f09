"""Docs, alone or with another text beside them, as padded arrays: what the published heads on text read.

    alone    <s> doc </s>                         beside   <s> doc </s></s> choice </s>
                                                           <s> question </s></s> doc </s>

A document that is too long is read in windows, each with the whole of the text beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .batch import Bools, pad
from .batching import batch_windows
from .pieces import DocPieces, Ints, encode_docs, encode_words
from .windows import Window, make_windows

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..tokenizer import LukeTokenizer

# Words as pretokenizers cut them too, so that the pieces are those of the whole text.
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]+")


@dataclass(frozen=True)
class TextRow:
    """One input.

    window (Window): The part of the document that it shows.
    beside (int): Which of the texts beside its document it shows.
    ids (ndarray): Piece ids with special tokens. Shape: (length,)
    cases (ndarray): Case class of each piece, 0 for special tokens. Shape: (length,)
    at (int): Where the document's pieces begin in it.
    """

    window: Window
    beside: int
    ids: Ints
    cases: Ints
    at: int

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class TextBatch:
    """Padded rows.

    rows (list[TextRow]): The rows.
    ids (ndarray): Shape: (batch, length)
    mask (ndarray): True where there is a piece or special token. Shape: (batch, length)
    cases (ndarray): Shape: (batch, length)
    """

    rows: list[TextRow]
    ids: Ints
    mask: Bools
    cases: Ints


@dataclass(frozen=True)
class TextReader:
    """How documents become rows.

    tokenizer (LukeTokenizer): The model's tokenizer.
    longest (int): Most pieces of a row, special tokens included.
    overlap (int): Pieces that consecutive windows share at least.
    doc_first (bool): Whether the document stands before the text beside it.
    """

    tokenizer: LukeTokenizer
    longest: int
    overlap: int
    doc_first: bool

    def rows(
        self, docs: Sequence[Doc], beside: Sequence[Sequence[str | None]]
    ) -> tuple[list[DocPieces], list[TextRow]]:
        """Encode documents.

        docs (Sequence[Doc]): The documents.
        beside (Sequence[Sequence[str | None]]): For each, the texts that it is read with, once for each; None
            for alone.
        RETURNS (tuple): The documents' pieces, and the rows in order. A document without pieces is read where
            there is a text beside it, and has no row otherwise.
        """
        pieces = encode_docs(docs, self.tokenizer)
        others = iter(
            encode_texts([text for texts in beside for text in texts if text is not None], self.tokenizer)
        )
        rows: list[TextRow] = []
        for doc, texts in enumerate(beside):
            for index, text in enumerate(texts):
                other = None if text is None else next(others)
                rows += self._rows(doc, index, pieces[doc], other)
        return pieces, rows

    def _rows(self, doc: int, beside: int, pieces: DocPieces, other: DocPieces | None) -> Iterator[TextRow]:
        room = self.longest - self.tokenizer.template.size(pair=other is not None)
        if other is not None:  # the other text may have half of the room, or what the document leaves
            other = _cut(other, max(room // 2, room - len(pieces)))
            room -= len(other)
        windows = make_windows(doc, pieces, room, min(self.overlap, room // 2))
        if not windows and other is not None:
            windows = [Window(doc, 0, 0)]
        for window in windows:
            yield self._row(window, beside, pieces, other)

    def _row(self, window: Window, beside: int, pieces: DocPieces, other: DocPieces | None) -> TextRow:
        template = self.tokenizer.template
        shown = slice(window.start, window.end)
        texts = [(pieces.ids[shown], pieces.cases[shown])]
        at = len(template.prefix)
        if other is not None:
            texts.insert(len(texts) if self.doc_first else 0, (other.ids, other.cases))
            at += 0 if self.doc_first else len(other) + len(template.middle)
        ids: list[Ints] = [np.array(template.prefix, dtype=np.int64)]
        cases: list[Ints] = [np.zeros(len(template.prefix), dtype=np.int64)]
        for number, (text_ids, text_cases) in enumerate(texts, start=1):
            special = template.suffix if number == len(texts) else template.middle
            ids += [text_ids, np.array(special, dtype=np.int64)]
            cases += [text_cases, np.zeros(len(special), dtype=np.int64)]
        return TextRow(window, beside, np.concatenate(ids), np.concatenate(cases), at)


def encode_texts(texts: Sequence[str], tokenizer: LukeTokenizer) -> list[DocPieces]:
    """Encode texts that are not Docs, all in one call.

    texts (Sequence[str]): The texts.
    tokenizer (LukeTokenizer): Any tokenizer of ours.
    RETURNS (list[DocPieces]): One entry a text.
    """
    cut = [
        [(m.group(), m.start() > 0 and text[m.start() - 1].isspace()) for m in _WORD.finditer(text)]
        for text in texts
    ]
    return encode_words(cut, tokenizer)


def _cut(pieces: DocPieces, most: int) -> DocPieces:
    return DocPieces(pieces.ids[:most], np.minimum(pieces.starts, most), pieces.cases[:most])


def text_batches(
    rows: Sequence[TextRow], tokenizer: LukeTokenizer, budget: int
) -> Iterator[tuple[list[int], TextBatch]]:
    """Lay rows into padded batches, rows of like length together.

    rows (Sequence[TextRow]): The rows.
    tokenizer (LukeTokenizer): Gives the padding's id.
    budget (int): Most tokens of a padded batch; a single row may exceed it.
    YIELDS (tuple[list[int], TextBatch]): Which of the rows, and the batch.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    for batch in batch_windows(lengths[order, None], budget):
        index = order[batch].tolist()
        yield index, text_batch([rows[i] for i in index], tokenizer)


def text_batch(rows: Sequence[TextRow], tokenizer: LukeTokenizer) -> TextBatch:
    """Lay rows into padded arrays.

    rows (Sequence[TextRow]): The rows.
    tokenizer (LukeTokenizer): Gives the padding's id.
    RETURNS (TextBatch): The batch.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
    return TextBatch(
        list(rows),
        pad([row.ids for row in rows], tokenizer.pad_token_id),
        mask,
        pad([row.cases for row in rows], 0),
    )
