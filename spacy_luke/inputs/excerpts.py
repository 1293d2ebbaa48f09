"""Which spans of a Doc are read, and which part of it for their sake, as published checkpoints were trained:

document   ...  |  sentence  |  sentence with the spans  |  sentence  |  ...
excerpt              <- context, token by token in turn ->
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from .pieces import Extent, Ints

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..tokenizer import BaseTokenizer


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


def text_sizes(docs: Sequence[Doc], split: Sequence[Doc], tokenizer: BaseTokenizer) -> list[TextSizes]:
    """Measure documents. A token counts as its pieces without a space before it, as LUKE's authors count.

    docs (Sequence[Doc]): The documents.
    split (Sequence[Doc]): The same, or others of the same texts, that have the sentence boundaries.
    tokenizer (BaseTokenizer): The tokenizer.
    RETURNS (list[TextSizes]): One entry a document.
    """
    words = [token.text for doc in docs for token in doc]
    lengths = np.array([0, *map(len, tokenizer.encode_words(words, [False] * len(words)))], dtype=np.int64)
    total, sizes = np.cumsum(lengths), []
    bounds = pairwise(accumulate(map(len, docs), initial=0))
    for doc, boundaries, (first, last) in zip(docs, split, bounds, strict=True):
        pieces = total[first : last + 1] - total[first]
        sizes.append(TextSizes(pieces, _sentence_numbers(doc, boundaries)))
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


def all_spans(sizes: TextSizes, max_width: int) -> Ints:
    """RETURNS (ndarray): Every span of up to `max_width` tokens, by start and then by end. Shape: (n_spans, 2)"""
    n = len(sizes.sentences)
    start, width = np.divmod(np.arange(n * max_width), max_width)
    spans = np.column_stack([start, start + width + 1])
    return spans[spans[:, 1] <= n]


def within_sentences(doc: Doc, sizes: TextSizes, spans: Ints) -> Ints:
    """RETURNS (ndarray): The spans within a sentence whose first and last token can be read. Shape: (n_kept, 2)"""
    legible = (np.diff(sizes.pieces) > 0) & ~np.array([token.is_space for token in doc], dtype=np.bool_)
    first, last = spans[:, 0], spans[:, 1] - 1
    return spans[(sizes.sentences[first] == sizes.sentences[last]) & legible[first] & legible[last]]
