"""Every figure against one worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.training.metrics import (
    Counts,
    DocumentScore,
    MatchScore,
    accuracy,
    bootstrap_interval,
    count,
    count_by_label,
    macro_f1,
    match,
    score_document,
    threshold_table,
    total,
    total_documents,
    total_matches,
)


def test_counts() -> None:
    # 2 right of 3 predicted, 2 found of 4 gold.
    counts = count({1, 2, 3}, {2, 3, 4, 5})
    assert counts == Counts(tp=2, fp=1, fn=2)
    assert (counts.precision, counts.recall) == (2 / 3, 0.5)
    assert counts.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert counts.to_dict() == {"p": 2 / 3, "r": 0.5, "f": counts.f1}


def test_counts_of_nothing() -> None:
    assert Counts().f1 == Counts().precision == Counts().recall == 0.0
    assert count(set(), {1}).f1 == 0.0
    assert total([]) == Counts()


def test_exact_ner_micro_over_documents() -> None:
    first = count({(0, 5, "PER"), (6, 9, "LOC")}, {(0, 5, "PER"), (6, 10, "LOC")})  # a wrong end: fp and fn
    second = count({(0, 5, "LOC")}, {(0, 5, "PER")})  # a wrong type: fp and fn
    assert total([first, second]) == Counts(1, 2, 2)
    assert total([first, second]).f1 == pytest.approx(1 / 3)


def test_macro_over_labels_with_gold() -> None:
    predicted = {("a", "b", "r"), ("a", "c", "r"), ("a", "b", "s"), ("x", "y", "only predicted")}
    gold = {("a", "b", "r"), ("d", "e", "t"), ("a", "b", "s")}
    by_label = count_by_label(predicted, gold)
    assert by_label == {
        "only predicted": Counts(0, 1, 0),
        "r": Counts(1, 1, 0),
        "s": Counts(1, 0, 0),
        "t": Counts(0, 0, 1),
    }
    assert macro_f1(by_label) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert macro_f1({}) == 0.0


def test_accuracy() -> None:
    assert accuracy(["PER", "", "LOC", None], ["PER", "LOC", "LOC", "PER"]) == 0.5
    assert accuracy([], []) == 0.0
    with pytest.raises(ValueError, match="Got 1 predicted answers for 2 gold"):
        accuracy(["PER"], ["PER", "LOC"])


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


NAMES = {"e0": {"Marie Curie", "Curie"}, "e1": {"Warsaw"}, "e2": {"Poland"}, "e3": {"Sorbonne"}}
TRAIN = {("Curie", "Warsaw", "born"), ("Warsaw", "Poland", "twin"), ("Poland", "Warsaw", "capital")}


def test_document_relations_by_hand() -> None:
    gold = {("e0", "e1", "born"), ("e0", "e3", "work"), ("e1", "e2", "country"), ("e2", "e1", "capital")}
    predicted = {("e0", "e1", "born"), ("e0", "e3", "work"), ("e1", "e2", "twin"), ("e3", "e2", "country")}
    score = score_document(predicted, gold, NAMES, TRAIN)
    # "born" is known from training; "twin" is wrong, so that its being known does not matter.
    assert score == DocumentScore(Counts(tp=2, fp=2, fn=2), known=1)
    assert score.counts.f1 == 0.5
    assert score.ign_precision == 1 / 3
    assert score.ign_f1 == pytest.approx(2 * (1 / 3) * 0.5 / (1 / 3 + 0.5))
    both = total_documents([score, score_document(set(), gold, NAMES, TRAIN)])
    assert both == DocumentScore(Counts(2, 2, 6), 1)
    assert both.ign_f1 == pytest.approx(2 * (1 / 3) * 0.25 / (1 / 3 + 0.25))


triples = st.sets(
    st.tuples(
        st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(NAMES)), st.sampled_from(["born", "twin"])
    )
)


@given(predicted=triples, gold=triples, train=triples)
def test_document_relations_as_docred_counts_them(predicted: set, gold: set, train: set) -> None:
    facts = {(min(NAMES[head]), min(NAMES[tail]), label) for head, tail, label in train}
    score = score_document(predicted, gold, NAMES, facts)
    expected = docred_reference(sorted(predicted), dict.fromkeys(gold), NAMES, facts)
    assert (score.counts.f1, score.ign_f1) == pytest.approx(expected)


def test_facts_from_text() -> None:
    gold = [
        {("Marie Curie", "Warsaw", "born"), ("Curie", "Warsaw", "born")},
        {("Warsaw", "Poland", "country")},
        {("Curie", "Paris", "lived")},
    ]
    predicted = [
        {("Marie Curie", "Warsaw", "born")},  # two names of one entity: both right, one gold fact found
        {("Curie", "Warsaw", "born")},
        {("Curie", "Poland", "born"), ("x", "y", "born")},
    ]
    score = match(predicted, gold)
    assert score == MatchScore(right=2, predicted=3, found=1, gold=3)
    assert (score.precision, score.recall) == (2 / 3, 1 / 3)
    assert score.f1 == pytest.approx(4 / 9)
    assert total_matches([score, score]) == MatchScore(4, 6, 2, 6)
    assert total_matches([]).f1 == match([], []).f1 == 0.0


def test_bootstrap() -> None:
    documents = [Counts(1, 0, 0)] * 50 + [Counts(0, 1, 1)] * 50

    def f1(counts: list[Counts]) -> float:
        return total(counts).f1

    low, high = bootstrap_interval(documents, f1)
    # The figure of a drawn list is a mean of 100 coin tosses: standard deviation 0.05.
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.015)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.015)
    assert bootstrap_interval(documents, f1) == (low, high)
    assert bootstrap_interval(documents, f1, seed=1) != (low, high)
    narrow = bootstrap_interval(documents, f1, level=0.5)
    assert low < narrow[0] < narrow[1] < high
    assert bootstrap_interval(documents[:1], f1, n_samples=10) == (1.0, 1.0)


def test_bootstrap_refuses() -> None:
    with pytest.raises(ValueError, match="one item or more"):
        bootstrap_interval([], len)
    with pytest.raises(ValueError, match="level has to be between 0 and 1, got 95"):
        bootstrap_interval([1], len, level=95)


def test_thresholds() -> None:
    scored = [(0.9, True), (0.8, False), (0.5, True), (0.1, False)]
    table = threshold_table(iter(scored), 4, [0.0, 0.5, 0.85, 0.95])
    assert [row.answers for row in table] == [4, 3, 1, 0]
    assert [row.precision for row in table] == [0.5, 2 / 3, 1.0, 0.0]
    assert [row.recall for row in table] == [0.5, 0.5, 0.25, 0.0]
    assert [row.f1 for row in table] == pytest.approx([0.5, 4 / 7, 0.4, 0.0])
