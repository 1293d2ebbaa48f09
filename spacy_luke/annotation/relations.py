"""Relations between mentions of a document, and the facts that they support.

A stored table has each mention once, pairs of their numbers (head, tail, label, score, id), and facts with the range
of their pairs (head, tail, label, score, id, start, end).

Gold relations are those that the text states of their two mentions. Gold may also name unsure ones, which may be stated
or not: they are neither right nor wrong. A score of 1 says that the document tells the relation of the two entities,
so that its facts count it; with a lower score that isn't known either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spacy.tokens import Doc, Span

from ..types import Fact, Relation
from .checks import check_fact, check_iterable, check_relation
from .store import Table, get_kind, store, stored, write_kind

# A list of relations in `doc.user_data`: others were not looked for, so that gold doesn't say whether they hold.
RELATIONS_LOOKED_FOR = "luke_relations_looked_for"
ENTITIES_LOOKED_FOR = "luke_entities_looked_for"  # the same for types of entities
# What annotators refused, in `doc.user_data`: [[start, end, label], ...], and [[start and end of the head, start and
# end of the tail, label], ...]; in characters.
REJECTED_ENTITIES = "luke_rejected_entities"
REJECTED_RELATIONS = "luke_rejected_relations"
# True in `doc.user_data`: several of them were refused with one answer, so that which is wrong isn't known.
REJECTED_TOGETHER = "luke_rejected_together"

MentionRow = tuple[int, int, str, str, str]
PairRow = tuple[MentionRow, MentionRow, str, float, str]
FactRow = tuple[str, str, str, float, str, Sequence[PairRow]]


def has_relations(doc: Doc) -> bool:
    """RETURNS (bool): Whether anybody assigned relations, be it none. If not, the Doc neither trains nor scores."""
    return get_kind(doc, "relations") is not None


def get_relations(doc: Doc) -> tuple[Relation, ...]:
    """RETURNS (tuple[Relation, ...]): The document's relations, as they were assigned; empty if there are none."""
    table = get_kind(doc, "relations")
    return () if table is None else _rebuild_pairs(doc, table)


def write_relations(doc: Doc, relations: Iterable[Relation | tuple[Any, ...]] | None) -> None:
    """Store the document's relations, replacing those of an earlier writer.

    doc (Doc): The document.
    relations (Iterable[Relation | tuple] | None): Relations, or tuples (head, tail, label[, score[, id]]),
        between spans of this document or of a copy with the same text. None: never annotated.
    RAISES (TypeError, ValueError): On anything else; what was stored stays then.
    """
    write_kind(doc, "relations", None if relations is None else _checked_table(doc, relations))


def get_unsure(doc: Doc) -> tuple[Relation, ...]:
    """RETURNS (tuple[Relation, ...]): The relations that gold isn't sure of, as they were assigned."""
    table = get_kind(doc, "unsure")
    return () if table is None else _rebuild_pairs(doc, table)


def write_unsure(doc: Doc, relations: Iterable[Relation | tuple[Any, ...]] | None) -> None:
    """Store relations that gold isn't sure of; see `write_relations`. None or no relations: gold is sure of all."""
    write_kind(doc, "unsure", None if relations is None else _checked_table(doc, relations))


def get_told(doc: Doc) -> tuple[Relation, ...]:
    """RETURNS (tuple[Relation, ...]): All pairs of mentions of entities of which gold tells a relation, whether the
    text states it of these mentions or not: what the document's facts are."""
    return (*get_relations(doc), *(relation for relation in get_unsure(doc) if relation.score == 1.0))


def get_facts(doc: Doc) -> tuple[Fact, ...]:
    """RETURNS (tuple[Fact, ...]): The document's facts, in the order of writing; empty if there are none."""
    table = get_kind(doc, "facts")
    if table is None:
        return ()
    pairs = _rebuild_pairs(doc, table)
    return tuple(Fact._make((*fact, pairs[start:end])) for *fact, start, end in table["facts"])


