from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_luke.annotation import set_extensions
from spacy_luke.training.metrics import match
from spacy_luke.training.outcomes import (
    best_labels,
    by_offsets,
    by_text,
    entity_names,
    entity_triples,
    gold_facts,
    gold_labels,
    labelled_spans,
    mention_pairs,
    name_triples,
    predicted_facts,
    same_sentence,
)
from spacy_luke.types import Fact, Relation

set_extensions()
NLP = spacy.blank("en")


@pytest.fixture
def doc() -> Doc:
    words = ["Marie", "Curie", "left", "Warsaw", ".", "Curie", "loved", "Old", "Warsaw", "."]
    doc = Doc(NLP.vocab, words=words, sent_starts=[i in (0, 5) for i in range(10)])
    doc.ents = [
        Span(doc, 0, 2, "PER", span_id="e0"),
        Span(doc, 3, 4, "LOC", span_id="e1"),
        Span(doc, 5, 6, "PER", span_id="e0"),
    ]
    doc.spans["luke_nested"] = [Span(doc, 8, 9, "LOC", span_id="e1")]
    heads, tails = (doc.ents[0], doc.ents[2]), (doc.ents[1], doc.spans["luke_nested"][0])
    doc._.luke_relations = [Relation(h, t, "left", 1.0, "P1") for h in heads for t in tails]
    return doc


def test_mention_pairs(doc: Doc) -> None:
    relations = doc._.luke_relations
    assert len(mention_pairs(relations)) == 4
    assert mention_pairs(relations, same_sentence) == {
        ((0, 11), (17, 23), "left"),
        ((26, 31), (42, 48), "left"),
    }


def test_entities(doc: Doc) -> None:
    assert entity_names(doc) == {"e0": {"Marie Curie", "Curie"}, "e1": {"Warsaw"}}
    assert entity_triples(doc._.luke_relations) == {("e0", "e1", "left")}
    assert name_triples(doc) == {("Marie Curie", "Warsaw", "left"), ("Curie", "Warsaw", "left")}
    same = Relation(doc.ents[0], doc.ents[2], "self")
    assert entity_triples([same]) == set()
    plain = NLP("Ada met ada in Rome")
    spans = [plain[0:1], plain[2:3], plain[4:5]]
    relations = [Relation(a, b, "r") for a in spans for b in spans]
    assert entity_triples(relations) == {("ada", "rome", "r"), ("rome", "ada", "r")}


def test_facts(doc: Doc) -> None:
    assert [len(forms) for forms in gold_facts(doc, by_offsets)] == [4]
    assert gold_facts(doc, by_text) == [{("marie curie", "warsaw", "left"), ("curie", "warsaw", "left")}]
    found = NLP(doc.text)
    head, wrong, tail = found[1:2], found[0:1], found[3:4]
    found._.luke_facts = [
        Fact("Curie", "Warsaw", "left", 0.9, "", (Relation(head, tail, "left"),)),
        Fact("Marie", "Warsaw", "left", 0.8, "", (Relation(wrong, tail, "left"),)),
    ]
    # By text the name is right; by offsets "Curie" of the first sentence is no mention.
    assert match(predicted_facts(found, by_text), gold_facts(doc, by_text)) == (1, 2, 1, 1)
    assert match(predicted_facts(found, by_offsets), gold_facts(doc, by_offsets)) == (0, 2, 0, 1)


def test_labels(doc: Doc) -> None:
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
