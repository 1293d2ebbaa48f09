"""Figures of a report, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.training.answers import Comparison, ScoredAnswers
from spacy_luke.training.curves import (
    NONE,
    average_precision,
    calibration,
    calibration_error,
    confusions,
    figures_by_label,
    precision_recall,
    rate,
)

A, B, C = (("x", "a"), ("y", "a"), ("z", "b"))
DOCS = [ScoredAnswers({A: 0.9, B: 0.4, C: 0.4}, {A, C}), ScoredAnswers({A: 0.1}, {B})]


def test_answers_are_rated_by_label() -> None:
    rated = rate(DOCS)
    assert list(rated) == ["", "a", "b"]  # most gold first
    assert [row.n_gold for row in rated.values()] == [3, 2, 1]
    assert rated[""].scores.tolist() == [0.9, 0.4, 0.4, 0.1]
    assert rated["b"].right.tolist() == [True]


def test_precision_and_recall_change_where_the_scores_do() -> None:
    thresholds, precision, recall = precision_recall(rate(DOCS)[""])
    assert thresholds.tolist() == [0.9, 0.4, 0.1]
    assert precision.tolist() == pytest.approx([1, 2 / 3, 1 / 2])
    assert recall.tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert average_precision(rate(DOCS)[""]) == pytest.approx(1 / 3 + 2 / 3 * 1 / 3)


scored = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=30)


@given(scored)
def test_curves_are_what_each_threshold_would_give(rows: list[tuple[int, bool]]) -> None:
    scores = {(i, "a"): score / 20 for i, (score, _) in enumerate(rows)}
    gold = {(i, "a") for i, (_, right) in enumerate(rows) if right} | {(99, "a")}
    doc = ScoredAnswers(scores, gold)
    for threshold, precision, recall in zip(*precision_recall(rate([doc])[""]), strict=True):
        given = doc.above(lambda _, least=threshold: least).predicted  # type: ignore[misc]
        assert precision == pytest.approx(len(given & gold) / len(given))
        assert recall == pytest.approx(len(given & gold) / len(gold))


@given(scored)
def test_calibration_counts_each_answer_once(rows: list[tuple[int, bool]]) -> None:
    scores = {(i, "a"): score / 20 for i, (score, _) in enumerate(rows)}
    gold = {(i, "a") for i, (_, right) in enumerate(rows) if right}
    bins = calibration(rate([ScoredAnswers(scores, gold)])[""])
    assert sum(part.n for part in bins) == len(rows)
    assert sum(part.n * part.right for part in bins) == pytest.approx(len(gold))
    assert sum(part.n * part.score for part in bins) == pytest.approx(sum(scores.values()))
    assert 0 <= calibration_error(bins) <= 1


def test_nothing_answered_has_empty_curves() -> None:
    rated = rate([ScoredAnswers({}, {A})])
    assert [len(row) for row in precision_recall(rated[""])] == [0, 0, 0]
    assert (average_precision(rated["a"]), calibration(rated[""]), calibration_error([])) == (0.0, [], 0.0)
    assert np.isfinite(rated[""].scores).all()


def test_confusions_set_what_is_missed_against_what_is_wrong() -> None:
    doc = Comparison({("x", "a"), ("y", "b"), ("z", "c")}, {("x", "a"), ("y", "a"), ("w", "a")})
    assert confusions([doc, doc]) == {("a", "a"): 2, ("a", "b"): 2, (NONE, "c"): 2, ("a", NONE): 2}


def test_figures_by_label_have_all_of_them_together_first() -> None:
    figures = figures_by_label([Comparison({A, C}, {A, B}), Comparison({A}, {A})])
    assert list(figures) == ["", "a", "b"]
    assert figures[""] == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert figures["b"] == (0, 0, 0, 0)
