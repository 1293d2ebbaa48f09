"""Facts of a document: several pairs of mentions tell the same one."""

from __future__ import annotations

import pytest
import spacy
from gold_documents import ADA, ADA_2, BOB, NEW_YORK, SHE, curies, gold, relate
from spacy.tokens import Doc, Span

from scripts.facts import (
    Key,
    MatchScore,
    by_all_mentions,
    by_offsets,
    by_offsets_and_types,
    by_text,
    gold_facts,
    match_facts,
    total_matches,
)
from spacy_luke.types import Fact, Relation

NLP = spacy.blank("en")


def read(*facts: list[tuple[str, str, str]]) -> Doc:
    """A document whose words are names, with the facts of pairs of them."""
    doc = Doc(NLP.vocab, words=["Marie-Curie", "Curie", "Warsaw", "Poland", "Paris"])
    at = {token.text: doc[token.i : token.i + 1] for token in doc}
    pairs = [[Relation(at[head], at[tail], label) for head, tail, label in fact] for fact in facts]
    doc._.luke_facts = [Fact("x", "y", fact[0].label, 1.0, "", tuple(fact)) for fact in pairs]
    return doc


def test_facts_from_text() -> None:
    doc = Doc(NLP.vocab, words=["Marie-Curie", "Curie", "Warsaw", "Poland", "Paris"])
    names = ["curie", "curie", "warsaw", "poland", "paris"]
    doc.ents = [Span(doc, i, i + 1, "X", span_id=name) for i, name in enumerate(names)]
    marie, curie, warsaw, poland, paris = doc.ents
    doc._.luke_relations = [
        (marie, warsaw, "born"),
        (curie, warsaw, "born"),
        (warsaw, poland, "country"),
        (curie, paris, "lived"),
    ]
    predicted = read(
        [("Marie-Curie", "Warsaw", "born")],  # two names of one entity: both right, one gold fact found
        [("Curie", "Warsaw", "born")],
        [("Curie", "Poland", "born"), ("Paris", "Poland", "born")],
    )
    score = match_facts(predicted, doc, by_offsets).above(anything)
    assert score == MatchScore(right=2, predicted=3, found=1, gold=3)
    assert (score.precision, score.recall) == (2 / 3, 1 / 3)
    assert score.f1 == pytest.approx(4 / 9)
    assert total_matches([score, score]) == MatchScore(4, 6, 2, 6)
    assert total_matches([]).f1 == 0.0


def anything(label: str) -> float:
    """A threshold that lets all through."""
    return -1.0


@pytest.mark.parametrize(("key", "right"), [(by_offsets_and_types, 1), (by_offsets, 2), (by_text, 2)])
def test_facts_from_raw_text(key: Key, right: int) -> None:
    doc = NLP.make_doc(gold().text)
    doc.ents = [Span(doc, *ADA, "PER"), Span(doc, *NEW_YORK, "ORG"), Span(doc, *BOB, "PER")]
    relate(doc, (ADA, NEW_YORK, "left", 0.9), (ADA, BOB, "likes", 0.6), (BOB, ADA, "likes", 0.4))
    scored = match_facts(doc, gold(), key)
    score = scored.above(anything)
    assert (score.right, score.predicted, score.found, score.gold) == (right, 3, right, 2)
    assert scored.above(lambda label: 0.5).predicted == 2
    assert scored.above(lambda label: 0.9).predicted == 1  # as high as the threshold is enough
    assert scored.above(lambda label: 0.91).predicted == 0


@pytest.mark.parametrize(("found", "right"), [((ADA, SHE, ADA_2, BOB), 1), ((ADA, ADA_2, BOB), 0)])
def test_all_mentions_of_both_entities_have_to_be_right(found: tuple, right: int) -> None:
    doc = NLP.make_doc(gold().text)
    doc.ents = [Span(doc, *place, "PER", span_id="" if place == BOB else "a") for place in sorted(found)]
    relate(doc, (ADA, BOB, "likes", 0.6))
    assert match_facts(doc, gold(), by_all_mentions).above(anything) == (right, 1, right, 2)
    assert match_facts(doc, gold(), by_offsets_and_types).above(anything) == (1, 1, 1, 2)


def test_gold_facts_are_told_by_the_document_stated_or_not() -> None:
    doc = curies()
    assert [len(keys) for keys in gold_facts(doc, by_offsets)] == [4]
    doc._.luke_unsure_relations = doc._.luke_relations[1:]
    doc._.luke_relations = doc._.luke_relations[:1]
    assert [len(keys) for keys in gold_facts(doc, by_offsets)] == [4]
    assert gold_facts(doc, by_text) == [{("marie curie", "warsaw", "left"), ("curie", "warsaw", "left")}]


def test_names_and_places_of_predicted_facts() -> None:
    doc = curies()
    found = NLP(doc.text)
    head, wrong, tail = found[1:2], found[0:1], found[3:4]
    found._.luke_facts = [
        Fact("Curie", "Warsaw", "left", 0.9, "", (Relation(head, tail, "left"),)),
        Fact("Marie", "Warsaw", "left", 0.8, "", (Relation(wrong, tail, "left"),)),
    ]
    # By text the name is right; by offsets "Curie" of the first sentence is no mention.
    assert match_facts(found, doc, by_text).above(anything) == (1, 2, 1, 1)
    assert match_facts(found, doc, by_offsets).above(anything) == (0, 2, 0, 1)
