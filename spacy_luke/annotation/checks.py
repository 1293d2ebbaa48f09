"""Checks of what users assign. Each returns the value as it is stored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..types import Fact, Relation


def check_span(doc: Doc, span: Any, what: str) -> None:
    """A span that isn't empty, of this document or of one with the same text."""
    if not isinstance(span, Span):
        raise TypeError(Errors.L402.format(what=what, type=type(span).__name__, value=span))
    if len(span) == 0:
        raise ValueError(Errors.L404.format(what=what, start=span.start, end=span.end))
    if span.doc is not doc and span.doc.text != doc.text:
        place = {"start": span.start_char, "end": span.end_char}
        raise ValueError(Errors.L403.format(what=what, span=span.text, **place))


def check_label(value: Any, what: str) -> str:
    """A string that isn't empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(Errors.L406.format(what=what, value=value))
    return value if value.isascii() else check_text(value, what)


def check_text(value: Any, what: str) -> str:
    """A string that can be encoded: with a lone surrogate, neither a tokenizer nor a DocBin takes it."""
    if not isinstance(value, str):
        raise TypeError(Errors.L411.format(what=what, type=type(value).__name__, value=value))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(Errors.L414.format(what=what, value=value, place=error.start)) from error
    return value


def check_score(value: Any, what: str) -> float:
    """A number from 0 to 1."""
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not 0.0 <= score <= 1.0:
        raise ValueError(Errors.L407.format(what=what, value=value))
    return score


def check_labels(value: Any) -> dict[str, float]:
    """Labels with probabilities."""
    if not isinstance(value, Mapping):
        raise TypeError(Errors.L413.format(type=type(value).__name__, value=value))
    return {check_label(k, "label of a span"): check_score(v, f"label {k!r}") for k, v in value.items()}


def check_iterable(value: Any, what: str) -> list[Any]:
    """Any number of things, which a string isn't."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(Errors.L412.format(what=what, type=type(value).__name__, value=value))
    return list(value)


def check_texts(value: Any, what: str) -> list[str]:
    """Any number of strings."""
    return [check_text(item, what) for item in check_iterable(value, f"{what}s")]


def as_type(vectors: NDArray[np.float32], kind: type[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """vectors (np.ndarray): Vectors. kind (type): float32 or float16.
    RETURNS (np.ndarray): They in this type; numbers beyond its range become the largest that it has."""
    limit = np.finfo(kind).max
    return vectors.astype(kind) if kind == np.float32 else np.clip(vectors, -limit, limit).astype(kind)


def check_vectors(value: Any, n_spans: int) -> NDArray[np.floating[Any]]:
    """A matrix with a row for each span, of float32, or of float16 if it is already."""
    half = getattr(value, "dtype", None) == np.float16
    array: NDArray[np.floating[Any]] = np.array(value, dtype=np.float16 if half else np.float32, order="C")
    if array.ndim != 2 or array.shape[0] != n_spans:
        raise ValueError(Errors.L409.format(expected=n_spans, shape=array.shape))
    return array


def check_length(values: Sequence[Any], what: str, expected: int, each: str) -> None:
    """As many values as there are spans or tokens."""
    if len(values) != expected:
        raise ValueError(Errors.L408.format(expected=expected, what=what, each=each, got=len(values)))


def check_candidates(candidates: Iterable[Any]) -> list[list[str | float]]:
    """Titles with scores."""
    rows: list[list[str | float]] = []
    for candidate in candidates:
        title, score = candidate
        if not isinstance(title, str) or not isinstance(score, (int, float)):
            raise TypeError(Errors.L440.format(value=candidate))
        rows.append([title, float(score)])
    return rows


def check_relation(doc: Doc, value: Any) -> Relation:
    """A relation between spans of this document, or the like as a tuple."""
    if not isinstance(value, (tuple, list)) or not 3 <= len(value) <= 5:
        raise TypeError(Errors.L405.format(type=type(value).__name__, value=value))
    head, tail, label, score, id_ = Relation(*value)
    check_span(doc, head, "head of a relation")
    check_span(doc, tail, "tail of a relation")
    check_label(label, "label of a relation")
    score = check_score(score, f"relation {label!r}")
    return Relation(head, tail, label, score, check_text(id_, "id of a relation"))


def check_fact(doc: Doc, value: Any) -> Fact:
    """A fact with relations of this document that support it."""
    if not isinstance(value, (tuple, list)) or len(value) != 6 or not value[5]:
        raise TypeError(Errors.L410.format(type=type(value).__name__, value=value))
    head, tail, label, score, id_, pairs = value
    return Fact(
        check_label(head, "head of a fact"),
        check_label(tail, "tail of a fact"),
        check_label(label, "label of a fact"),
        check_score(score, f"fact {label!r}"),
        check_text(id_, "id of a fact"),
        tuple(check_relation(doc, pair) for pair in check_iterable(pairs, "Relations")),
    )
