"""Rows for labels from few examples, what leaving examples out tells, and the table of thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.training.teach.fit import STEPS, USUAL, Space, fit_row, space_of
from spacy_luke.training.teach.judge import NEVER, Table, contradictions, folds_of, held_out, judge
from spacy_luke.training.teach.rows import NO, REJECTED, UNKNOWN, YES, TeachRows, best_of_overlapping, no_rows

WIDTH = 24
SCALE = USUAL["ner"]


def states(n: int, label: float, seed: int) -> np.ndarray:
    """Correlated states of general text; those with the label are moved along two directions."""
    rng = np.random.default_rng(seed)
    mix = np.eye(WIDTH) + 0.3 * np.random.default_rng(99).normal(size=(WIDTH, WIDTH))
    return (rng.normal(size=(n, WIDTH)) + label * np.eye(WIDTH)[:2].sum(axis=0)) @ mix


def accuracy(n: int, seed: int = 0) -> float:
    """Of the likeliest 50 of 50 states with the label and 450 without, those that have it."""
    background = states(500, 0, 1)
    space = space_of(background, background[:0])
    z = space(np.concatenate([states(n, 2, seed + 10), states(20, 0, seed + 20)]))
    row = fit_row(z, np.arange(n + 20) < n, space(background), SCALE).outside(space)
    scores = row(np.concatenate([states(50, 2, 5), states(450, 0, 6)]))
    return float((np.argsort(-scores)[:50] < 50).mean())


def test_a_few_examples_are_enough_and_more_are_better():
    few, many = (np.mean([accuracy(n, seed) for seed in range(5)]) for n in (2, 20))
    assert few > 0.4
    assert many > few + 0.1


def test_whitened_states_of_general_text_are_alike_in_all_directions():
    x = states(5000, 0, 3)
    z = Space.of(x)(x)
    assert np.allclose(z.mean(axis=0), 0, atol=1e-6)
    assert x.var(axis=0).max() > 2 * x.var(axis=0).min()
    assert z.var(axis=0).max() < 1.2
    assert np.median(z.var(axis=0)) > 0.8


def test_steps_count_from_the_background():
    background = states(400, 0, 1)
    space = space_of(background, background[:0])
    z, others = space(states(5, 3, 2)), space(background)
    row = fit_row(z, np.ones(5, dtype=bool), others, STEPS)
    assert np.median(row(others)) == pytest.approx(0, abs=1e-6)
    assert np.quantile(row(others), 0.995) == pytest.approx(1, abs=1e-6)
    assert row(z).min() > 1


@given(st.integers(1, 12), st.integers(0, 30), st.integers(0, 3))
def test_any_number_of_examples_gives_a_row(n: int, others: int, seed: int):
    z = states(n + others, 0, seed)
    background = states(5, 0, 9)
    row = fit_row(z, np.arange(n + others) < n, background, SCALE)
    assert np.isfinite(row.weight).all()
    assert np.isfinite(row.bias)
    again = fit_row(z, np.arange(n + others) < n, background, SCALE)
    assert np.array_equal(row.weight, again.weight)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.data())
def test_folds_never_split_a_group(groups: list[int], data: st.DataObject):
    right = np.array(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))))
    numbers = np.array(groups)
    folds = folds_of(numbers, right)
    assert all(len(set(folds[numbers == group])) == 1 for group in groups)
    with_label = {group for group, is_right in zip(groups, right, strict=True) if is_right}
    assert len(set(folds[right])) == min(5, len(with_label))


def test_judging():
    z = np.concatenate([states(30, 4, 1), states(60, 0, 2)])
    right, groups = np.arange(90) < 30, np.arange(90) % 10
    scores = held_out(z, right, groups, states(200, 0, 3), SCALE, None)
    assert scores is not None
    judged = judge(scores, right, groups, Table.of("ner"))
    assert judged.f1 is not None
    assert judged.f1 > 0.8
    assert judged.low <= judged.f1 <= judged.high
    assert held_out(z, right, np.zeros(90, dtype=int), states(200, 0, 3), SCALE, None) is None
    assert judge(None, right[:1], groups[:1], Table.of("ner")).f1 is None


def test_the_table():
    table = Table.of("ner", {"thresholds": {"3": 0.8, "12": 0.4}, "slope": 2, "centre": 1})
    assert table.threshold(2) == NEVER
    assert table.threshold(3) == 0.8
    assert 0.4 < table.threshold(6) < 0.8
    assert table.threshold(19) == 0.4
    assert Table.of("ner", {"thresholds": {}, "slope": 1, "centre": 1}).threshold(19) == NEVER


def test_of_overlapping_spans_one_is_said():
    places = np.array([[0, 1, 3], [0, 2, 4], [1, 2, 4], [0, 4, 5], [0, 0, 0], [0, 0, 0]])
    scores = np.array([0.5, 0.9, 0.4, 0.3, 0.2, 0.1])
    assert best_of_overlapping(scores, places).tolist() == [0.0, 0.9, 0.4, 0.3, 0.2, 0.1]


def test_contradictions():
    z = np.concatenate([states(3, 0, 1), states(1, 0, 1)])
    right = np.array([True, False, False, False])
    assert contradictions(z, right, None) == [(0, 3)]
    overlapping = np.array([[0, 1, 3], [1, 1, 2], [1, 1, 2], [0, 2, 4]])
    assert contradictions(z, right, overlapping) == []


def test_rows_of_two_times():
    one = TeachRows(np.ones((2, 3)), np.array([[YES], [NO]]), np.array([0, 1]), ["a"], ["x", "y"])
    other = TeachRows(np.zeros((1, 3)), np.array([[REJECTED, YES]]), np.array([0]), ["b", "c"], ["z"])
    both = one.join(other)
    assert both.columns == ["a", "b", "c"]
    assert both.answers.tolist() == [[1, -1, -1], [0, -1, -1], [-1, -2, 1]]
    assert both.groups.tolist() == [0, 1, 2]
    assert both.answers_of("d").tolist() == [UNKNOWN] * 3
    assert both.only(["b"]).texts == ["z"]
    assert len(no_rows(3).join(one)) == 2
