"""Candidates of a mention: the entities that it may refer to, as the linker found them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc, Span

from ..types import Candidate
from .checks import check_candidates
from .store import read_row, row_key, write_kind, write_row


def read_candidates(span: Span) -> tuple[Candidate, ...]:
    """RETURNS (tuple[Candidate, ...]): What the span may refer to, the best first; empty where nothing is known."""
    return tuple(Candidate(title, score) for title, score in read_row(span, "candidates") or ())


def has_candidates(span: Span) -> bool:
    """RETURNS (bool): Whether anybody stored candidates of this span, be it none at all."""
    return read_row(span, "candidates") is not None


def write_candidates(span: Span, candidates: Iterable[Candidate | tuple[str, float]] | None) -> None:
    """Store what one span may refer to.

    span (Span): The span, with the label under which it will be found.
    candidates (Iterable | None): Titles with scores, the best first; None removes what is stored.
    """
    write_row(span, "candidates", None if candidates is None else check_candidates(candidates))


def write_all_candidates(doc: Doc, spans: Sequence[Span], candidates: Sequence[Iterable[Candidate]]) -> None:
    """Store what the spans of a document may refer to, replacing what was stored.

    doc (Doc): The document.
    spans (Sequence[Span]): The spans, with the labels under which they will be found.
    candidates (Sequence[Iterable[Candidate]]): Titles with scores for each.
    """
    rows = {row_key(span): check_candidates(found) for span, found in zip(spans, candidates, strict=True)}
    write_kind(doc, "candidates", rows or None)
