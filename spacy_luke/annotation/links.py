"""The entities that a mention may be of, as the linker says: stored as plain data beside other annotation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc, Span

from ..errors import Errors
from ..types import Candidate
from .entities import span_key
from .store import store, stored

KIND = "candidates"


def read_candidates(span: Span) -> tuple[Candidate, ...]:
    """RETURNS (tuple[Candidate, ...]): What the span may be, the best first; empty where nothing is known."""
    rows = stored(span.doc).get(KIND, {}).get(span_key(span), ())
    return tuple(Candidate(title, score) for title, score in rows)


def has_candidates(span: Span) -> bool:
    """RETURNS (bool): Whether anybody stored candidates of this span; true of a mention known to have none too."""
    return span_key(span) in stored(span.doc).get(KIND, {})


def write_candidates(span: Span, candidates: Iterable[Candidate | tuple[str, float]] | None) -> None:
    """Store what one span may be.

    span (Span): The span, with the label under which it will be found.
    candidates (Iterable | None): Titles with scores, the best first; None removes what is stored.
    """
    tables = stored(span.doc)
    rows = {key: row for key, row in tables.get(KIND, {}).items() if key != span_key(span)}
    if candidates is not None:
        rows[span_key(span)] = _plain(candidates)
    _write(span.doc, rows)


def write_all_candidates(doc: Doc, spans: Sequence[Span], candidates: Sequence[Iterable[Candidate]]) -> None:
    """Store what the spans of a document may be, replacing what was stored.

    doc (Doc): The document.
    spans (Sequence[Span]): The spans, with the labels under which they will be found.
    candidates (Sequence[Iterable[Candidate]]): Titles with scores for each.
    """
    _write(doc, {span_key(span): _plain(found) for span, found in zip(spans, candidates, strict=True)})


def _write(doc: Doc, rows: dict[str, list[list[str | float]]]) -> None:
    tables = {kind: table for kind, table in stored(doc).items() if kind != KIND}
    store(doc, {**tables, KIND: rows} if rows else tables)


def _plain(candidates: Iterable[Candidate | tuple[str, float]]) -> list[list[str | float]]:
    rows: list[list[str | float]] = []
    for candidate in candidates:
        title, score = candidate
        if not isinstance(title, str) or not isinstance(score, (int, float)):
            raise TypeError(Errors.L440.format(value=candidate))
        rows.append([title, float(score)])
    return rows
