"""How alike entities are, by their vectors: what the model says of them in their texts."""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span, Token

from ..errors import Errors, Warnings
from .entities import get_vector
from .store import get_kind


def similarity(a: Span, b: Span) -> float:
    """How alike two entities are.

    a (Span): An entity with a vector.
    b (Span): Another one, of the same document or not.
    RETURNS (float): The cosine of their vectors, from -1 to 1; 0 if one of the vectors is 0.
    RAISES (ValueError): If one of them has no vector.
    """
    return float(_needed(a) @ _needed(b))


def nearest(span: Span, among: Iterable[Doc | Span], n: int = 10) -> list[tuple[Span, float]]:
    """Find the entities that are most like a given one.

    span (Span): An entity with a vector.
    among (Iterable[Doc | Span]): Where to look: documents, for all their entities with a vector (those in span groups
        too), or spans, of which those without a vector are passed over. The given entity itself isn't found.
    n (int): How many to find at most.
    RETURNS (list[tuple[Span, float]]): The entities with their similarity, the most alike first.
    RAISES (ValueError): If the span has no vector.
    """
    vector = _needed(span)
    # By document, so that a stream of them is never in memory at once.
    found = (scored for item in among for scored in _scored(vector, span, item))
    return heapq.nlargest(n, found, key=lambda scored: scored[1])


def use_similarity(doc: Doc) -> Doc:
    """Let `span.similarity` of a document's spans, where both spans have LUKE vectors, be that of these vectors. Where
    one has none it is 0, with a warning.

    doc (Doc): The document. What is stored of it on disk or in bytes doesn't hold this; pickle and other processes do.
    RETURNS (Doc): The same.
    """
    doc.user_span_hooks["similarity"] = _hook
    return doc


def _hook(span: Span, other: Doc | Span | Token) -> float:
    a, b = _direction(span), _direction(other) if isinstance(other, Span) else None
    if a is None or b is None:
        warnings.warn(Warnings.W601.format(a=span.text, b=other.text), stacklevel=2)
        return 0.0
    return float(a @ b)


def _scored(vector: NDArray[np.float32], asked: Span, item: Doc | Span) -> Iterator[tuple[Span, float]]:
    groups: Any = (item.ents, *item.spans.values()) if isinstance(item, Doc) else ([item],)
    spans = list(dict.fromkeys(span for group in groups for span in group))
    if not spans or get_kind(spans[0].doc, "vectors") is None:
        return
    for span in spans:
        other = None if span == asked else _direction(span)
        if other is not None:
            yield span, float(vector @ other)


def _needed(span: Span) -> NDArray[np.float32]:
    direction = _direction(span)
    if direction is None:
        raise ValueError(Errors.L610.format(span=span.text))
    return direction


def _direction(span: Span) -> NDArray[np.float32] | None:
    """The vector, of length 1 unless it is 0."""
    vector = get_vector(span)
    if vector is None:
        return None
    length = np.linalg.norm(vector)
    unit: NDArray[np.float32] = vector / length if length else vector
    return unit
