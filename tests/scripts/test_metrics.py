"""Every figure against one worked out by hand."""

from __future__ import annotations

import pytest
from spacy.scorer import PRFScore

from scripts.metrics import bootstrap_interval, calibration_error, macro_f1, recall_at, threshold_table
from spacy_luke.training.metrics import count_by_label, total


def test_macro_over_labels_with_gold() -> None:
    predicted = {("a", "b", "r"), ("a", "c", "r"), ("a", "b", "s"), ("x", "y", "only predicted")}
    gold = {("a", "b", "r"), ("d", "e", "t"), ("a", "b", "s")}
    assert macro_f1(count_by_label(predicted, gold)) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert macro_f1({}) == 0.0


def test_bootstrap() -> None:
    documents = [PRFScore(tp=1)] * 50 + [PRFScore(fp=1, fn=1)] * 50

    def f1(counts: list[PRFScore]) -> float:
        return total(counts).fscore

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


def test_recall_at_a_precision() -> None:
    scored = [(0.9, True), (0.8, False), (0.7, True), (0.7, True), (0.6, False), (0.5, True)]
    assert recall_at(0.75, scored, 5) == 3 / 5  # answers of equal score come together: 3 of 4 are right
    assert recall_at(0.8, scored, 5) == 1 / 5
    assert recall_at(0.6, scored, 5) == 4 / 5
    assert recall_at(0.75, scored[1:2], 5) == recall_at(0.75, [], 5) == 0.0


def test_calibration_error_over_bins_of_equal_count() -> None:
    scored = [(0.9, True), (0.9, False), (0.2, False), (0.1, False), (0.01, True)]
    assert calibration_error(scored, n_bins=2) == pytest.approx((abs(0.9 - 0.5) + abs(0.15 - 0.0)) / 2)
    assert calibration_error(scored, n_bins=1) == pytest.approx(abs(0.525 - 0.25))
    assert calibration_error(scored, n_bins=9) == pytest.approx((0.1 + 0.9 + 0.2 + 0.1) / 4)
    assert calibration_error(scored, least=0.0, n_bins=1) == pytest.approx(abs(0.422 - 0.4))
    assert calibration_error([]) == 0.0
