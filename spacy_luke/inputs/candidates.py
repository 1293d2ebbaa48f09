"""All spans of a document's sentences that may be entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .excerpts import TextSizes
from .pieces import Ints

if TYPE_CHECKING:
    from spacy.tokens import Doc


def all_spans(sizes: TextSizes, max_width: int) -> Ints:
    """Every span of up to some tokens, by start and then by end.

    sizes (TextSizes): Gives the number of tokens.
    max_width (int): Most tokens of a span.
    RETURNS (ndarray): Token extents. Shape: (n_spans, 2)
    """
    n = len(sizes.sentences)
    start, width = np.divmod(np.arange(n * max_width), max_width)
    spans = np.column_stack([start, start + width + 1])
    return spans[spans[:, 1] <= n]


def within_sentences(doc: Doc, sizes: TextSizes, spans: Ints) -> Ints:
    """Keep the spans that lie in one sentence and begin and end with a token that can be read.

    doc (Doc): The document.
    sizes (TextSizes): Its sentences, and which tokens have word pieces.
    spans (ndarray): Token extents. Shape: (n_spans, 2)
    RETURNS (ndarray): Those kept. Shape: (n_kept, 2)
    """
    legible = (np.diff(sizes.pieces) > 0) & ~np.array([token.is_space for token in doc], dtype=np.bool_)
    first, last = spans[:, 0], spans[:, 1] - 1
    return spans[(sizes.sentences[first] == sizes.sentences[last]) & legible[first] & legible[last]]
