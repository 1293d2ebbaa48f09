from __future__ import annotations

from gold_documents import given, gold

from scripts.given import sentence_pairs, type_answers
from spacy_luke.annotation import write_entities
from spacy_luke.training.mentions import all_mentions


def test_pairs_of_a_sentence_in_both_directions() -> None:
    pairs = {(head.text, tail.text) for head, tail in sentence_pairs(gold())}
    assert pairs == {
        *((a, b) for a in ("Ada", "New York", "York") for b in ("Ada", "New York", "York") if a != b),
        ("She", "Bob"),
        ("Bob", "She"),
    }


def test_types_of_all_mentions() -> None:
    doc = given()
    write_entities(doc, all_mentions(doc), best=["PER", "PER", "LOC", "PER", "", "PER"])
    answers = type_answers(doc, gold())
    assert answers.predicted == ["PER", "PER", "LOC", "PER", "", "PER"]
    assert answers.gold == ["PER", "LOC", "LOC", "PER", "PER", "PER"]
