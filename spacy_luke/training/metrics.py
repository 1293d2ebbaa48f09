"""Right, wrong and missed answers, in all and by label, as spaCy counts them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from spacy.scorer import PRFScore

T = TypeVar("T", bound=Hashable)


def count(predicted: AbstractSet[T], gold: AbstractSet[T]) -> PRFScore:
    """Compare two sets of answers: exact NER, mention-pair relations, facts.

    predicted (Set): E.g. {(start, end, label)}.
    gold (Set): The same.
    RETURNS (PRFScore): Their counts.
    """
    score = PRFScore()
    score.score_set(predicted, gold)
    return score


def total(scores: Iterable[PRFScore]) -> PRFScore:
    """scores (Iterable[PRFScore]): Of documents or labels. RETURNS (PRFScore): Their sum; its F1 is the micro-F1."""
    return sum(scores, PRFScore())


def count_by_label(predicted: AbstractSet[Any], gold: AbstractSet[Any]) -> dict[str, PRFScore]:
    """Compare two sets of answers by label.

    predicted (Set[tuple]): Tuples whose last element is the label.
    gold (Set[tuple]): The same.
    RETURNS (dict[str, PRFScore]): Counts of each label that occurs, sorted.
    """
    sets: dict[str, tuple[set[Any], set[Any]]] = {}
    for side, answers in enumerate((predicted, gold)):
        for answer in answers:
            sets.setdefault(answer[-1], (set(), set()))[side].add(answer)
    return {label: count(*sets[label]) for label in sorted(sets)}


def accuracy(pairs: Sequence[tuple[Any, Any]]) -> float:
    """pairs (Sequence[tuple]): What was found beside what is right. RETURNS (float): The share of equal ones."""
    return sum(found == gold for found, gold in pairs) / len(pairs)