def write_facts(doc: Doc, facts: Iterable[Fact] | None) -> None:
    """Store the document's facts, replacing those of an earlier writer.

    doc (Doc): The document.
    facts (Iterable[Fact] | None): Facts, each with the pairs that support it. None removes what is stored.
    RAISES (TypeError, ValueError): On anything else; what was stored stays then.
    """
    table = None
    if facts is not None:
        checked = [check_fact(doc, value) for value in check_iterable(facts, "Facts")]
        table = _fact_table([(*fact[:5], list(map(_pair_row, fact.pairs))) for fact in checked])
    write_kind(doc, "facts", table)


def write_pairs(doc: Doc, relations: Sequence[PairRow], facts: Sequence[FactRow]) -> None:
    """Store relations and facts of mentions that were taken from this very document: thousands of them, unchecked.

    doc (Doc): The document.
    relations (Sequence[tuple]): Head and tail by `mention_row`, label, score, id.
    facts (Sequence[tuple]): Texts of head and tail, label, score, id, and the pairs that support it, best first.
    """
    store(doc, {**stored(doc), "relations": _pair_table(relations), "facts": _fact_table(facts)})


def mention_row(span: Span) -> MentionRow:
    """span (Span): A mention. RETURNS (tuple): It as stored: characters, label, and ids in and of a knowledge base."""
    return span.start_char, span.end_char, span.label_, span.kb_id_, span.id_


def _checked_table(doc: Doc, relations: Iterable[Relation | tuple[Any, ...]]) -> Table:
    checked = [check_relation(doc, value) for value in check_iterable(relations, "Relations")]
    return _pair_table(map(_pair_row, checked))


def _pair_row(relation: Relation) -> PairRow:
    head, tail, label, score, id_ = relation
    return mention_row(head), mention_row(tail), label, score, id_


def _pair_table(pairs: Iterable[PairRow]) -> Table:
    """Rows are tuples: lists by the thousand make the garbage collector go through all objects again and again."""
    index: dict[MentionRow, int] = {}
    rows = [
        (index.setdefault(head, len(index)), index.setdefault(tail, len(index)), label, score, id_)
        for head, tail, label, score, id_ in pairs
    ]
    return {"spans": list(index), "pairs": rows}


def _fact_table(facts: Sequence[FactRow]) -> Table:
    rows, start = [], 0
    for *fact, pairs in facts:
        rows.append((*fact, start, start + len(pairs)))
        start += len(pairs)
    return {**_pair_table(pair for *_, pairs in facts for pair in pairs), "facts": rows}


def _rebuild_pairs(doc: Doc, table: Table) -> tuple[Relation, ...]:
    spans = _find_spans(doc, table["spans"])
    return tuple(Relation(spans[head], spans[tail], *rest) for head, tail, *rest in table["pairs"])


def _find_spans(doc: Doc, mentions: Iterable[Sequence[Any]]) -> list[Span]:
    """The document's own members where there are any: they may have been linked since, or the only one at its place
    may have got another label. Others are rebuilt."""
    members: dict[tuple[int, int], list[Span]] = {}
    for group in (doc.ents, *doc.spans.values()):
        for span in group:
            members.setdefault((span.start_char, span.end_char), []).append(span)
    found = []
    for mention in mentions:
        # Members of coreference clusters have no labels.
        there = [s for s in members.get((mention[0], mention[1]), ()) if s.label or not mention[2]]
        labels = {span.label_ for span in there}
        same = there if len(labels) == 1 else [span for span in there if span.label_ == mention[2]]
        found.append(_find_span(doc, same, *mention))
    return found


def _find_span(doc: Doc, members: list[Span], start: int, end: int, label: str, kb_id: str, id_: str) -> Span:
    if members:
        return next((span for span in members if (span.kb_id_, span.id_) == (kb_id, id_)), members[0])
    # "expand": a retokenizer may have merged the mention into a longer token since.
    return doc.char_span(start, end, label=label, kb_id=kb_id, span_id=id_, alignment_mode="expand")
