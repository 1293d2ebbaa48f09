"""Facts read from raw text beside gold ones. Both are known by their pairs of mentions, so a gold fact may be told in
several ways, and two predicted facts may be the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from spacy_luke.annotation import get_facts, get_relations, normalize
from spacy_luke.training.answers import Cutoff
from spacy_luke.training.outcomes import Offsets, char_offsets, entity
from spacy_luke.types import Relation

from .metrics import f_score

# What has to be right of a pair of mentions.
Key = Callable[[Relation], tuple[Any, ...]]


def by_offsets(relation: Relation) -> tuple[Offsets, Offsets, str]:
    """RETURNS (tuple): The relation by the places of its mentions."""
    return char_offsets(relation.head), char_offsets(relation.tail), relation.label


def by_offsets_and_types(relation: Relation) -> tuple[Any, ...]:
    """RETURNS (tuple): The relation by the places and types of its mentions."""
    return *by_offsets(relation), relation.head.label_, relation.tail.label_


def by_text(relation: Relation) -> tuple[str, str, str]:
    """RETURNS (tuple): The relation by the normalized texts of its mentions."""
    return normalize(relation.head.text), normalize(relation.tail.text), relation.label


def gold_facts(doc: Doc, key: Key) -> list[set[tuple[Any, ...]]]:
    """Gold facts, each with the keys of all pairs of its entities' mentions.

    doc (Doc): A document with gold relations.
    key (Callable): `by_offsets`, `by_text` or `by_offsets_and_types`.
    RETURNS (list[set[tuple]]): One set for each triple of entities.
    """
    facts: dict[tuple[str, str, str], set[tuple[Any, ...]]] = {}
    for relation in get_relations(doc):
        head, tail = entity(relation.head), entity(relation.tail)
        if head != tail:
            facts.setdefault((head, tail, relation.label), set()).add(key(relation))
    return list(facts.values())


def predicted_facts(doc: Doc, key: Key, cutoff: Cutoff) -> list[set[tuple[Any, ...]]]:
    """Predicted facts, each with the keys of the pairs that support it.

    doc (Doc): A document with `doc._.luke_facts`.
    key (Callable): `by_offsets`, `by_text` or `by_offsets_and_types`.
    cutoff (Callable[[str], float]): The threshold of a label; pairs with this score at least count.
    RETURNS (list[set[tuple]]): One set for each fact that any pair supports.
    """
    facts = (
        {key(pair) for pair in fact.pairs if pair.score >= cutoff(pair.label)} for fact in get_facts(doc)
    )
    return [keys for keys in facts if keys]


class MatchScore(NamedTuple):
    """Answers that may be right in several ways: right predictions and found gold may differ in number.

    right (int): Predicted answers that match any gold answer.
    predicted (int): All predicted answers.
    found (int): Gold answers that any predicted answer matches.
    gold (int): All gold answers.
    """

    right: int
    predicted: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted that is right."""
        return float(PRFScore(tp=self.right, fp=self.predicted - self.right).precision)

    @property
    def recall(self) -> float:
        """Share of the gold that was found."""
        return float(PRFScore(tp=self.found, fn=self.gold - self.found).recall)

    @property
    def f1(self) -> float:
        """F1 of precision and recall."""
        return f_score(self.precision, self.recall)


def match(predicted: Iterable[AbstractSet[Any]], gold: Iterable[AbstractSet[Any]]) -> MatchScore:
    """Compare facts: one is right if it shares a key with a gold fact.

    predicted (Iterable[Set]): Each predicted fact's keys.
    gold (Iterable[Set]): Each gold fact's keys.
    RETURNS (MatchScore): Counts of one document; sum them with `total_matches`.
    """
    predicted, gold = list(predicted), list(gold)
    told = {key for keys in predicted for key in keys}
    true = {key for keys in gold for key in keys}
    return MatchScore(
        right=sum(not true.isdisjoint(keys) for keys in predicted),
        predicted=len(predicted),
        found=sum(not told.isdisjoint(keys) for keys in gold),
        gold=len(gold),
    )


def total_matches(scores: Iterable[MatchScore]) -> MatchScore:
    """Sum over documents.

    scores (Iterable[MatchScore]): One for each document.
    RETURNS (MatchScore): Their sum.
    """
    sums = [sum(column) for column in zip(*scores, strict=True)]
    return MatchScore(*sums) if sums else MatchScore(0, 0, 0, 0)


def match_facts(doc: Doc, gold: Doc, key: Key, cutoff: Cutoff = lambda label: -1.0) -> MatchScore:
    """One document's facts from raw text.

    doc (Doc): The predicted document, read from the text of the gold one.
    gold (Doc): The gold document.
    key (Callable): What has to be right: `by_offsets`, `by_text` or `by_offsets_and_types`.
    cutoff (Callable[[str], float]): The threshold of a label, above those that the document was read with.
    RETURNS (MatchScore): Right and found facts.
    """
    return match(predicted_facts(doc, key, cutoff), gold_facts(gold, key))
