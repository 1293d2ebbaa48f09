"""DocRED's figures against its own program, and by hand."""

from __future__ import annotations

import pytest
from gold_documents import ADA, BOB, NEW_YORK, curies, given, gold, relate
from hypothesis import given as examples
from hypothesis import strategies as st

from scripts.known_facts import DocumentScore, entity_names, known_score, name_triples, score_document
from spacy_luke.training.answers import fact_answers


def docred_reference(
    submitted: list[tuple], std: dict, names: dict[str, set[str]], train: set[tuple]
) -> tuple[float, float]:
    """F1 and Ign F1 as DocRED's evaluation.py computes them, line by line, for one document."""
    correct = in_train = 0
    for head, tail, relation in submitted:
        if (head, tail, relation) in std:
            correct += 1
            known = False
            for name1 in names[head]:
                for name2 in names[tail]:
                    if (name1, name2, relation) in train:
                        known = True
            in_train += known
    precision = correct / len(submitted) if submitted else 0
    recall = correct / len(std) if std else 0
    f1 = 0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    rest = len(submitted) - in_train
    ign = (correct - in_train) / rest if rest else 0
    return f1, 0 if ign + recall == 0 else 2 * ign * recall / (ign + recall)


def numbers(score: DocumentScore) -> tuple[int, int, int]:
    """Right, wrong, missed."""
    return score.counts.tp, score.counts.fp, score.counts.fn


NAMES = {"e0": {"Marie Curie", "Curie"}, "e1": {"Warsaw"}, "e2": {"Poland"}, "e3": {"Sorbonne"}}
TRAIN = {("Curie", "Warsaw", "born"), ("Warsaw", "Poland", "twin"), ("Poland", "Warsaw", "capital")}


def test_document_relations_by_hand() -> None:
    gold = {("e0", "e1", "born"), ("e0", "e3", "work"), ("e1", "e2", "country"), ("e2", "e1", "capital")}
    predicted = {("e0", "e1", "born"), ("e0", "e3", "work"), ("e1", "e2", "twin"), ("e3", "e2", "country")}
    score = score_document(predicted, gold, NAMES, TRAIN)
    # "born" is known from training; "twin" is wrong, so that its being known does not matter.
    assert (numbers(score), score.known) == ((2, 2, 2), 1)
    assert score.counts.fscore == 0.5
    assert score.ign_precision == 1 / 3
    assert score.ign_f1 == pytest.approx(2 * (1 / 3) * 0.5 / (1 / 3 + 0.5))
    other = score_document(set(), gold, NAMES, TRAIN)
    both = DocumentScore(score.counts + other.counts, score.known + other.known)
    assert (numbers(both), both.known) == ((2, 2, 6), 1)
    assert both.ign_f1 == pytest.approx(2 * (1 / 3) * 0.25 / (1 / 3 + 0.25))


triples = st.sets(
    st.tuples(
        st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(NAMES)), st.sampled_from(["born", "twin"])
    )
)


@examples(predicted=triples, gold=triples, train=triples)
def test_document_relations_as_docred_counts_them(predicted: set, gold: set, train: set) -> None:
    facts = {(min(NAMES[head]), min(NAMES[tail]), label) for head, tail, label in train}
    score = score_document(predicted, gold, NAMES, facts)
    expected = docred_reference(sorted(predicted), dict.fromkeys(gold), NAMES, facts)
    assert (score.counts.fscore, score.ign_f1) == pytest.approx(expected)


def test_what_training_tells_is_known_by_any_name() -> None:
    doc = relate(given(), (ADA, NEW_YORK, "left", 0.9), (ADA, BOB, "likes", 0.9))
    facts = fact_answers(doc, gold()).above(lambda label: 0.5)
    assert known_score(facts, gold(), {("She", "Bob", "likes"), ("Ada", "York", "left")}).known == 1
    score = known_score(facts, gold(), set())
    assert (numbers(score), score.known) == ((2, 0, 0), 0)


def test_names() -> None:
    assert entity_names(curies()) == {"e0": {"Marie Curie", "Curie"}, "e1": {"Warsaw"}}
    assert name_triples(curies()) == {("Marie Curie", "Warsaw", "left"), ("Curie", "Warsaw", "left")}
