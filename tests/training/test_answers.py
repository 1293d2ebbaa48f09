from __future__ import annotations

from gold_documents import ADA, BOB, NEW_YORK, SHE, VOCAB, WORDS, YORK, given, gold, relate
from spacy.tokens import Span

from spacy_luke.training.answers import ScoredAnswers, fact_answers, pair_answers, span_answers
from spacy_luke.training.mentions import all_mentions, given_tokens


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
    assert sorted(label for *_, label in decided.predicted) == [
        "left",
        "likes",
    ]  # as high as the threshold is enough
    assert [label for *_, label in decided.predicted & decided.gold] == ["left"]


def test_what_the_gold_is_not_sure_of_counts_only_as_related() -> None:
    doc = relate(given(), (ADA, NEW_YORK, "left", 0.8), (SHE, BOB, "likes", 0.4))
    reference = gold()
    reference._.luke_unsure_relations = [r for r in reference._.luke_relations if r.label == "likes"]
    reference._.luke_relations = [r for r in reference._.luke_relations if r.label == "left"]
    stated = pair_answers(doc, reference)
    assert [label for *_, label in stated.scores] == [label for *_, label in stated.gold] == ["left"]
    assert pair_answers(doc, reference, related=True) == pair_answers(doc, gold())
    assert fact_answers(doc, reference) == fact_answers(doc, gold())
    # Not even the document is known to tell it.
    reference._.luke_unsure_relations = [r._replace(score=0.0) for r in reference._.luke_unsure_relations]
    facts = fact_answers(doc, reference)
    assert {label for *_, label in facts.scores} == {label for *_, label in facts.gold} == {"left"}


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


def test_nothing_predicted_nothing_gold() -> None:
    assert ScoredAnswers({}, set()).above(lambda label: 0.5) == (set(), set())
