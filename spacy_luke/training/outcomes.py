"""What Docs say, as sets of offsets and strings, so that two Docs of one text can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spacy.tokens import Doc, Span

from ..annotation import get_label, get_labels, has_labels, normalize
from ..types import Relation

Offsets = tuple[int, int]
PairFilter = Callable[[Span, Span], bool]


def char_offsets(span: Span) -> Offsets:
    """RETURNS (tuple[int, int]): First and last-plus-one character of the span."""
    return span.start_char, span.end_char


def labelled_spans(doc: Doc, spans_key: str | None = None) -> list[Span]:
    """RETURNS (list[Span]): The spans whose labels count: a group's, if the Doc has it; without a key, `doc.ents`."""
    return list(doc.ents if spans_key is None else doc.spans.get(spans_key, ()))


def gold_labels(span: Span) -> set[str]:
    """RETURNS (set[str]): A gold span's `luke_labels` of 0.5 or more if any were assigned, else its own label."""
    if has_labels(span):
        return {label for label, score in get_labels(span).items() if score >= 0.5}
    return {span.label_} - {""}


def best_labels(span: Span) -> set[str]:
    """RETURNS (set[str]): A predicted span's `luke_label`; none for ""."""
    return {get_label(span)} - {""}


def mention_pairs(
    relations: Iterable[Relation], keep: PairFilter | None = None
) -> set[tuple[Offsets, Offsets, str]]:
    """Relations as mention pairs.

    relations (Iterable[Relation]): Relations of one document.
    keep (Callable[[Span, Span], bool] | None): Which pairs count, e.g. `same_sentence`; None for all.
    RETURNS (set[tuple]): (head offsets, tail offsets, label).
    """
    return {
        (char_offsets(r.head), char_offsets(r.tail), r.label)
        for r in relations
        if keep is None or keep(r.head, r.tail)
    }


def same_sentence(head: Span, tail: Span) -> bool:
    """RETURNS (bool): Whether one sentence holds both mentions wholly; a document without boundaries is one."""
    if not head.doc.has_annotation("SENT_START"):
        return True
    sentence = head.sent
    return bool(sentence.start <= tail.start and tail.end <= sentence.end and head.end <= sentence.end)


def entity(span: Span) -> str:
    """RETURNS (str): The entity of a mention: `span.id_`, where the converters keep it, or the normalized text."""
    return span.id_ or normalize(span.text)


def entity_triples(relations: Iterable[Relation]) -> set[tuple[str, str, str]]:
    """RETURNS (set[tuple]): (head entity, tail entity, label), as DocRED counts: no entity is related to itself."""
    triples = {(entity(r.head), entity(r.tail), r.label) for r in relations}
    return {(head, tail, label) for head, tail, label in triples if head != tail}
