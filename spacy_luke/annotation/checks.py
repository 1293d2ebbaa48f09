"""What may be stored of a document: every check of what users assign, and the values as they are stored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import Errors

FloatArray = NDArray[np.float32]


def check_span(doc: Doc, span: Any, what: str) -> None:
    if not isinstance(span, Span):
        raise TypeError(Errors.L402.format(what=what, type=type(span).__name__, value=span))
    if len(span) == 0:
        raise ValueError(Errors.L404.format(what=what, start=span.start, end=span.end))
    if span.doc is not doc and span.doc.text != doc.text:
        raise ValueError(
            Errors.L403.format(what=what, span=span.text, start=span.start_char, end=span.end_char)
        )


def check_label(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(Errors.L406.format(what=what, value=value))
    return value


def check_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(Errors.L411.format(what=what, type=type(value).__name__, value=value))
    return value


def check_score(value: Any, what: str) -> float:
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not 0.0 <= score <= 1.0:
        raise ValueError(Errors.L407.format(what=what, value=value))
    return score


def check_labels(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise TypeError(Errors.L413.format(type=type(value).__name__, value=value))
    return {check_label(k, "label of a span"): check_score(v, f"label {k!r}") for k, v in value.items()}


def check_iterable(value: Any, what: str) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(Errors.L412.format(what=what, type=type(value).__name__, value=value))
    return list(value)


def check_vectors(value: Any, n_spans: int) -> FloatArray:
    array = np.array(value, dtype=np.float32, order="C")
    if array.ndim != 2 or array.shape[0] != n_spans:
        raise ValueError(Errors.L409.format(expected=n_spans, shape=array.shape))
    return array


def check_length(values: Sequence[Any], what: str, expected: int) -> None:
    if len(values) != expected:
        raise ValueError(Errors.L408.format(expected=expected, what=what, got=len(values)))
