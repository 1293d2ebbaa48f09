"""Teaching the pre-filter: "nausea" is no name, so the trained one may never propose it.

A row for each taught type scores all spans of a window by their first and last words. What it proposes is read beside
the trained pre-filter's candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...inputs.pieces import Extent, Ints
from ...training.teach.fit import Doubles, Row, Scale, fit_row, space_of
from ...training.teach.judge import folds_of
from ...training.teach.rows import NO, REJECTED, YES, Floats, TeachRows
from .examples import WindowStates

if TYPE_CHECKING:
    from ...nn.heads.joint.taught import TaughtRules

_MOST = 4000  # spans that aren't entities, to learn from
_SCALE = Scale(3.0, 2.0)
_AXES = 128  # enough to tell what is worth a look
Golds = Sequence[Mapping[Extent, str]]  # taught entities of each document


@dataclass
class Proposing:
    """Learns which spans are worth a look.

    windows (Sequence[WindowStates]): The words.
    golds (Golds): Their entities of taught types.
    rules (TaughtRules): Numbers that prediction has, too.
    widest (int): Widest span, in tokens.
    earlier (TeachRows): Spans of earlier examples, as read by the span head.
    background (ndarray): States of other texts' spans.
    """

    windows: Sequence[WindowStates]
    golds: Golds
    rules: TaughtRules
    widest: int
    earlier: TeachRows
    background: Floats

    def __post_init__(self) -> None:
        parts, labels, groups = [], [], []
        for window in self.windows:
            slots = self.grid(window)
            tokens = window.tokens[slots] + np.array([0, 1])
            gold = self.golds[window.doc]
            parts.append(self.features(window, slots))
            labels += [gold.get((start, end), "") for start, end in tokens.tolist()]
            groups += [window.doc] * len(slots)
        self._labels, self._groups = np.array(labels, dtype=object), np.array(groups, dtype=np.int64)
        self._features = np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)
        places = np.flatnonzero(self._labels == "")
        every = max(1, len(places) // _MOST)
        kept = np.sort(np.concatenate([np.flatnonzero(self._labels != ""), places[::every]]))
        self._features, self._labels, self._groups = (
            self._features[kept],
            self._labels[kept],
            self._groups[kept],
        )
        self._others = self._of_spans(self.background)
        known = self._of_spans(self.earlier.states)
        self._space = space_of(self._others, np.concatenate([self._features, known]), _AXES)
        self._z, self._background = self._space(self._features), self._space(self._others)
        self._known = self._space(known)

    @cached_property
    def taught(self) -> dict[str, Row]:
        """RETURNS (dict[str, Row]): A row for each type that has examples here or had some earlier."""
        labels = sorted({*self._labels.tolist(), *self.earlier.columns} - {""})
        return {label: row for label, row in zip(labels, self.rows(labels), strict=True) if row is not None}

    def rows(
        self, labels: Sequence[str], without: int | None = None, folds: Ints | None = None
    ) -> list[Row | None]:
        """labels (Sequence[str]): The types. without, folds (int | None, ndarray | None): A fold to leave out.
        RETURNS (list[Row | None]): A row for each; None for those without examples."""
        inside = np.ones(len(self._labels), dtype=np.bool_) if folds is None else folds != without
        found: list[Row | None] = []
        for label in labels:
            answers = self.earlier.answers_of(label)
            z = np.concatenate([self._z[inside], self._known[(answers == NO) | (answers == REJECTED)]])
            z = np.concatenate([z, self._known[answers == YES]])
            right = np.zeros(len(z), dtype=np.bool_)
            right[: int(inside.sum())] = self._labels[inside] == label
            right[len(z) - int((answers == YES).sum()) :] = True
            enough = right.any() and (len(self._background) or not right.all())
            found.append(fit_row(z, right, self._background, _SCALE).outside(self._space) if enough else None)
        return found

    def matrix(self, rows: Sequence[Row | None]) -> Doubles:
        """rows (Sequence[Row | None]): Of the types. RETURNS (ndarray): Shape: (n_types, 2 * hidden + 2)"""
        width = self._features.shape[1]
        silent = np.append(np.zeros(width), -1e4)
        return np.stack([silent if row is None else np.append(row.weight, row.bias) for row in rows])

    def recall(self, labels: Sequence[str]) -> dict[str, tuple[float, float] | None]:
        """labels (Sequence[str]): Taught types.
        RETURNS (dict): For each the share of its spans that are candidates: of the trained pre-filter, and with what
            the examples of other folds teach; None where there are no other folds."""
        folds = folds_of(self._groups, self._labels != "")
        n_folds = int(folds.max(initial=0)) + 1
        of_doc = dict(zip(self._groups.tolist(), folds.tolist(), strict=True))
        counts = {label: np.zeros(3) for label in labels}
        for fold in range(n_folds if n_folds > 1 else 0):
            matrix = self.matrix(self.rows(labels, fold, folds))
            for window in self.windows:
                if of_doc.get(window.doc) != fold:
                    continue
                before = {tuple(place) for place in self.tokens(window, window.candidates)}
                after = before | {tuple(place) for place in self.tokens(window, self.propose(window, matrix))}
                for place, label in self.golds[window.doc].items():
                    if label in counts and window.tokens[0] <= place[0] and place[1] <= window.tokens[-1] + 1:
                        counts[label] += [1, place in before, place in after]
        return {
            label: (float(n[1] / n[0]), float(n[2] / n[0])) if n[0] else None for label, n in counts.items()
        }

    def propose(self, window: WindowStates, matrix: Doubles) -> Ints:
        """window (WindowStates): The words. matrix (ndarray): See there.
        RETURNS (ndarray): First and last slot of the spans that prediction would read beside the candidates."""
        slots = self.grid(window)
        scores = (self.features(window, slots) @ matrix[:, :-1].T + matrix[:, -1]).max(axis=1)
        taken = {tuple(span) for span in window.candidates.tolist()}
        free = np.array([tuple(span) not in taken for span in slots.tolist()], dtype=np.bool_)
        likely = free & (scores >= np.log(self.rules.floor / (1 - self.rules.floor)))
        best = np.flatnonzero(likely)
        budget = int(np.ceil(len(window.tokens) * self.rules.spans_per_token))
        return slots[best[np.argsort(-scores[best], kind="stable")][:budget]]

    def grid(self, window: WindowStates) -> Ints:
        """RETURNS (ndarray): First and last slot of all spans. Shape: (n, 2)"""
        n = len(window.tokens)
        start = np.repeat(np.arange(n), self.widest)
        slots = np.column_stack([start, start + np.tile(np.arange(self.widest), n)])
        return slots[slots[:, 1] < n]

    def features(self, window: WindowStates, slots: Ints) -> Floats:
        """RETURNS (ndarray): Both ends' states, and the width. Shape: (n, 2 * hidden + 1)"""
        widths = (slots[:, 1:] - slots[:, :1] + 1) / self.rules.width_unit
        parts = [window.first[slots[:, 0]], window.last[slots[:, 1]], widths.astype(np.float32)]
        return np.concatenate(parts, axis=1)

    @staticmethod
    def tokens(window: WindowStates, slots: Ints) -> list[list[int]]:
        """RETURNS (list[list[int]]): First and last-plus-one token of spans."""
        return (window.tokens[slots.reshape(-1, 2)] + np.array([0, 1])).tolist()

    def _of_spans(self, states: NDArray[np.float32]) -> Floats:
        """What the pre-filter sees of spans that the span head read: all but their own states."""
        width = self._features.shape[1] - 1  # 2 * hidden
        if not len(states):
            return np.zeros((0, width + 1), dtype=np.float32)
        return np.concatenate([states[:, :width], states[:, -1:]], axis=1)
