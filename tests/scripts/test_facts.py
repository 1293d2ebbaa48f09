"""Facts of a document: several pairs of mentions tell the same one."""

from __future__ import annotations

import pytest
import spacy
from gold_documents import ADA, BOB, NEW_YORK, curies, gold, relate
from spacy.tokens import Span

from scripts.facts import (
    Key,
    MatchScore,
    by_offsets,
    by_offsets_and_types,
    by_text,
    gold_facts,
    match,
    match_facts,
    predicted_facts,
    total_matches,
)
from spacy_luke.types import Fact, Relation

NLP = spacy.blank("en")


def anything(label: str) -> float:
    """A threshold that lets all through."""
    return -1.0


def test_facts_from_text() -> None:
    gold = [
        {("Marie Curie", "Warsaw", "born"), ("Curie", "Warsaw", "born")},
        {("Warsaw", "Poland", "country")},
        {("Curie", "Paris", "lived")},
    ]
    predicted = [
        {("Marie Curie", "Warsaw", "born")},  # two names of one entity: both right, one gold fact found
        {("Curie", "Warsaw", "born")},
        {("Curie", "Poland", "born"), ("x", "y", "born")},
    ]
    score = match(predicted, gold)
    assert score == MatchScore(right=2, predicted=3, found=1, gold=3)
    assert (score.precision, score.recall) == (2 / 3, 1 / 3)
    assert score.f1 == pytest.approx(4 / 9)
    assert total_matches([score, score]) == MatchScore(4, 6, 2, 6)
    assert total_matches([]).f1 == match([], []).f1 == 0.0


@pytest.mark.parametrize(("key", "right"), [(by_offsets_and_types, 1), (by_offsets, 2), (by_text, 2)])
def test_facts_from_raw_text(key: Key, right: int) -> None:
    doc = NLP.make_doc(gold().text)
    doc.ents = [Span(doc, *ADA, "PER"), Span(doc, *NEW_YORK, "ORG"), Span(doc, *BOB, "PER")]
    relate(doc, (ADA, NEW_YORK, "left", 0.9), (ADA, BOB, "likes", 0.6), (BOB, ADA, "likes", 0.4))
    score = match_facts(doc, gold(), key)
    assert (score.right, score.predicted, score.found, score.gold) == (right, 3, right, 2)
    assert match_facts(doc, gold(), key, lambda label: 0.5).predicted == 2
    assert (
        match_facts(doc, gold(), key, lambda label: 0.9).predicted == 1
    )  # as high as the threshold is enough
    assert match_facts(doc, gold(), key, lambda label: 0.91).predicted == 0


def test_gold_and_predicted_facts() -> None:
    doc = curies()
    assert [len(keys) for keys in gold_facts(doc, by_offsets)] == [4]
    assert gold_facts(doc, by_text) == [{("marie curie", "warsaw", "left"), ("curie", "warsaw", "left")}]
    found = NLP(doc.text)
    head, wrong, tail = found[1:2], found[0:1], found[3:4]
    found._.luke_facts = [
        Fact("Curie", "Warsaw", "left", 0.9, "", (Relation(head, tail, "left"),)),
        Fact("Marie", "Warsaw", "left", 0.8, "", (Relation(wrong, tail, "left"),)),
    ]
    # By text the name is right; by offsets "Curie" of the first sentence is no mention.
    assert match(predicted_facts(found, by_text, anything), gold_facts(doc, by_text)) == (1, 2, 1, 1)
    assert match(predicted_facts(found, by_offsets, anything), gold_facts(doc, by_offsets)) == (0, 2, 0, 1)
