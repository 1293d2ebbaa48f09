"""Predicted documents beside gold ones, as the answers that thresholds are chosen by and figures computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ..annotation import get_facts, get_relations, get_told, get_unsure, normalize
from .mentions import all_mentions
from .outcomes import char_offsets, entity, entity_triples, mention_pairs, same_sentence

Cutoff = Callable[[str], float]


class Comparison(NamedTuple):
    """One document's answers beside the right ones, the label last in each.

    predicted (Set[tuple]): Those given.
    gold (Set[tuple]): The right ones.
    """

    predicted: AbstractSet[tuple[Any, ...]]
    gold: AbstractSet[tuple[Any, ...]]


class ScoredAnswers(NamedTuple):
    """One document's answers before a threshold decides.

    scores (Mapping[tuple, float]): The score of each answer, the label last in it.
    gold (Set[tuple]): The right ones.
    """

    scores: Mapping[tuple[Any, ...], float]
    gold: AbstractSet[tuple[Any, ...]]

    def above(self, cutoff: Cutoff) -> Comparison:
        """cutoff (Callable[[str], float]): A label's threshold. RETURNS (Comparison): What has this score at least."""
        predicted = {answer for answer, score in self.scores.items() if score >= cutoff(answer[-1])}
        return Comparison(predicted, self.gold)


def span_answers(doc: Doc, gold: Doc) -> Comparison:
    """Entities that were found, by exact place and type.

    doc (Doc): The predicted document.
    gold (Doc): The gold document; mentions nested in others count as gold too.
    RETURNS (Comparison): (start, end, label), in characters.
    """
    predicted = {(*char_offsets(span), span.label_) for span in doc.ents}
    return Comparison(predicted, {(*char_offsets(span), span.label_) for span in all_mentions(gold)})


def pair_answers(doc: Doc, gold: Doc, *, related: bool = False) -> ScoredAnswers:
    """Relations between mentions of one sentence.

    doc (Doc): The predicted document, given all gold mentions and the gold sentences.
    gold (Doc): The gold document.
    related (bool): Whether a relation of two entities is right for all pairs of their mentions, as the literature
        counts. If not, what the text states of the mentions is right, and answers that the gold isn't sure of are
        left out.
    RETURNS (ScoredAnswers): (head offsets, tail offsets, label).
    """
    expected = mention_pairs(get_told(gold) if related else get_relations(gold), same_sentence)
    left_out = set() if related else mention_pairs(get_unsure(gold), same_sentence) - expected
    scores: dict[tuple[Any, ...], float] = {}
    for head, tail, label, score, _ in get_relations(doc):
        if same_sentence(head, tail):
            answer = (char_offsets(head), char_offsets(tail), label)
            if answer not in left_out:
                scores[answer] = max(score, scores.get(answer, 0.0))
    return ScoredAnswers(scores, expected)


def fact_answers(doc: Doc, gold: Doc) -> ScoredAnswers:
    """Relations between the document's entities, each with the best score of its mention pairs.

    doc (Doc): The predicted document. What it found where the gold document has a mention, or under the name of one,
        is of the entity that this is of.
    gold (Doc): The gold document.
    RETURNS (ScoredAnswers): (head entity, tail entity, label), no entity related to itself, without answers that the
        gold isn't sure of.
    """
    relations = get_told(gold)
    mentions = [*all_mentions(gold), *(span for relation in relations for span in relation[:2])]
    places = {char_offsets(span): entity(span) for span in reversed(mentions)}
    names = {normalize(span.text): entity(span) for span in reversed(mentions)}

    def known(span: Span) -> str:
        return places.get(char_offsets(span)) or names.get(normalize(span.text)) or entity(span)

    expected = entity_triples(relations)
    left_out = entity_triples(get_unsure(gold)) - expected
    scores: dict[tuple[Any, ...], float] = {}
    for fact in get_facts(doc):
        for pair in fact.pairs:
            answer = (known(pair.head), known(pair.tail), pair.label)
            if answer[0] != answer[1] and answer not in left_out:
                scores[answer] = max(pair.score, scores.get(answer, 0.0))
    return ScoredAnswers(scores, expected)
