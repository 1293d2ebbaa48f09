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
    """Sum over documents or labels; its F1 is the micro-F1.

    scores (Iterable[PRFScore]): Any number of counts.
    RETURNS (PRFScore): Their sum.
    """
    return sum(scores, PRFScore())


def count_by_label(predicted: AbstractSet[Any], gold: AbstractSet[Any]) -> dict[str, PRFScore]:
    """Compare two sets of answers by label.

    predicted (Set[tuple]): Tuples whose last element is the label.
    gold (Set[tuple]): The same.
    RETURNS (dict[str, PRFScore]): Counts of each label that occurs, sorted.
    """
    answers = predicted | gold
    scores = {label: PRFScore() for label in sorted({answer[-1] for answer in answers})}
    for answer in answers:
        score = scores[answer[-1]]
        score.tp += answer in predicted and answer in gold
        score.fp += answer not in gold
        score.fn += answer not in predicted
    return scores


def accuracy(pairs: Sequence[tuple[Any, Any]]) -> float:
    """pairs (Sequence[tuple]): What was found beside what is right. RETURNS (float): The share of equal ones."""
    return sum(found == gold for found, gold in pairs) / len(pairs)
