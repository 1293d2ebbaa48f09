from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_luke.annotation import (
    facts_from_relations,
    has_relations,
    set_extensions,
    span_as_doc,
    stored,
    transfer_annotation,
    write_entities,
)
from spacy_luke.types import Relation

set_extensions()
NLP = spacy.blank("en")


@pytest.fixture
def doc() -> Doc:
    text = "👩‍🔬 Ada met Bob in Rome . Bob left Rome . Nobody stayed ."
    words = text.split()
    starts = [0, 7, 11]
    doc = Doc(NLP.vocab, words=words, sent_starts=[i in starts for i in range(len(words))])
    doc.ents = [
        Span(doc, 1, 2, "PER", span_id="e0", kb_id="Q1"),
        Span(doc, 3, 4, "PER", span_id="e1"),
        Span(doc, 5, 6, "LOC"),
        Span(doc, 7, 8, "PER", span_id="e1"),
        Span(doc, 9, 10, "LOC"),
    ]
    doc.spans["luke_nested"] = [Span(doc, 3, 6, "X", span_id="n"), Span(doc, 5, 10, "Y")]
    ada, _, rome, bob2, rome2 = doc.ents
    write_entities(
        doc, doc.ents, [{"x": i / 8} for i in range(5)], list("abcde"), np.arange(10).reshape(5, 2)
    )
    doc._.luke_relations = [
        (ada, rome, "in", 0.5, "P1"),
        (bob2, rome, "in"),
        (bob2, rome2, "left", 0.25),
        (doc.spans["luke_nested"][0], ada, "with"),
    ]
    doc._.luke_facts = facts_from_relations(doc._.luke_relations)
    doc.user_data["title"] = "T"
    return doc


def triples(doc: Doc) -> list[tuple]:
    return [(r.head.text, r.head.label_, r.head.id_, r.tail.text, *r[2:]) for r in doc._.luke_relations]


def test_parts_keep_what_lies_in_them(doc: Doc) -> None:
    first, second, third = (span_as_doc(sent) for sent in doc.sents)
    assert triples(first) == [
        ("Ada", "PER", "e0", "Rome", "in", 0.5, "P1"),
        ("Bob in Rome", "X", "n", "Ada", "with", 1.0, ""),
    ]
    assert first._.luke_relations[0].head == first.ents[0]
    assert first._.luke_relations[1].head == first.spans["luke_nested"][0]
    assert triples(second) == [("Bob", "PER", "e1", "Rome", "left", 0.25, "")]
    assert has_relations(third)
    assert triples(third) == []
    assert [f.label for f in second._.luke_facts] == ["left"]
    assert [[p.score for p in f.pairs] for f in first._.luke_facts] == [[0.5], [1.0]]
    assert second.ents[0]._.luke_label == "d"
    assert second.ents[1]._.luke_labels == {"x": 0.5}
    assert second.ents[1]._.luke_vector.tolist() == [8, 9]
    assert second.spans["luke_nested"] is not None
    assert [part.user_data["title"] for part in (first, second, third)] == ["T"] * 3


def test_whole_document_is_equal(doc: Doc) -> None:
    whole = span_as_doc(doc[:])
    assert triples(whole) == triples(doc)
    assert stored(whole).keys() == stored(doc).keys()
    assert len(whole.ents) == 5


def test_never_annotated_stays_so() -> None:
    doc = NLP("one two three")
    assert not has_relations(span_as_doc(doc[1:]))
    assert span_as_doc(doc[1:]).user_data == {}


def test_target_forgets_what_it_had(doc: Doc) -> None:
    other = NLP("x y")
    doc_before = triples(doc)
    transfer_annotation(doc, other, lambda start, end: None)
    assert other._.luke_relations == ()
    transfer_annotation(NLP("z"), other, lambda start, end: None)
    assert other.user_data == {}
    assert triples(doc) == doc_before


@given(cuts=st.sets(st.integers(1, 13)))
@settings(deadline=None)
def test_any_cuts_keep_each_relation_that_fits(cuts: set[int]) -> None:
    doc = Doc(NLP.vocab, words=["w", "👩‍🔬"] * 7, spaces=[True, False] * 7)
    spans = [Span(doc, i, i + 1, "A") for i in range(14)]
    doc._.luke_relations = [Relation(a, b, "r") for a in spans for b in spans if abs(a.start - b.start) < 3]
    borders = [0, *sorted(cuts), 14]
    got = []
    for start, end in pairwise(borders):
        part = span_as_doc(doc[start:end])
        got += [(r.head.start + start, r.tail.start + start) for r in part._.luke_relations]
    inside = [
        (r.head.start, r.tail.start)
        for r in doc._.luke_relations
        if not any(min(r.head.start, r.tail.start) < cut <= max(r.head.start, r.tail.start) for cut in cuts)
    ]
    assert sorted(got) == sorted(inside)
