"""Right, wrong and missed answers, in all and by label, as spaCy counts them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from spacy.scorer import PRFScore

T = TypeVar("T", bound=Hashable)

# spaCy's training table shows 13 characters of a score's name: names of ours that are longer, and what they are there.
_SHORT = {
    "luke_labels": "labels",
    "luke_relations": "rels",
    "luke_facts": "facts",
    "luke_tag": "tags",
    "luke_links": "links",
    "luke_answers": "answers",
    "luke_choice": "choice",
}


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


def short_name(name: str) -> str:
    """name (str): Name of a score of ours, such as "luke_relations_micro_f".
    RETURNS (str): The name that tables show, such as "rels_f"; "" for other scores."""
    gold, plain = ("gold_", name[5:]) if name.startswith("gold_") else ("", name)
    for long, short in _SHORT.items():
        if plain.startswith(f"{long}_"):
            figure = plain.removeprefix(f"{long}_")
            return f"{gold}{short}_" + ("all" if figure == "micro_acc" else figure.removeprefix("micro_"))
    return ""


def with_short_names(scores: Mapping[str, Any]) -> dict[str, Any]:
    """scores (Mapping[str, Any]): Scores by name.
    RETURNS (dict[str, Any]): The same, and what there is of them under short names, too."""
    known = {name: value for name, value in scores.items() if value is not None}
    return {**scores, **{short: value for name, value in known.items() if (short := short_name(name))}}


def shown_weights(weights: Mapping[str, float | None]) -> dict[str, float | None]:
    """The weights of scores under the names that the training table has room for. Under their own names scores don't
    count; they stay in the `performance` of a trained pipeline's meta.json.

    weights (Mapping[str, float | None]): Weights by the scores' own names.
    RETURNS (dict[str, float | None]): For a factory.
    """
    shown: dict[str, float | None] = {}
    for name, weight in weights.items():
        short = "" if weight is None else short_name(name)
        shown |= {short: weight, name: None} if short else {name: weight}
    return shown
