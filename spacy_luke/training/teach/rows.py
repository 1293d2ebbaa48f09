"""What is learned from when labels are taught: states, and what examples say of labels there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
YES, NO, UNKNOWN, REJECTED = 1, 0, -1, -2


@dataclass(frozen=True)
class TeachRows:
    """Spans, mentions or pairs of examples.

    states (ndarray): Shape: (n, width)
    answers (ndarray): What is known of each label: `YES`, `NO`, `UNKNOWN` or `REJECTED`. Shape: (n, n_columns)
    groups (ndarray): Rows of one number stand in one text, and are never split between learning and judging.
        Shape: (n,)
    columns (Sequence[str]): The labels.
    texts (Sequence[str]): What to call each row; "" for those of an earlier time.
    places (ndarray | None): Of spans, document, first and last-plus-one token: of those that overlap only one can have
        a label. An empty extent for those of an earlier time. Shape: (n, 3)
    """

    states: Floats
    answers: NDArray[np.int64]
    groups: NDArray[np.int64]
    columns: Sequence[str]
    texts: Sequence[str]
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.states)

    def answers_of(self, label: str) -> NDArray[np.int64]:
        """label (str): A label. RETURNS (ndarray): What is known of it; all unknown if nothing is. Shape: (n,)"""
        if label not in self.columns:
            return np.full(len(self), UNKNOWN)
        return self.answers[:, list(self.columns).index(label)]

    def take(self, rows: NDArray[np.int64]) -> TeachRows:
        """rows (ndarray): Places. RETURNS (TeachRows): These rows."""
        texts = [self.texts[row] for row in rows.tolist()]
        places = None if self.places is None else self.places[rows]
        return TeachRows(
            self.states[rows], self.answers[rows], self.groups[rows], self.columns, texts, places
        )

    def join(self, others: TeachRows) -> TeachRows:
        """others (TeachRows): Rows of another time. RETURNS (TeachRows): Both; labels of one part are unknown in the
        other."""
        columns = [*self.columns, *(label for label in others.columns if label not in self.columns)]
        parts = self, others
        answers = [
            np.stack([part.answers_of(label) for label in columns], axis=1) for part in parts if columns
        ]
        shift = int(self.groups.max(initial=-1)) + 1
        return TeachRows(
            np.concatenate([self.states, others.states]),
            np.concatenate(answers) if answers else np.zeros((len(self) + len(others), 0), dtype=np.int64),
            np.concatenate([self.groups, others.groups + shift]),
            columns,
            [*self.texts, *others.texts],
            np.concatenate([_places(self), _places(others)]),
        )

    def only(self, columns: Sequence[str]) -> TeachRows:
        """columns (Sequence[str]): Labels. RETURNS (TeachRows): With these columns, and the rows that say something."""
        answers = (
            np.stack([self.answers_of(label) for label in columns], axis=1)
            if columns
            else self.answers[:, :0]
        )
        kept = TeachRows(self.states, answers, self.groups, columns, self.texts, self.places)
        return kept.take(np.flatnonzero((answers != UNKNOWN).any(axis=1)))


def _places(rows: TeachRows) -> NDArray[np.int64]:
    return np.zeros((len(rows), 3), dtype=np.int64) if rows.places is None else rows.places


def best_of_overlapping(scores: NDArray[np.float64], places: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """scores (ndarray): Probabilities. Shape: (n,). places (ndarray | None): See `TeachRows`.
    RETURNS (ndarray): 0 for spans that overlap with one of a higher score, as in prediction. Shape: (n,)"""
    if places is None:
        return scores
    left, taken = scores.copy(), dict[int, list[tuple[int, int]]]()
    for row in np.argsort(-scores, kind="stable").tolist():
        doc, start, end = places[row].tolist()
        there = taken.setdefault(doc, [])
        if start < end and any(a < end and start < b for a, b in there):
            left[row] = 0.0
        else:
            there.append((start, end))
    return left


def no_rows(width: int) -> TeachRows:
    """width (int): Width of the states. RETURNS (TeachRows): None."""
    nothing = np.zeros(0, dtype=np.int64)
    return TeachRows(
        np.zeros((0, width), dtype=np.float32), np.zeros((0, 0), dtype=np.int64), nothing, [], []
    )
