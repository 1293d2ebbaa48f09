"""Short and mixed texts keep what their parts say, and relate nothing else."""

from __future__ import annotations

import random

import pytest
import spacy
from spacy.tokens import Doc, Span

from scripts.mixing import join, mixed_texts
from spacy_luke.annotation import get_relations, get_told, get_unsure, write_relations, write_unsure
from spacy_luke.training.converters.build import NESTED, Mention, build_doc
from spacy_luke.types import Relation

VOCAB = spacy.blank("en").vocab


def document(*sentences: tuple[str, str, str]) -> Doc:
    """Each sentence says that a person lives in a place: (person, place, filler)."""
    words = [[person, "lives", "in", place, filler, "."] for person, place, filler in sentences]
    mentions = []
    for i, (person, place, _) in enumerate(sentences):
        mentions += [Mention(6 * i, 6 * i + 1, "PER", person), Mention(6 * i + 3, 6 * i + 4, "LOC", place)]
    doc, spans = build_doc(VOCAB, words, mentions)
    pairs = zip(spans[::2], spans[1::2], strict=True)
    write_relations(doc, [Relation(head, tail, "residence", 1.0, "P551") for head, tail in pairs])
    return doc


def told(doc: Doc) -> set[tuple[int, str, str, int, str]]:
    return {(r.head.start, r.head.text, r.tail.text, r.tail.start, r.label) for r in get_relations(doc)}


def test_parts_keep_their_entities_and_relations_at_their_new_places() -> None:
    first, second = document(("Ann", "Rome", "now")), document(("Bob", "Oslo", "too"), ("Cy", "Bonn", "here"))
    first.spans[NESTED] = [Span(first, 2, 4, "LOC", span_id="e9")]
    doc = join([first, second])
    assert doc.text == f"{first.text} {second.text}"
    assert [sent.text for sent in doc.sents] == [sent.text for part in (first, second) for sent in part.sents]
    assert [(ent.text, ent.label_, ent.id_) for ent in doc.ents][:3] == [
        ("Ann", "PER", "0:Ann"),
        ("Rome", "LOC", "0:Rome"),
        ("Bob", "PER", "1:Bob"),
    ]
    assert [(span.text, span.id_) for span in doc.spans[NESTED]] == [("in Rome", "0:e9")]
    assert told(doc) == {
        (0, "Ann", "Rome", 3, "residence"),
        (6, "Bob", "Oslo", 9, "residence"),
        (12, "Cy", "Bonn", 15, "residence"),
    }


def test_what_only_the_whole_document_tells_is_not_known_of_a_part() -> None:
    first, second = document(("Ann", "Rome", "now")), document(("Bob", "Oslo", "too"))
    write_unsure(second, [Relation(second.ents[1], second.ents[0], "residence", 1.0, "P551")])
    doc = join([first, second])
    assert [(r.head.text, r.head.start, r.tail.text, r.score) for r in get_unsure(doc)] == [
        ("Oslo", 9, "Bob", 0.0)
    ]
    assert get_told(doc) == get_relations(doc)
    assert len(get_relations(doc)) == 2


def test_mixed_texts_are_runs_of_sentences_and_repeatable() -> None:
    docs = [document(*((f"P{i}{j}", f"L{i}{j}", "x") for j in range(6))) for i in range(5)]
    sentences = {sent.text for doc in docs for sent in doc.sents}
    texts = list(mixed_texts(docs, 60, seed=3))
    assert all(sent.text in sentences for doc in texts for sent in doc.sents)
    assert all(len(get_relations(doc)) == len(list(doc.sents)) for doc in texts)
    sources = [{ent.text[1] for ent in doc.ents} for doc in texts]
    assert {len(names) for names in sources} == {1, 2, 3}
    assert [doc.text for doc in mixed_texts(docs, 60, seed=3)] == [doc.text for doc in texts]
    assert [doc.text for doc in mixed_texts(docs, 60, seed=4)] != [doc.text for doc in texts]


def test_mixing_does_not_touch_the_global_random_state() -> None:
    docs = [document((f"P{i}", f"L{i}", "x")) for i in range(3)]
    random.seed(1)
    expected = random.random()
    random.seed(1)
    list(mixed_texts(docs, 3))
    assert random.random() == pytest.approx(expected)
