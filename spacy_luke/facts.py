"""From mention pairs to the facts of a document."""

from __future__ import annotations

from collections.abc import Iterable

from .types import Fact, Relation


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
    groups: dict[tuple[str, str, str], list[Relation]] = {}
    for relation in relations:
        key = (normalize(relation.head.text), normalize(relation.tail.text), relation.label)
        groups.setdefault(key, []).append(relation)
    ordered = sorted(groups.values(), key=lambda pairs: min(_position(pair) for pair in pairs))
    return tuple(_fact(pairs) for pairs in ordered)


def _position(pair: Relation) -> tuple[int, int, int, int, str]:
    head, tail = pair.head, pair.tail
    return head.start_char, tail.start_char, head.end_char, tail.end_char, pair.label


def _fact(pairs: list[Relation]) -> Fact:
    pairs = sorted(pairs, key=lambda pair: (-pair.score, _position(pair)))
    best = pairs[0]
    return Fact(best.head.text, best.tail.text, best.label, best.score, best.id, tuple(pairs))
