"""Counts against some worked out by hand."""

from __future__ import annotations

import pytest
from spacy.scorer import PRFScore

from spacy_luke.training.metrics import count, count_by_label, total


def numbers(score: PRFScore) -> tuple[int, int, int]:
    """Right, wrong, missed."""
    return score.tp, score.fp, score.fn


def test_counts() -> None:
    # 2 right of 3 predicted, 2 found of 4 gold.
    score = count({1, 2, 3}, {2, 3, 4, 5})
    assert numbers(score) == (2, 1, 2)
    assert (score.precision, score.recall) == (2 / 3, 0.5)
    assert score.fscore == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert score.to_dict() == {"p": 2 / 3, "r": 0.5, "f": score.fscore}


def test_counts_of_nothing() -> None:
    nothing = count(set(), set())
    assert nothing.fscore == nothing.precision == nothing.recall == 0.0
    assert count(set(), {1}).fscore == 0.0
    assert numbers(total([])) == (0, 0, 0)


def test_exact_ner_micro_over_documents() -> None:
    first = count({(0, 5, "PER"), (6, 9, "LOC")}, {(0, 5, "PER"), (6, 10, "LOC")})  # a wrong end: fp and fn
    second = count({(0, 5, "LOC")}, {(0, 5, "PER")})  # a wrong type: fp and fn
    assert numbers(total([first, second])) == (1, 2, 2)
    assert numbers(first) == (1, 1, 1)  # a sum leaves its parts alone
    assert total([first, second]).fscore == pytest.approx(1 / 3)


def test_by_label() -> None:
    predicted = {("a", "b", "r"), ("a", "c", "r"), ("a", "b", "s"), ("x", "y", "only predicted")}
    gold = {("a", "b", "r"), ("d", "e", "t"), ("a", "b", "s")}
    by_label = count_by_label(predicted, gold)
    assert {label: numbers(score) for label, score in by_label.items()} == {
        "only predicted": (0, 1, 0),
        "r": (1, 1, 0),
        "s": (1, 0, 0),
        "t": (0, 0, 1),
    }
    assert list(by_label) == sorted(by_label)
