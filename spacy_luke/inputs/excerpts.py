"""Which part of a Doc is read for the sake of some spans in it, as published checkpoints were trained:

document   ...  |  sentence  |  sentence with the spans  |  sentence  |  ...
excerpt              <- context, token by token in turn ->
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .pieces import Extent, Ints

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..tokenizer import LukeTokenizer


@dataclass(frozen=True)
class Excerpt:
    """Tokens start..end (exclusive) of document `doc`, an index into the batch of documents.

    spans (ndarray): The token extents that are read as entities. Shape: (n_spans, 2)
    items (ndarray): What is answered there, as indices into what the document is asked. Shape: (n_items,)
    ids (ndarray | None): Which entity of the vocabulary each span is read as; None for [MASK]. Shape: (n_spans,)
    """

    doc: int
    start: int
    end: int
    spans: Ints
    items: Ints
    ids: Ints | None = None


@dataclass(frozen=True)
class TextSizes:
    """How long the parts of one document are.

    pieces (ndarray): Word pieces before each token, and of all. Shape: (n_tokens + 1,)
    sentences (ndarray): Number of the sentence of each token; zeros without sentence boundaries.
        Shape: (n_tokens,)
    """

    pieces: Ints
    sentences: Ints

    def count(self, start: int, end: int) -> int:
        """RETURNS (int): Pieces of tokens start..end (exclusive)."""
        return int(self.pieces[end] - self.pieces[start])

    def around(self, start: int, end: int) -> Extent:
        """RETURNS (tuple[int, int]): The tokens of the sentences that tokens start..end (exclusive) lie in."""
        low = np.searchsorted(self.sentences, self.sentences[start], side="left")
        high = np.searchsorted(self.sentences, self.sentences[end - 1], side="right")
        return int(low), int(high)


def text_sizes(docs: Sequence[Doc], split: Sequence[Doc], tokenizer: LukeTokenizer) -> list[TextSizes]:
    """Measure documents. A token counts as its pieces without a space before it, as LUKE's authors count.

    docs (Sequence[Doc]): The documents.
    split (Sequence[Doc]): The same, or others of the same texts, that have the sentence boundaries.
    tokenizer (LukeTokenizer): The tokenizer.
    RETURNS (list[TextSizes]): One entry a document.
    """
    words = [token.text for doc in docs for token in doc]
    lengths = np.array([0, *map(len, tokenizer.encode_words(words, [False] * len(words)))], dtype=np.int64)
    total, first, sizes = np.cumsum(lengths), 0, []
    for doc, boundaries in zip(docs, split, strict=True):
        pieces = total[first : first + len(doc) + 1]
        sizes.append(TextSizes(pieces - pieces[0], _sentence_numbers(doc, boundaries)))
        first += len(doc)
    return sizes


def _sentence_numbers(doc: Doc, split: Doc) -> Ints:
    """The number of each token's sentence, by the boundaries of a Doc of the same text; zeros without any."""
    if not split.has_annotation("SENT_START"):
        return np.zeros(len(doc), dtype=np.int64)
    starts = [token.idx for token in split if token.is_sent_start]
    return np.searchsorted(starts, [token.idx for token in doc], side="right").astype(np.int64)


def add_context(sizes: TextSizes, core: Extent, bounds: Extent, room: int) -> Extent:
    """Choose the text around some tokens: all within bounds if there is room, else tokens from the left and from
    the right in turn, until the next one doesn't fit. So do the published programs for CoNLL-2003.

    sizes (TextSizes): Sizes of the document's parts.
    core (tuple[int, int]): Tokens that are read in any case.
    bounds (tuple[int, int]): Tokens beyond which nothing is read.
    room (int): Most word pieces.
    RETURNS (tuple[int, int]): First and last-plus-one token.
    """
    low, high = bounds
    if sizes.count(low, high) <= room:
        return bounds
    start, end = core
    while start > low or end < high:
        if start > low:
            if sizes.count(start - 1, end) > room:
                break
            start -= 1
        if end < high:
            if sizes.count(start, end + 1) > room:
                break
            end += 1
    return start, end


def cut_into_stretches(sizes: TextSizes, core: Extent, room: int, overlap: int) -> list[Extent]:
    """Cut tokens that are too long to be read at once.

    sizes (TextSizes): Sizes of the document's parts.
    core (tuple[int, int]): The tokens.
    room (int): Most word pieces of a stretch; a single longer token is a stretch of its own.
    overlap (int): Tokens that consecutive stretches share, if there is room.
    RETURNS (list[tuple[int, int]]): First and last-plus-one token of each.
    """
    start, last = core
    stretches: list[Extent] = []
    while start < last:
        end = int(np.searchsorted(sizes.pieces, sizes.pieces[start] + room, side="right")) - 1
        end = min(max(end, start + 1), last)
        if not stretches or end > stretches[-1][1]:
            stretches.append((start, end))
        if end == last:
            break
        start = max(end - overlap, start + 1)
    return stretches
