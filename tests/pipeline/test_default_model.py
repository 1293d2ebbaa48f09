"""The model that ships with the package, offline: sensible words about the world."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language

import spacy_luke

TEXTS = [
    "Marie Curie was born in Warsaw in 1867.",
    "In 1903 she shared the Nobel Prize in Physics with her husband Pierre Curie and Henri Becquerel.",
    "Microsoft, headquartered in Redmond, Washington, was founded by Bill Gates and Paul Allen.",
    "The Danube flows through Vienna, Budapest and Belgrade.",
]


@pytest.fixture(scope="module")
def nlp() -> Language:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        nlp = spacy_luke.load()
        nlp("Ana")
    return nlp


def test_entities(nlp: Language):
    found = {(e.text, e.label_) for doc in nlp.pipe(TEXTS) for e in doc.ents}
    expected = {
        ("Marie Curie", "PER"),
        ("Warsaw", "LOC"),
        ("1867", "TIME"),
        ("Microsoft", "ORG"),
        ("Bill Gates", "PER"),
        ("Vienna", "LOC"),
    }
    assert len(expected & found) >= 5
    assert {label for _, label in found} <= {"PER", "ORG", "LOC", "TIME", "NUM", "MISC"}


def test_labels_and_vectors(nlp: Language):
    for doc in nlp.pipe(TEXTS):
        for ent in doc.ents:
            assert sum(ent._.luke_labels.values()) == pytest.approx(1.0, abs=1e-3)
            assert ent._.luke_label == max(ent._.luke_labels, key=ent._.luke_labels.get)
            assert ent._.luke_vector.any()


def test_relations_and_facts(nlp: Language):
    relations = {(r.head.text, r.label, r.tail.text) for doc in nlp.pipe(TEXTS) for r in doc._.luke_relations}
    assert ("Marie Curie", "place of birth", "Warsaw") in relations
    facts = [fact for doc in nlp.pipe(TEXTS) for fact in doc._.luke_facts]
    assert facts
    assert all(fact.pairs and fact.id.startswith("P") for fact in facts)


def test_add_pipe_on_a_blank_pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("luke")
    doc = nlp(TEXTS[0])
    assert ("Marie Curie", "PER") in {(e.text, e.label_) for e in doc.ents}
    assert doc._.luke_relations


def test_entities_that_others_found_are_labelled(nlp: Language):
    doc = nlp.make_doc(TEXTS[2])
    doc.ents = [doc.char_span(0, 9, label="THING")]
    doc = nlp.get_pipe("luke")(doc)
    assert [(e.text, e.label_, e._.luke_label) for e in doc.ents] == [("Microsoft", "THING", "ORG")]
