"""From mention pairs to the facts of a document."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from ..types import Fact, Relation


def normalize(text: str) -> str:
    """The rule by which mentions are one entity: equal but for case and whitespace.

    text (str): The text of a mention.
    RETURNS (str): Case-folded, runs of whitespace as one space.
    """
    return " ".join(text.casefold().split())


def facts_from_relations(relations: Iterable[Relation]) -> tuple[Fact, ...]:
    """Gather the mention pairs that say the same into facts.

    relations (Iterable[Relation]): Relations of one document.
    RETURNS (tuple[Fact, ...]): One for each normalized head, tail and label, by first mention. Texts, score
        and id are those of the best pair.
    """
    relations = list(relations)
    keys = [(normalize(r.head.text), normalize(r.tail.text), r.label) for r in relations]
    groups = group_pairs(keys, [_position(r) for r in relations], [r.score for r in relations])
    return tuple(_fact([relations[i] for i in group]) for group in groups)


def group_pairs(
    keys: Sequence[Hashable], places: Sequence[tuple[Any, ...]], scores: Sequence[float]
) -> list[list[int]]:
    """Find the mention pairs that say the same.

    keys (Sequence[Hashable]): What each pair says.
    places (Sequence[tuple]): Where it is.
    scores (Sequence[float]): Its score.
    RETURNS (list[list[int]]): Numbers of the pairs of each fact, best first; facts by first mention.
    """
    groups: dict[Hashable, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(key, []).append(number)
    for members in groups.values():
        members.sort(key=lambda i: (-scores[i], places[i]))
    return sorted(groups.values(), key=lambda members: min(places[i] for i in members))


def _position(pair: Relation) -> tuple[int, int, int, int, str]:
    head, tail = pair.head, pair.tail
    return head.start_char, tail.start_char, head.end_char, tail.end_char, pair.label


def _fact(pairs: list[Relation]) -> Fact:
    best = pairs[0]
    return Fact(best.head.text, best.tail.text, best.label, best.score, best.id, tuple(pairs))
