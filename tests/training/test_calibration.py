"""Scores become probabilities, and a label keeps its order."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.metrics import calibration_error
from spacy_luke.training.answers import ScoredAnswers
from spacy_luke.training.calibration import LEAST, Calibration, fit_calibration


def answers(n: int, seed: int, shifts: dict[str, float], slope: float = 0.5) -> list[ScoredAnswers]:
    """Documents whose scores are too sure by 1 / slope, and off by a shift for each label."""
    chance = np.random.default_rng(seed)
    documents = []
    for document in range(n):
        scores, gold = {}, set()
        for number, (label, shift) in enumerate(shifts.items()):
            truth = chance.normal(-1, 1.5)
            answer = (document, number, label)
            scores[answer] = float(1 / (1 + np.exp(-(truth - shift) / slope)))
            if chance.random() < 1 / (1 + np.exp(-truth)):
                gold.add(answer)
        documents.append(ScoredAnswers(scores, gold))
    return documents


def error(documents: list[ScoredAnswers]) -> float:
    return calibration_error([(s, a in row.gold) for row in documents for a, s in row.scores.items()])


def test_scores_become_probabilities_of_other_documents_too() -> None:
    shifts = {"often": 1.0, "seldom": -1.0}
    calibration = fit_calibration(answers(2000, 0, shifts))
    assert calibration.slope == pytest.approx(0.5, abs=0.05)
    assert calibration.of("often") == pytest.approx(1.0, abs=0.15)
    assert calibration.of("seldom") == pytest.approx(-1.0, abs=0.15)
    new = answers(2000, 1, shifts)
    assert error(new) > 0.1
    assert error([calibration.apply(row) for row in new]) < 0.03


def test_a_label_with_few_answers_stays_near_the_others() -> None:
    shifts = {"often": 0.5, "rare": -3.0}
    many, few = answers(1000, 0, {"often": 0.5}), answers(3, 1, {"rare": -3.0})
    calibration = fit_calibration([*many, *few])
    assert abs(calibration.of("rare") - calibration.of("often")) < 1.0
    assert calibration.of("never seen") == calibration.intercept
    assert fit_calibration(answers(1000, 0, shifts)).of("rare") < -2.0


def test_little_to_learn_from_changes_nothing() -> None:
    documents = answers(LEAST, 0, {"x": 0.0})
    assert fit_calibration(documents) == Calibration()
    assert fit_calibration([]) == Calibration()
    (row, *_) = documents
    assert Calibration().apply(row).scores == pytest.approx(row.scores)


def test_order_and_gold_stay() -> None:
    documents = answers(500, 0, {"x": 2.0})
    calibration = fit_calibration(documents)
    before = [score for row in documents for score in row.scores.values()]
    after = [score for row in documents for score in calibration.apply(row).scores.values()]
    assert (np.diff(np.array(after)[np.argsort(before)]) >= 0).all()
    assert len(set(after)) > 400
    assert all(calibration.apply(row).gold == row.gold for row in documents)


def test_answers_that_scores_tell_apart_without_fault_stay_finite() -> None:
    right = [ScoredAnswers({(i, "x"): 1.0}, {(i, "x")}) for i in range(LEAST)]
    wrong = [ScoredAnswers({(i, "x"): 0.0}, set()) for i in range(LEAST)]
    calibration = fit_calibration([*right, *wrong])
    assert 0.1 <= calibration.slope < 10
