"""Facts read from raw text beside gold ones. Both are known by their pairs of mentions, so a gold fact may be told in
several ways, and two predicted facts may be the same one. There is one way if all mentions of both entities have to be
right (Eberts and Ulges, 2021, https://aclanthology.org/2021.eacl-main.319).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span

from spacy_luke.annotation import get_facts, get_told, normalize
from spacy_luke.training.answers import Cutoff
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.outcomes import char_offsets, entity
from spacy_luke.types import Relation

from .metrics import f_score

# What has to be right of each of the two mentions of a pair.
Key = Callable[[Span], Any]


def by_offsets(span: Span) -> tuple[int, int]:
    """RETURNS (tuple): The place of a mention."""
    return char_offsets(span)


def by_offsets_and_types(span: Span) -> tuple[int, int, str]:
    """RETURNS (tuple): The place and type of a mention."""
    return *char_offsets(span), span.label_


def by_text(span: Span) -> str:
    """RETURNS (str): The normalized text of a mention."""
    return normalize(span.text)


def by_all_mentions(span: Span) -> frozenset[tuple[int, int, str]]:
    """RETURNS (frozenset): The places and types of all mentions of the mention's entity."""
    mentions = all_mentions(span.doc)
    return frozenset(by_offsets_and_types(other) for other in mentions if entity(other) == entity(span))


def _key(relation: Relation, key: Key) -> tuple[Any, Any, str]:
    return key(relation.head), key(relation.tail), relation.label


def gold_facts(doc: Doc, key: Key) -> list[set[tuple[Any, Any, str]]]:
    """Gold facts, each with the keys of all pairs of its entities' mentions.

    doc (Doc): A document with gold relations.
    key (Callable): What has to be right: `by_offsets`, `by_offsets_and_types`, `by_text` or `by_all_mentions`.
    RETURNS (list[set[tuple]]): (key of the head, key of the tail, label), a set for each triple of entities.
    """
    facts: dict[tuple[str, str, str], set[tuple[Any, Any, str]]] = {}
    for relation in get_told(doc):
        head, tail = entity(relation.head), entity(relation.tail)
        if head != tail:
            facts.setdefault((head, tail, relation.label), set()).add(_key(relation, key))
    return list(facts.values())


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


def total_matches(scores: Iterable[MatchScore]) -> MatchScore:
    """Sum over documents.

    scores (Iterable[MatchScore]): One for each document.
    RETURNS (MatchScore): Their sum.
    """
    sums = [sum(column) for column in zip(*scores, strict=True)]
    return MatchScore(*sums) if sums else MatchScore(0, 0, 0, 0)


class ScoredFacts(NamedTuple):
    """One document's facts before a threshold decides, each with its label.

    predicted (list[tuple[str, float]]): Each predicted fact with the score of its best pair.
    right (list[tuple[str, float]]): Those that have right pairs, with the best score of these.
    found (list[tuple[str, float]]): The gold facts that are told, with the best score of the pairs that tell them.
    gold (int): How many gold facts there are.
    """

    predicted: list[tuple[str, float]]
    right: list[tuple[str, float]]
    found: list[tuple[str, float]]
    gold: int

    def above(self, cutoff: Cutoff) -> MatchScore:
        """cutoff (Callable[[str], float]): A label's threshold. RETURNS (MatchScore): What has this score at least."""
        predicted, right, found = (
            sum(score >= cutoff(label) for label, score in part)
            for part in (self.predicted, self.right, self.found)
        )
        return MatchScore(right, predicted, found, self.gold)


def match_facts(doc: Doc, gold: Doc, key: Key) -> ScoredFacts:
    """One document's facts from raw text: one is right if any of its pairs is.

    doc (Doc): The predicted document, read from the text of the gold one.
    gold (Doc): The gold document.
    key (Callable): See `gold_facts`.
    RETURNS (ScoredFacts): Predicted, right and found facts.
    """
    true = gold_facts(gold, key)
    known = set().union(*true)
    told: dict[tuple[Any, Any, str], float] = {}
    predicted, right, found = [], [], []
    for fact in get_facts(doc):
        scores = [(_key(pair, key), pair.score) for pair in fact.pairs]
        predicted.append((fact.label, max(score for _, score in scores)))
        rights = [score for place, score in scores if place in known]
        if rights:
            right.append((fact.label, max(rights)))
        for place, score in scores:
            told[place] = max(score, told.get(place, 0.0))
    for keys in true:
        best = [told[place] for place in keys if place in told]
        if best:
            found.append((next(iter(keys))[-1], max(best)))
    return ScoredFacts(predicted, right, found, len(true))
