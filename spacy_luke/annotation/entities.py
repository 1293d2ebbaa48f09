"""What is known about an entity: labels with probabilities, the best label, a vector, candidates for linking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..types import Candidate
from .checks import check_candidates, check_labels, check_length, check_span, check_text, check_vectors
from .store import Table, find_key, get_kind, get_row, row_key, store, stored, write_kind, write_row

EntityGetter = Callable[[Doc], Sequence[Span]]  # which entities of a document a pipe reads


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
    vectors (np.ndarray | None): Shape: (len(spans), width), copied as float32, or float16 if it is that; None leaves
        them.
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


def get_label(span: Span) -> str:
    """RETURNS (str): The span's best label above threshold; "" where there is none or nothing is known."""
    return get_row(span, "best") or ""


def write_label(span: Span, label: str | None) -> None:
    """span (Span): The span, with the label it is found under. label (str | None): Its label; None removes it."""
    check_span(span.doc, span, "entity")
    write_row(span, "best", None if label is None else check_text(label, "label"))


def has_labels(span: Span) -> bool:
    """RETURNS (bool): Whether anybody stored labels of this span, be it none at all."""
    return get_row(span, "labels") is not None


def get_labels(span: Span) -> dict[str, float]:
    """RETURNS (dict[str, float]): A copy of the span's labels with probabilities; empty where nothing is known."""
    return dict(get_row(span, "labels") or {})


def write_labels(span: Span, labels: Mapping[str, float] | None) -> None:
    """span (Span): The span. labels (Mapping[str, float] | None): Its labels, 1.0 for gold; None removes them."""
    check_span(span.doc, span, "entity")
    write_row(span, "labels", None if labels is None else check_labels(labels))


def get_vector(span: Span) -> NDArray[np.float32] | None:
    """RETURNS (np.ndarray | None): A float32 copy of the span's vector, shape (width,); None if it has none."""
    table = get_kind(span.doc, "vectors") or {"rows": {}}
    key = find_key(span, table["rows"])
    return None if key is None else np.array(table["array"][table["rows"][key]], dtype=np.float32)


def has_vectors(doc: Doc) -> bool:
    """RETURNS (bool): Whether anybody stored vectors of a document's spans."""
    return get_kind(doc, "vectors") is not None


def forget_vectors(doc: Doc) -> None:
    """doc (Doc): A document whose vectors aren't wanted."""
    write_kind(doc, "vectors", None)


def write_vector(span: Span, vector: Any) -> None:
    """Store one span's vector. For a whole document, `write_entities` writes one array at once.

    span (Span): The span, with the label under which it is found.
    vector (np.ndarray | None): Shape: (width,), as wide as the document's other vectors; None removes it.
    """
    check_span(span.doc, span, "entity")
    table = get_kind(span.doc, "vectors") or {"rows": {}, "array": ()}
    vectors = {key: table["array"][row] for key, row in table["rows"].items() if key != row_key(span)}
    if vector is not None:
        vectors[row_key(span)] = check_vectors([vector], 1)[0]
    widths = {len(row) for row in vectors.values()}
    if len(widths) > 1:
        raise ValueError(Errors.L409.format(expected=len(vectors), shape=np.shape(vector)))
    rows = {key: i for i, key in enumerate(vectors)}
    array = np.stack(list(vectors.values())) if vectors else None
    write_kind(span.doc, "vectors", {"rows": rows, "array": array} if vectors else None)


def get_candidates(span: Span) -> tuple[Candidate, ...]:
    """RETURNS (tuple[Candidate, ...]): What the span may refer to, the best first; empty where nothing is known."""
    return tuple(Candidate(title, score) for title, score in get_row(span, "candidates") or ())


def has_candidates(span: Span) -> bool:
    """RETURNS (bool): Whether anybody stored candidates of this span, be it none at all."""
    return get_row(span, "candidates") is not None


def write_candidates(span: Span, candidates: Iterable[Candidate | tuple[str, float]] | None) -> None:
    """span (Span): The span. candidates (Iterable | None): Titles with scores, the best first; None removes them."""
    rows = None if candidates is None else check_candidates(candidates)
    for title, _ in rows or ():
        check_text(title, "title of a candidate")
    write_row(span, "candidates", rows)


def write_all_candidates(doc: Doc, spans: Sequence[Span], candidates: Sequence[Iterable[Candidate]]) -> None:
    """Store titles with scores for each of a document's spans, replacing all candidates that were stored."""
    rows = {row_key(span): check_candidates(found) for span, found in zip(spans, candidates, strict=True)}
    write_kind(doc, "candidates", rows or None)
