from __future__ import annotations

import pytest
from spacy.scorer import PRFScore

from scripts.facts import MatchScore, ScoredFacts
from scripts.figures import (
    accuracy_figure,
    by_label,
    ign_figure,
    macro_figure,
    match_figure,
    micro_figure,
    operating_points,
    with_fact_scores,
    with_scores,
)
from scripts.given import Types
from scripts.known_facts import DocumentScore
from spacy_luke.training.answers import Comparison, ScoredAnswers

# Two documents: "x" is right once and missed once, "y" is wrong once and has no gold.
ANSWERS = [Comparison({(1, "x"), (1, "y")}, {(1, "x")}), Comparison(set(), {(2, "x")})]


def test_accuracy() -> None:
    figure = accuracy_figure("types", [Types(["A", "B", ""], ["A", "A", "A"]), Types(["B"], ["B"])])
    assert figure.value == 0.5
    assert figure.low == pytest.approx(1 / 3)
    assert figure.high == 1.0


def test_micro() -> None:
    figure = micro_figure("relations", ANSWERS)
    assert figure.value == pytest.approx(0.5)
    assert figure.details == {"precision": 0.5, "recall": 0.5}
    assert figure.low == 0.0  # drawn twice, the second document alone
    assert figure.high == pytest.approx(2 / 3)


def test_macro_counts_labels_with_gold_only() -> None:
    figure = macro_figure("relations", ANSWERS)
    assert figure.value == pytest.approx(2 / 3)
    assert figure.details == {"labels": 1}
    assert macro_figure("none", [Comparison(set(), set())]).value == 0.0


def test_ign_leaves_known_answers_out_of_precision() -> None:
    figure = ign_figure("ign", [DocumentScore(PRFScore(tp=3, fp=1, fn=1), 2)])
    assert figure.details["precision"] == 0.5
    assert figure.details["recall"] == 0.75
    assert figure.details["known"] == 2
    assert figure.value == pytest.approx(0.6)
    assert (figure.low, figure.high) == (figure.value, figure.value)  # one document: nothing varies


def test_matches() -> None:
    figure = match_figure("facts", [MatchScore(2, 4, 1, 2)])
    assert figure.value == 0.5
    assert figure.details == {"precision": 0.5, "recall": 0.5}


def test_what_scores_say_without_thresholds() -> None:
    rows = [ScoredAnswers({(1, "x"): 0.9, (2, "x"): 0.3}, {(1, "x"), (3, "x")})]
    figure = with_scores(micro_figure("relations", ANSWERS), rows)
    assert figure.details == {
        "precision": 0.5,
        "recall": 0.5,
        "recall_at_0.75": 0.5,
        "recall_at_0.85": 0.5,
        "calibration_error": pytest.approx(0.2),
    }
    facts = [ScoredFacts([("x", 0.9), ("x", 0.5), ("x", 0.4)], [("x", 0.9), ("x", 0.4)], [("x", 0.9)], 4)]
    figure = with_fact_scores(match_figure("facts", [facts[0].above(lambda label: 0.45)]), facts)
    assert figure.details == {
        "precision": 0.5,
        "recall": 0.25,
        "recall_at_0.75": 0.25,
        "recall_at_0.85": 0.25,
    }
    nothing = with_fact_scores(figure, [ScoredFacts([], [], [], 0)])
    assert nothing.details["recall_at_0.75"] == 0.0


def test_operating_points() -> None:
    rows = [
        ScoredAnswers({(1, "x"): 0.9, (2, "x"): 0.3}, {(1, "x"), (3, "x")}),
        ScoredAnswers({(1, "x"): 0.6}, set()),
    ]
    low, high = operating_points(rows, (0.2, 0.8))
    assert (low.precision, low.recall, low.answers) == (pytest.approx(1 / 3), 0.5, 3)
    assert (high.precision, high.recall, high.answers) == (1.0, 0.5, 1)


def test_by_label() -> None:
    table = by_label(ANSWERS)
    assert table["x"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3), "gold": 2}
    assert table["y"] == {"p": 0.0, "r": 0.0, "f": 0.0, "gold": 0}


def test_plain_data() -> None:
    assert micro_figure("relations", ANSWERS).to_dict()["details"] == {"precision": 0.5, "recall": 0.5}
