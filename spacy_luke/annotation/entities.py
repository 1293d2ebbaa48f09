"""What is known about an entity: labels with probabilities, the best label, a vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from ..errors import Errors
from .checks import FloatArray, check_labels, check_length, check_span, check_text, check_vectors
from .store import Table, read_kind, read_row, row_key, store, stored, write_kind, write_row


def write_entities(
    doc: Doc,
    spans: Sequence[Span],
    labels: Sequence[Mapping[str, float]] | None = None,
    best: Sequence[str] | None = None,
    vectors: Any = None,
) -> None:
    """Store what is known about spans, replacing for the whole document what was stored of the given kinds.

    doc (Doc): The document.
    spans (Sequence[Span]): Its spans, with the labels that they have in `doc.ents` or `doc.spans`.
    labels (Sequence[Mapping[str, float]] | None): Each span's labels with probabilities; None leaves them.
    best (Sequence[str] | None): Each span's label above threshold, or ""; None leaves them.
    vectors (np.ndarray | None): Shape: (len(spans), width), copied as float32; None leaves them.
    RAISES (TypeError, ValueError): On spans of another text, or where the lengths differ.
    """
    for span in spans:
        check_span(doc, span, "entity")
    keys = [row_key(span) for span in spans]
    tables: Table = {}
    if labels is not None:
        check_length(labels, "labels", len(keys), "span")
        tables["labels"] = {key: check_labels(row) for key, row in zip(keys, labels, strict=True)}
    if best is not None:
        check_length(best, "best labels", len(keys), "span")
        tables["best"] = {key: check_text(label, "label") for key, label in zip(keys, best, strict=True)}
    if vectors is not None:
        array = check_vectors(vectors, len(keys))
        tables["vectors"] = {"rows": {key: i for i, key in enumerate(keys)}, "array": array}
    if tables:
        store(doc, {**stored(doc), **tables})


def read_label(span: Span) -> str:
    """The label given to a span.

    span (Span): The span, with its label.
    RETURNS (str): The best label above threshold, or "" where there is none or nothing is known.
    """
    return read_row(span, "best") or ""


def write_label(span: Span, label: str | None) -> None:
    """Store one span's label.

    span (Span): The span, with the label under which it will be found.
    label (str | None): The label; None removes it.
    """
    check_span(span.doc, span, "entity")
    write_row(span, "best", None if label is None else check_text(label, "label"))


def has_labels(span: Span) -> bool:
    """Whether anybody stored labels for this span.

    span (Span): The span, with its label.
    RETURNS (bool): True after `{}` was assigned too: known to have no label.
    """
    return read_row(span, "labels") is not None


def read_labels(span: Span) -> dict[str, float]:
    """Every label of a span with its probability.

    span (Span): The span, with its label.
    RETURNS (dict[str, float]): A copy; empty where nothing is known.
    """
    return dict(read_row(span, "labels") or {})


def write_labels(span: Span, labels: Mapping[str, float] | None) -> None:
    """Store one span's labels.

    span (Span): The span, with the label under which it will be found.
    labels (Mapping[str, float] | None): Labels with probabilities, 1.0 for gold; None removes them.
    """
    check_span(span.doc, span, "entity")
    write_row(span, "labels", None if labels is None else check_labels(labels))


def read_vector(span: Span) -> FloatArray | None:
    """A span's vector.

    span (Span): The span, with its label.
    RETURNS (np.ndarray | None): A float32 copy. Shape: (width,). None where nothing is known.
    """
    table = read_kind(span.doc, "vectors")
    if table is None or row_key(span) not in table["rows"]:
        return None
    return np.array(table["array"][table["rows"][row_key(span)]], dtype=np.float32)


def write_vector(span: Span, vector: Any) -> None:
    """Store one span's vector. For a whole document, `write_entities` writes one array at once.

    span (Span): The span, with the label under which it will be found.
    vector (np.ndarray | None): Shape: (width,), as wide as the document's other vectors; None removes it.
    """
    check_span(span.doc, span, "entity")
    table = read_kind(span.doc, "vectors") or {"rows": {}, "array": ()}
    vectors = {key: table["array"][row] for key, row in table["rows"].items() if key != row_key(span)}
    if vector is not None:
        vectors[row_key(span)] = check_vectors([vector], 1)[0]
    widths = {len(row) for row in vectors.values()}
    if len(widths) > 1:
        raise ValueError(Errors.L409.format(expected=len(vectors), shape=np.shape(vector)))
    rows = {key: i for i, key in enumerate(vectors)}
    array = np.stack(list(vectors.values())) if vectors else None
    write_kind(span.doc, "vectors", {"rows": rows, "array": array} if vectors else None)
