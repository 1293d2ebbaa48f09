"""What Docs say, as sets of offsets and strings, so that the metrics can compare two Docs of one text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spacy.tokens import Doc, Span

from ..annotation import has_labels, normalize, read_facts, read_label, read_labels, read_relations
from ..types import Relation

Extent = tuple[int, int]
PairFilter = Callable[[Span, Span], bool]


def extent(span: Span) -> Extent:
    """Where a span is.

    span (Span): The span.
    RETURNS (tuple[int, int]): Its character offsets.
    """
    return span.start_char, span.end_char


def labelled_spans(doc: Doc, spans_key: str | None = None) -> list[Span]:
    """The spans whose labels count.

    doc (Doc): The document.
    spans_key (str | None): Key of `doc.spans`; None for `doc.ents`.
    RETURNS (list[Span]): Its spans; none if the document has no such group.
    """
    if spans_key is None:
        return list(doc.ents)
    return list(doc.spans[spans_key]) if spans_key in doc.spans else []


def gold_labels(span: Span) -> set[str]:
    """The labels of a gold span.

    span (Span): A span of the reference document.
    RETURNS (set[str]): Those of `span._.luke_labels` with 0.5 or more if any were assigned, else its own.
    """
    if has_labels(span):
        return {label for label, score in read_labels(span).items() if score >= 0.5}
    return {span.label_} - {""}


def best_labels(span: Span) -> set[str]:
    """The label given to a span.

    span (Span): A span of the predicted document.
    RETURNS (set[str]): `span._.luke_label`; none for "".
    """
    return {read_label(span)} - {""}


def mention_pairs(
    relations: Iterable[Relation], keep: PairFilter | None = None
) -> set[tuple[Extent, Extent, str]]:
    """Relations as mention pairs.

    relations (Iterable[Relation]): Relations of one document.
    keep (Callable[[Span, Span], bool] | None): Which pairs count, e.g. `same_sentence`; None for all.
    RETURNS (set[tuple]): (head offsets, tail offsets, label).
    """
    return {
        (extent(r.head), extent(r.tail), r.label) for r in relations if keep is None or keep(r.head, r.tail)
    }


def same_sentence(head: Span, tail: Span) -> bool:
    """Whether two mentions stand in one sentence.

    head (Span): A mention.
    tail (Span): Another of the same document.
    RETURNS (bool): Whether the same sentence holds both wholly.
    """
    sentence = head.sent
    return bool(sentence.start <= tail.start and tail.end <= sentence.end and head.end <= sentence.end)


def entity(span: Span) -> str:
    """Which entity a span mentions.

    span (Span): The span.
    RETURNS (str): `span.id_`, where the converters keep it, or the normalized text.
    """
    return span.id_ or normalize(span.text)


def entity_names(doc: Doc) -> dict[str, set[str]]:
    """The texts of each entity's mentions, nested ones too.

    doc (Doc): The gold document.
    RETURNS (dict[str, set[str]]): Texts by entity.
    """
    names: dict[str, set[str]] = {}
    for group in (doc.ents, *doc.spans.values()):
        for span in group:
            names.setdefault(entity(span), set()).add(span.text)
    return names


def entity_triples(relations: Iterable[Relation]) -> set[tuple[str, str, str]]:
    """Relations as triples of entities, for DocRED's figures.

    relations (Iterable[Relation]): Relations of one document, between gold mentions.
    RETURNS (set[tuple[str, str, str]]): (head entity, tail entity, label), without pairs of one entity.
    """
    triples = {(entity(r.head), entity(r.tail), r.label) for r in relations}
    return {(head, tail, label) for head, tail, label in triples if head != tail}


def name_triples(doc: Doc) -> set[tuple[str, str, str]]:
    """What a training document tells by name: the facts that Ign F1 leaves out.

    doc (Doc): A document with gold relations.
    RETURNS (set[tuple[str, str, str]]): (head text, tail text, label).
    """
    return {(r.head.text, r.tail.text, r.label) for r in read_relations(doc)}


def gold_facts(
    doc: Doc, form: Callable[[Relation], tuple[object, object, str]]
) -> list[set[tuple[object, object, str]]]:
    """Gold facts, each with all its forms: one for each pair of its entities' mentions.

    doc (Doc): A document with gold relations.
    form (Callable): `by_offsets` or `by_text`.
    RETURNS (list[set[tuple]]): One set for each triple of entities.
    """
    facts: dict[tuple[str, str, str], set[tuple[object, object, str]]] = {}
    for relation in read_relations(doc):
        head, tail = entity(relation.head), entity(relation.tail)
        if head != tail:
            facts.setdefault((head, tail, relation.label), set()).add(form(relation))
    return list(facts.values())


def predicted_facts(
    doc: Doc,
    form: Callable[[Relation], tuple[object, object, str]],
    keep: Callable[[Relation], bool] | None = None,
) -> list[set[tuple[object, object, str]]]:
    """Predicted facts, each with the forms that support it.

    doc (Doc): A document with `doc._.luke_facts`.
    form (Callable): `by_offsets` or `by_text`.
    keep (Callable | None): Which supporting pairs count, e.g. those above a threshold; None for all.
    RETURNS (list[set[tuple]]): One set for each fact that any pair supports.
    """
    kept = ([pair for pair in fact.pairs if keep is None or keep(pair)] for fact in read_facts(doc))
    return [{form(pair) for pair in pairs} for pairs in kept if pairs]


def by_offsets(relation: Relation) -> tuple[Extent, Extent, str]:
    """RETURNS (tuple): The relation by the places of its mentions."""
    return extent(relation.head), extent(relation.tail), relation.label


def by_text(relation: Relation) -> tuple[str, str, str]:
    """RETURNS (tuple): The relation by the normalized texts of its mentions."""
    return normalize(relation.head.text), normalize(relation.tail.text), relation.label
