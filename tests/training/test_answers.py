from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_luke.annotation import facts_from_relations, set_extensions, write_entities, write_facts
from spacy_luke.training.answers import (
    Form,
    Scored,
    by_offsets_and_types,
    fact_answers,
    known_score,
    match_facts,
    pair_answers,
    span_answers,
    type_answers,
)
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.mentions import all_mentions, given_tokens, sentence_pairs
from spacy_luke.training.metrics import Counts
from spacy_luke.training.outcomes import by_offsets, by_text
from spacy_luke.types import Relation

set_extensions()
VOCAB = spacy.blank("en").vocab
#        0      1      2     3    4      5      6            7     8     9
WORDS = ["Ada", "left", "New", "York", ".", "She", "likes", "Bob", ".", "Ada", "stays", "."]
ADA, NEW_YORK, YORK, SHE, BOB, ADA_2 = (0, 1), (2, 4), (3, 4), (5, 6), (7, 8), (9, 10)


def gold() -> Doc:
    doc = Doc(VOCAB, words=WORDS, sent_starts=[i in (0, 5, 9) for i in range(len(WORDS))])
    doc.ents = [
        Span(doc, *place, label, span_id=cluster)
        for place, label, cluster in [
            (ADA, "PER", "ada"),
            (NEW_YORK, "LOC", "new york"),
            (SHE, "PER", "ada"),
            (BOB, "PER", "bob"),
            (ADA_2, "PER", "ada"),
        ]
    ]
    doc.spans[NESTED] = [Span(doc, *YORK, "LOC", span_id="york")]
    clusters: dict[str, list[Span]] = {}
    for span in all_mentions(doc):
        clusters.setdefault(span.id_, []).append(span)
    doc._.luke_relations = [
        (head, tail, label)
        for one, other, label in [("ada", "new york", "left"), ("ada", "bob", "likes")]
        for head in clusters[one]
        for tail in clusters[other]
    ]
    return doc


def relate(doc: Doc, *rows: tuple[tuple[int, int], tuple[int, int], str, float]) -> Doc:
    """Write the same rows as relations and as facts, as the pipe does with equal thresholds."""
    at = {(span.start, span.end): span for span in all_mentions(doc)}
    relations = [Relation(at[head], at[tail], label, score) for head, tail, label, score in rows]
    doc._.luke_relations = relations
    write_facts(doc, facts_from_relations(relations))
    return doc


def given() -> Doc:
    return given_tokens(VOCAB, gold(), mentions=True)


def test_a_copy_to_predict_on_has_mentions_and_nothing_to_read_off() -> None:
    doc = given()
    assert [token.text for token in doc] == WORDS
    assert [sent.start for sent in doc.sents] == [0, 5, 9]
    assert [(s.text, s.label_, s.id_) for s in all_mentions(doc)] == [
        ("Ada", "PER", "ada"),
        ("New York", "LOC", "new york"),
        ("York", "LOC", "york"),
        ("She", "PER", "ada"),
        ("Bob", "PER", "bob"),
        ("Ada", "PER", "ada"),
    ]
    assert not doc._.luke_relations
    bare = given_tokens(VOCAB, gold(), mentions=False)
    assert not [*bare.ents, *bare.spans]
    assert not bare.has_annotation("ENT_IOB")


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


def test_found_entities_by_place_and_type() -> None:
    doc = given_tokens(VOCAB, gold(), mentions=False)
    doc.ents = [Span(doc, *ADA, "PER"), Span(doc, *YORK, "LOC"), Span(doc, *BOB, "LOC")]
    answers = span_answers(doc, gold())
    assert len(answers.gold) == 6  # the nested one too
    assert len(answers.predicted & answers.gold) == 2


def test_pairs_count_in_one_sentence_only() -> None:
    doc = relate(
        given(),
        (ADA, NEW_YORK, "left", 0.8),
        (SHE, BOB, "likes", 0.4),
        (BOB, SHE, "likes", 0.6),
        (ADA, BOB, "likes", 0.9),  # right, but not of one sentence
    )
    answers = pair_answers(doc, gold())
    assert sorted(answers.scores.values()) == [0.4, 0.6, 0.8]
    assert len(answers.gold) == 2
    decided = answers.above(lambda label: {"left": 0.8, "likes": 0.5}[label])
    assert [label for *_, label in decided.predicted] == ["likes"]  # a score at the threshold isn't above it
    assert not decided.predicted & decided.gold


def test_facts_take_the_best_of_their_pairs() -> None:
    doc = relate(
        given(),
        (ADA, NEW_YORK, "left", 0.3),
        (SHE, NEW_YORK, "left", 0.7),
        (ADA, YORK, "left", 0.6),
        (ADA, SHE, "likes", 0.9),  # one entity
    )
    answers = fact_answers(doc, gold())
    assert answers.scores == {("ada", "new york", "left"): 0.7, ("ada", "york", "left"): 0.6}
    assert answers.gold == {("ada", "new york", "left"), ("ada", "bob", "likes")}


def test_what_training_tells_is_known_by_any_name() -> None:
    doc = relate(given(), (ADA, NEW_YORK, "left", 0.9), (ADA, BOB, "likes", 0.9))
    facts = fact_answers(doc, gold()).above(lambda label: 0.5)
    assert known_score(facts, gold(), {("She", "Bob", "likes"), ("Ada", "York", "left")}).known == 1
    assert known_score(facts, gold(), set()) == (Counts(2, 0, 0), 0)


@pytest.mark.parametrize(("form", "right"), [(by_offsets_and_types, 1), (by_offsets, 2), (by_text, 2)])
def test_facts_from_raw_text(form: Form, right: int) -> None:
    doc = spacy.blank("en").make_doc(gold().text)
    doc.ents = [Span(doc, *ADA, "PER"), Span(doc, *NEW_YORK, "ORG"), Span(doc, *BOB, "PER")]
    relate(doc, (ADA, NEW_YORK, "left", 0.9), (ADA, BOB, "likes", 0.6), (BOB, ADA, "likes", 0.4))
    score = match_facts(doc, gold(), form)
    assert (score.right, score.predicted, score.found, score.gold) == (right, 3, right, 2)
    assert match_facts(doc, gold(), form, lambda label: 0.5).predicted == 2
    assert match_facts(doc, gold(), form, lambda label: 0.9).predicted == 0


def test_nothing_predicted_nothing_gold() -> None:
    assert Scored({}, set()).above(lambda label: 0.5) == (set(), set())
