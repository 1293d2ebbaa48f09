"""From the relations of a document to its facts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from spacy.tokens import Span

from ..types import Fact, Relation
from .clusters import entities_of, full_names
from .coreference import lent_mentions


def facts_from_relations(relations: Iterable[Relation]) -> tuple[Fact, ...]:
    """Gather relations into facts: those with one label between mentions of the same two
    entities are one fact.

    relations (Iterable[Relation]): Relations of one document.
    RETURNS (tuple[Fact, ...]): The facts, ordered by their first pair. Texts, score and id are those of the pair with
        the best score; the text of an entity with several names is the fullest one.
    """
    relations = list(relations)
    if not relations:
        return ()
    ents = list(relations[0].head.doc.ents)  # also those without a relation tell what names mean
    no_names = {(span.start, span.end) for span in lent_mentions(ents)}
    ends = [span for relation in relations for span in relation[:2]]
    lent = [span for span in ends if (span.start, span.end) in no_names]
    mentions = [*(span for span in ends if (span.start, span.end) not in no_names), *ents]
    entities = entities_of(mentions, lent)
    names = full_names(mentions, entities)
    of = {_key(span): entity for span, entity in zip([*mentions, *lent], entities, strict=True)}
    keys = [(of[_key(r.head)], of[_key(r.tail)], r.label) for r in relations]
    groups = group_pairs(keys, [_place(r) for r in relations], [r.score for r in relations])
    facts = []
    for group in groups:
        (head, tail, label), best = keys[group[0]], relations[group[0]]
        texts = names.get(head, best.head.text), names.get(tail, best.tail.text)
        facts.append(Fact(*texts, label, best.score, best.id, tuple(relations[i] for i in group)))
    return tuple(facts)


def group_pairs(
    keys: Sequence[Hashable], places: Sequence[tuple[Any, ...]], scores: Sequence[float]
) -> list[list[int]]:
    """Group pairs of mentions by the fact that they state.

    keys (Sequence[Hashable]): The fact that each pair states.
    places (Sequence[tuple]): Where each pair stands; pairs are ordered by it.
    scores (Sequence[float]): The score of each pair.
    RETURNS (list[list[int]]): For each fact the numbers of its pairs, best first; facts ordered by their first pair.
    """
    groups: dict[Hashable, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(key, []).append(number)
    for members in groups.values():
        members.sort(key=lambda i: (-scores[i], places[i]))
    return sorted(groups.values(), key=lambda members: min(places[i] for i in members))


def _place(pair: Relation) -> tuple[int, int, int, int, str]:
    head, tail = pair.head, pair.tail
    return head.start_char, tail.start_char, head.end_char, tail.end_char, pair.label


def _key(span: Span) -> tuple[int, int, int, int, int]:
    return span.start, span.end, span.label, span.kb_id, span.id
