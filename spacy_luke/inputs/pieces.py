"""Doc -> word pieces, with the way from tokens to pieces.

Every spaCy token is encoded on its own, so a token boundary is always a piece boundary and any span of
tokens is a run of pieces, whatever entities are asked about later:

    tokens   Marie   Curie    was  born          in ...
    pieces   marie | cur ##ie | was | born     | in
    starts   0       1          3     4          5       starts[t]..starts[t + 1] are the pieces of token t

A token that the tokenizer drops (a lone zero-width joiner, a newline in WordPiece) has no pieces; it stays in
the Doc and a span may contain it, but nothing starts or ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..tokenizer import BaseTokenizer

Ints = NDArray[np.int64]
Extent = tuple[int, int]  # first and last-plus-one token

# Case classes, fed as token types to encoders whose vocabulary is uncased: `LukeConfig.case_token_types`.
LOWER, TITLE, UPPER, MIXED = range(4)
N_CASES = 4


@dataclass(frozen=True)
class DocPieces:
    """The word pieces of one Doc.

    ids (ndarray): Piece ids without special tokens. Shape: (n_pieces,)
    starts (ndarray): First piece of each token, and the number of pieces. Shape: (n_tokens + 1,)
    cases (ndarray): Case class of each piece's token. Shape: (n_pieces,)
    """

    ids: Ints
    starts: Ints
    cases: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def extent(self, start: int, end: int) -> tuple[int, int]:
        """The pieces of tokens start..end (exclusive); empty when the tokenizer dropped all of them."""
        return int(self.starts[start]), int(self.starts[end])


def case_class(word: str) -> int:
    """RETURNS (int): The case of a token: LOWER (also: no letters), TITLE, UPPER (two letters or more) or MIXED."""
    if word == word.lower():
        return LOWER
    if len(word) > 1 and word == word.upper():
        return UPPER
    head, tail = word[0], word[1:]
    return TITLE if head != head.lower() and tail == tail.lower() else MIXED


def encode_docs(docs: Sequence[Doc], tokenizer: BaseTokenizer) -> list[DocPieces]:
    """Encode all tokens of all docs in one call of the tokenizer.

    docs (Sequence[Doc]): The documents.
    tokenizer (BaseTokenizer): Any tokenizer of ours.
    RETURNS (list[DocPieces]): One entry a document.
    """
    texts: list[list[tuple[str, bool]]] = []
    for doc in docs:
        words, space_before = [], False
        for token in doc:
            words.append((token.text, space_before))
            space_before = bool(token.whitespace_)
        texts.append(words)
    return encode_words(texts, tokenizer)


def encode_whole_texts(
    docs: Sequence[Doc], cuts: Sequence[Ints], tokenizer: BaseTokenizer
) -> list[DocPieces]:
    """Encode the texts of docs as LUKE's tokenizer does, and give each token the pieces that start in it.

    A piece may reach into the next token ("don" of "do|n't"). Case classes are all LOWER: this is for models that
    don't read them.

    docs (Sequence[Doc]): The documents.
    cuts (Sequence[ndarray]): Token extents of entities, at which the text is cut. Shape: (n_entities, 2) each
    tokenizer (BaseTokenizer): Any tokenizer of ours.
    RETURNS (list[DocPieces]): One entry a document.
    """
    spans = []
    for doc, extents in zip(docs, cuts, strict=True):
        entities = [doc[start:end] for start, end in extents.tolist()]
        spans.append([(entity.start_char, entity.end_char) for entity in entities])
    pieces = []
    texts = [doc.text for doc in docs]
    encoded = tokenizer.encode_texts(texts, spans, split_special_tokens=True, with_offsets=True)
    for doc, text in zip(docs, encoded, strict=True):
        begins = np.array([place[0] for place in text.offsets or () if place], dtype=np.int64)
        tokens = np.array([*(token.idx for token in doc), len(doc.text) + 1], dtype=np.int64)
        starts = np.searchsorted(begins, tokens).astype(np.int64)
        ids = np.array(text.ids, dtype=np.int64)
        pieces.append(DocPieces(ids, starts, np.full_like(ids, LOWER)))
    return pieces


def encode_words(texts: Sequence[Sequence[tuple[str, bool]]], tokenizer: BaseTokenizer) -> list[DocPieces]:
    """Encode texts that are cut into words, in one call of the tokenizer.

    texts (Sequence[Sequence[tuple[str, bool]]]): The words of each text, and whether a space stands before them.
    tokenizer (BaseTokenizer): Any tokenizer of ours.
    RETURNS (list[DocPieces]): One entry a text.
    """
    words = [word for text in texts for word, _ in text]
    encoded = tokenizer.encode_words(words, [space for text in texts for _, space in text])
    ends = accumulate(map(len, texts), initial=0)
    return [_doc_pieces(words[start:end], encoded[start:end]) for start, end in pairwise(ends)]


def _doc_pieces(words: Sequence[str], encoded: Sequence[Sequence[int]]) -> DocPieces:
    lengths = np.fromiter((len(ids) for ids in encoded), dtype=np.int64, count=len(encoded))
    starts = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    ids = np.fromiter(chain.from_iterable(encoded), dtype=np.int64, count=int(starts[-1]))
    known = {word: case_class(word) for word in set(words)}
    cases = np.fromiter((known[word] for word in words), dtype=np.int64, count=len(words))
    return DocPieces(ids, starts, np.repeat(cases, lengths))
