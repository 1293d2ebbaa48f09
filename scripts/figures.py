"""Figures with 95% bootstrap intervals over documents, from the documents' answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import PRFScore

from spacy_luke.training.answers import Comparison, ScoredAnswers
from spacy_luke.training.metrics import count, count_by_label, total

from .facts import MatchScore, ScoredFacts
from .given import Types
from .known_facts import DocumentScore
from .metrics import (
    Operating,
    bootstrap_interval,
    calibration_error,
    macro_f1,
    ratio,
    recall_at,
    threshold_table,
)

Row = NDArray[np.int64]
THRESHOLDS = tuple(round(0.1 * i, 1) for i in range(1, 10))
PRECISIONS = (0.75, 0.85)


@dataclass(frozen=True)
class Figure:
    """A figure and how sure it is.

    name (str): What it says.
    value (float): The figure, in [0, 1].
    low, high (float): Ends of its 95% interval over documents.
    details (dict[str, float]): What it is made of, e.g. "precision" and "recall".
    """

    name: str
    value: float
    low: float
    high: float
    details: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Plain data for JSON."""
        return asdict(self)


def _figure(
    name: str, rows: Sequence[Row], statistic: Callable[[Row], float], **details: Callable[[Row], float]
) -> Figure:
    """A statistic of the sum of the documents' rows. Rows of numbers, since they are added a thousand times."""
    sums = np.sum(rows, axis=0)
    low, high = bootstrap_interval(rows, lambda drawn: statistic(np.sum(drawn, axis=0)))
    return Figure(name, statistic(sums), low, high, {key: value(sums) for key, value in details.items()})


def accuracy_figure(name: str, answers: Sequence[Types]) -> Figure:
    """Share of right types.

    name (str): What the figure says.
    answers (Sequence[Types]): One a document.
    RETURNS (Figure): The accuracy.
    """
    rows = [
        np.array([sum(p == g for p, g in zip(*types, strict=True)), len(types.gold)]) for types in answers
    ]
    return _figure(name, rows, lambda row: ratio(*row))


def micro_figure(name: str, answers: Sequence[Comparison]) -> Figure:
    """F1 over all answers of all documents.

    name (str): What the figure says.
    answers (Sequence[Comparison]): One a document.
    RETURNS (Figure): The F1, with precision and recall.
    """
    return _figure(
        name,
        [_row(count(*sets)) for sets in answers],
        lambda row: _prf(row).fscore,
        precision=lambda row: _prf(row).precision,
        recall=lambda row: _prf(row).recall,
    )


def macro_figure(name: str, answers: Sequence[Comparison]) -> Figure:
    """Mean F1 of the labels that have gold answers.

    name (str): What the figure says.
    answers (Sequence[Comparison]): One a document.
    RETURNS (Figure): The mean, with the number of labels.
    """
    labels = sorted({answer[-1] for sets in answers for side in sets for answer in side})
    rows = []
    for sets in answers:
        by_label = count_by_label(*sets)
        # (n_labels, 3)
        rows.append(np.array([_row(by_label.get(label, PRFScore())) for label in labels]).reshape(-1, 3))
    return _figure(
        name,
        rows,
        lambda row: macro_f1({label: _prf(part) for label, part in zip(labels, row, strict=True)}),
        labels=lambda row: int((row[:, 0] + row[:, 2] > 0).sum()),
    )


def ign_figure(name: str, scores: Sequence[DocumentScore]) -> Figure:
    """Ign F1: without what the training data tell.

    name (str): What the figure says.
    scores (Sequence[DocumentScore]): One a document.
    RETURNS (Figure): The F1, with its precision and recall and the number of known answers.
    """

    def score(row: Row) -> DocumentScore:
        return DocumentScore(_prf(row), int(row[3]))

    return _figure(
        name,
        [np.array([*_row(score.counts), score.known]) for score in scores],
        lambda row: score(row).ign_f1,
        precision=lambda row: score(row).ign_precision,
        recall=lambda row: score(row).counts.recall,
        known=lambda row: int(row[3]),
    )


def match_figure(name: str, scores: Sequence[MatchScore]) -> Figure:
    """F1 of answers that may be right in several ways.

    name (str): What the figure says.
    scores (Sequence[MatchScore]): One a document.
    RETURNS (Figure): The F1, with precision and recall.
    """
    return _figure(
        name,
        [np.array(score) for score in scores],
        lambda row: MatchScore(*map(int, row)).f1,
        precision=lambda row: MatchScore(*map(int, row)).precision,
        recall=lambda row: MatchScore(*map(int, row)).recall,
    )


def with_scores(figure: Figure, answers: Sequence[ScoredAnswers]) -> Figure:
    """Add to a figure what the scores say without thresholds.

    figure (Figure): The figure at the thresholds.
    answers (Sequence[ScoredAnswers]): One a document, with answers down to the lowest threshold.
    RETURNS (Figure): With the most recall at each precision, and the calibration error, among its details.
    """
    scored = [(score, answer in row.gold) for row in answers for answer, score in row.scores.items()]
    n_gold = sum(len(row.gold) for row in answers)
    details = {f"recall_at_{least}": recall_at(least, scored, n_gold) for least in PRECISIONS}
    return replace(
        figure, details={**figure.details, **details, "calibration_error": calibration_error(scored)}
    )


def with_fact_scores(figure: Figure, facts: Sequence[ScoredFacts]) -> Figure:
    """The same for facts that may be right in several ways, without calibration: a score is that of the best pair,
    be it right or not.

    figure (Figure): The figure at the thresholds.
    facts (Sequence[ScoredFacts]): One a document.
    RETURNS (Figure): With the most recall at each precision among its details.
    """
    at = np.arange(0.05, 1.0, 0.01)
    columns = zip(*((row.predicted, row.right, row.found) for row in facts), strict=True)
    # How many of each have this score at least. (n_thresholds,)
    predicted, right, found = (
        np.array([score >= at for part in column for _, score in part]).reshape(-1, len(at)).sum(axis=0)
        for column in columns
    )
    n_gold = sum(row.gold for row in facts)
    details = {}
    for least in PRECISIONS:
        precise = (predicted > 0) & (right >= least * predicted)
        details[f"recall_at_{least}"] = ratio(max(found[precise], default=0), n_gold)
    return replace(figure, details={**figure.details, **details})


def operating_points(
    answers: Sequence[ScoredAnswers], thresholds: Sequence[float] = THRESHOLDS
) -> list[Operating]:
    """Precision and recall by threshold.

    answers (Sequence[ScoredAnswers]): One a document, with answers down to the lowest threshold.
    thresholds (Sequence[float]): The thresholds.
    RETURNS (list[Operating]): One row a threshold.
    """
    scored = [(score, answer in row.gold) for row in answers for answer, score in row.scores.items()]
    return threshold_table(scored, sum(len(row.gold) for row in answers), thresholds)


def by_label(answers: Sequence[Comparison]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each label, with the number of gold answers.

    answers (Sequence[Comparison]): One a document.
    RETURNS (dict[str, dict[str, float]]): By label, sorted.
    """
    parts = [count_by_label(*sets) for sets in answers]
    labels = sorted({label for part in parts for label in part})
    sums = {label: total(part.get(label, PRFScore()) for part in parts) for label in labels}
    return {label: {**prf.to_dict(), "gold": prf.tp + prf.fn} for label, prf in sums.items()}


def _row(prf: PRFScore) -> Row:
    return np.array([prf.tp, prf.fp, prf.fn])


def _prf(row: Row) -> PRFScore:
    return PRFScore(tp=int(row[0]), fp=int(row[1]), fn=int(row[2]))
