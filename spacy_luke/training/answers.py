"""Predicted documents beside gold ones, as the answers that figures are computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ..annotation import read_facts, read_label, read_relations
from ..types import Relation
from .mentions import all_mentions
from .metrics import DocumentScore, MatchScore, match, score_document
from .outcomes import (
    entity,
    entity_names,
    entity_triples,
    extent,
    gold_facts,
    mention_pairs,
    predicted_facts,
    same_sentence,
)

Answer = tuple[Any, ...]
Cutoff = Callable[[str], float]
Form = Callable[[Relation], tuple[Any, ...]]


class Types(NamedTuple):
    """The types of one document's gold mentions.

    predicted (list[str]): The label given to each, "" for none.
    gold (list[str]): The right ones.
    """

    predicted: list[str]
    gold: list[str]


class Sets(NamedTuple):
    """One document's answers, the label last in each.

    predicted (Set[tuple]): Those given.
    gold (Set[tuple]): The right ones.
    """

    predicted: AbstractSet[Answer]
    gold: AbstractSet[Answer]


class Scored(NamedTuple):
    """One document's answers before a threshold decides.

    scores (Mapping[tuple, float]): The score of each answer, the label last in it.
    gold (Set[tuple]): The right ones.
    """

    scores: Mapping[Answer, float]
    gold: AbstractSet[Answer]

    def above(self, cutoff: Cutoff) -> Sets:
        """Decide, as the pipe does.

        cutoff (Callable[[str], float]): The threshold of a label.
        RETURNS (Sets): What has a higher score.
        """
        return Sets(
            {answer for answer, score in self.scores.items() if score > cutoff(answer[-1])}, self.gold
        )


def type_answers(doc: Doc, gold: Doc) -> Types:
    """Types of given mentions.

    doc (Doc): The predicted document, given all gold mentions.
    gold (Doc): The gold document.
    RETURNS (Types): One answer a mention.
    """
    return Types(
        [read_label(span) for span in all_mentions(doc)], [span.label_ for span in all_mentions(gold)]
    )


def span_answers(doc: Doc, gold: Doc) -> Sets:
    """Entities that were found, by exact place and type.

    doc (Doc): The predicted document.
    gold (Doc): The gold document; mentions nested in others count as gold too.
    RETURNS (Sets): (start, end, label), in characters.
    """
    predicted = {(*extent(span), span.label_) for span in doc.ents}
    return Sets(predicted, {(*extent(span), span.label_) for span in all_mentions(gold)})


def pair_answers(doc: Doc, gold: Doc) -> Scored:
    """Relations between mentions of one sentence.

    doc (Doc): The predicted document, given all gold mentions and the gold sentences.
    gold (Doc): The gold document: a relation of two entities holds for all pairs of their mentions.
    RETURNS (Scored): (head place, tail place, label).
    """
    scores: dict[Answer, float] = {}
    for relation in read_relations(doc):
        if same_sentence(relation.head, relation.tail):
            _keep_best(scores, (extent(relation.head), extent(relation.tail), relation.label), relation.score)
    return Scored(scores, mention_pairs(read_relations(gold), same_sentence))


def fact_answers(doc: Doc, gold: Doc) -> Scored:
    """Relations between the document's entities, each with the best score of its mention pairs.

    doc (Doc): The predicted document, given all gold mentions with their clusters.
    gold (Doc): The gold document.
    RETURNS (Scored): (head entity, tail entity, label), no entity related to itself.
    """
    scores: dict[Answer, float] = {}
    for pair in (pair for fact in read_facts(doc) for pair in fact.pairs):
        head, tail = entity(pair.head), entity(pair.tail)
        if head != tail:
            _keep_best(scores, (head, tail, pair.label), pair.score)
    return Scored(scores, entity_triples(read_relations(gold)))


def known_score(facts: Sets, gold: Doc, train_facts: AbstractSet[tuple[str, str, str]]) -> DocumentScore:
    """One document's part in DocRED's figures.

    facts (Sets): From `fact_answers`, decided.
    gold (Doc): The gold document.
    train_facts (Set[tuple[str, str, str]]): What the training data tell by name, see `name_triples`.
    RETURNS (DocumentScore): Counts, and how many right answers the training data tell.
    """
    names: Any = entity_names(gold)
    predicted: Any = facts.predicted
    expected: Any = facts.gold
    return score_document(predicted, expected, names, train_facts)


def match_facts(doc: Doc, gold: Doc, form: Form, cutoff: Cutoff = lambda label: -1.0) -> MatchScore:
    """One document's facts from raw text.

    doc (Doc): The predicted document, read from the text of the gold one.
    gold (Doc): The gold document.
    form (Callable): What has to be right: `by_offsets`, `by_text` or `by_offsets_and_types`.
    cutoff (Callable[[str], float]): The threshold of a label, above those that the document was read with.
    RETURNS (MatchScore): Right and found facts.
    """
    predicted = predicted_facts(doc, form, lambda pair: pair.score > cutoff(pair.label))
    return match(predicted, gold_facts(gold, form))


def by_offsets_and_types(relation: Relation) -> tuple[Any, ...]:
    """RETURNS (tuple): The relation by the places and types of its mentions."""
    head, tail = relation.head, relation.tail
    return (*extent(head), head.label_), (*extent(tail), tail.label_), relation.label


def _keep_best(scores: dict[Answer, float], answer: Answer, score: float) -> None:
    scores[answer] = max(scores.get(answer, 0.0), score)
