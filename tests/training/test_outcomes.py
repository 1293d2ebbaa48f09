from __future__ import annotations

import spacy
from gold_documents import curies

from spacy_luke.training.outcomes import (
    best_labels,
    entity_triples,
    gold_labels,
    labelled_spans,
    mention_pairs,
    same_sentence,
)
from spacy_luke.types import Relation

NLP = spacy.blank("en")


def test_mention_pairs() -> None:
    relations = curies()._.luke_relations
    assert len(mention_pairs(relations)) == 4
    assert mention_pairs(relations, same_sentence) == {
        ((0, 11), (17, 23), "left"),
        ((26, 31), (42, 48), "left"),
    }


def test_entities() -> None:
    doc = curies()
    assert entity_triples(doc._.luke_relations) == {("e0", "e1", "left")}
    same = Relation(doc.ents[0], doc.ents[2], "self")
    assert entity_triples([same]) == set()
    plain = NLP("Ada met ada in Rome")
    spans = [plain[0:1], plain[2:3], plain[4:5]]
    relations = [Relation(a, b, "r") for a in spans for b in spans]
    assert entity_triples(relations) == {("ada", "rome", "r"), ("rome", "ada", "r")}


def test_labels() -> None:
    doc = curies()
    span = doc.ents[0]
    assert gold_labels(span) == {"PER"}
    assert best_labels(span) == set()
    span._.luke_labels = {"scientist": 1.0, "woman": 0.5, "singer": 0.1}
    span._.luke_label = "scientist"
    assert gold_labels(span) == {"scientist", "woman"}
    assert best_labels(span) == {"scientist"}
    assert gold_labels(doc[0:1]) == set()
    span._.luke_labels = {}
    assert gold_labels(span) == set()
    assert len(labelled_spans(doc)) == 3
    assert len(labelled_spans(doc, "luke_nested")) == 1
    assert labelled_spans(doc, "absent") == []
