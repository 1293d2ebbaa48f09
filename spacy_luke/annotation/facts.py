"""From the relations of a document to its facts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from ..types import Fact, Relation


def normalize(text: str) -> str:
    """The name of an entity: mentions with equal names are of one entity.

    text (str): The text of a mention.
    RETURNS (str): The text in lower case (case-folded), with one space for each run of whitespace.
    """
    return " ".join(text.casefold().split())


def facts_from_relations(relations: Iterable[Relation]) -> tuple[Fact, ...]:
    """Gather relations into facts: those with one label between mentions of the same two entities are one fact.

    relations (Iterable[Relation]): Relations of one document.
    RETURNS (tuple[Fact, ...]): The facts, ordered by their first pair. Texts, score and id are those of the pair with
        the best score.
    """
    relations = list(relations)
    keys = [(normalize(r.head.text), normalize(r.tail.text), r.label) for r in relations]
    groups = group_pairs(keys, [_place(r) for r in relations], [r.score for r in relations])
    return tuple(_fact([relations[i] for i in group]) for group in groups)


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


def _fact(pairs: list[Relation]) -> Fact:
    head, tail, label, score, id_ = pairs[0]
    return Fact(head.text, tail.text, label, score, id_, tuple(pairs))
