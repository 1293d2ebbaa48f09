"""Your own labels from a few examples, on states that are computed once: `pipe.teach` and `pipe.forget`.

examples --ExampleReader--> states --Marked--> rows + rows kept from before --fit_row--> a row for each label
                                                                          --judge-----> its threshold, and the report
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ...errors import Errors
from ...training.teach.fit import ENOUGH, Doubles, Row, fit_row, space_of
from ...training.teach.judge import Judgement, Table, contradictions, held_out, judge
from ...training.teach.report import TaughtLabel, TeachReport
from ...training.teach.rows import NO, REJECTED, UNKNOWN, YES, Floats, TeachRows, no_rows
from ..label_data import FIELDS
from .background import Background, background_of
from .examples import ExampleReader, ReadExamples
from .marked import Marked
from .proposing import Proposing

if TYPE_CHECKING:
    from ..luke import LukeJoint

HEADS = {"ner": "span_head", "labels": None, "relations": "relation_head"}  # whose states a task is taught on
_MOST_KEPT = {"ner": 1500, "labels": 2000, "relations": 2000}  # rows
_MOST_GROUPS = 2048  # whole numbers that half precision has
_REPEATED = 0.9999  # cosine of a state that was taught and its like of another time, at least
_SILENT = -30.0  # bias of a label without examples
Values = dict[str, NDArray[Any]]


@dataclass
class Part:
    """What one task was taught, as the model keeps it.

    thresholds (dict[str, float]): Of the labels.
    rows (dict[str, Row]): Of the labels.
    proposer (dict[str, Row]): Of the labels, in the pre-filter.
    kept (TeachRows): The examples.
    """

    kept: TeachRows
    thresholds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    proposer: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, taught: Mapping[str, Any], values: Values) -> Part:
        """taught (Mapping): The task's entry in `JointConfig.taught`. values (dict): The buffers of its rows.
        RETURNS (Part): The same, to be changed."""
        columns = list(taught["columns"])
        answers, groups = values["answers"].astype(np.int64), values["groups"].astype(np.int64)
        part = cls(TeachRows(values["states"], answers, groups, columns, [""] * len(groups)))
        part.thresholds = dict(taught["thresholds"])
        for i, label in enumerate(part.thresholds):
            part.rows[label] = Row(values["weight"][i].astype(np.float64), float(values["bias"][i]))
            proposer = values["proposer"][i].astype(np.float64)
            part.proposer[label] = Row(proposer[:-1], float(proposer[-1]))
        return part

    def config(self) -> dict[str, Any]:
        """RETURNS (dict): The task's entry in `JointConfig.taught`."""
        return {"thresholds": self.thresholds, "columns": list(self.kept.columns), "kept": len(self.kept)}

    def values(self, proposer_width: int) -> Values:
        """proposer_width (int): Of the pre-filter's rows; 0 for none.
        RETURNS (dict): The buffers of the rows, as half precision has them: then a model stored in it stays so."""
        labels, width = list(self.thresholds), self.kept.states.shape[1]
        nothing = Row(np.zeros(proposer_width), _SILENT if proposer_width else 0.0)
        rows = [self.rows[label] for label in labels]
        proposers = [self.proposer.get(label, nothing) for label in labels]
        found: Values = {
            "weight": np.array([row.weight for row in rows]).reshape(len(rows), width),
            "bias": np.array([row.bias for row in rows]),
            "states": self.kept.states,
            "answers": self.kept.answers,
            "groups": np.unique(self.kept.groups, return_inverse=True)[1] % _MOST_GROUPS,
            "proposer": np.array([np.append(row.weight, row.bias) for row in proposers]).reshape(
                len(rows), proposer_width + 1
            ),
        }
        return {name: _halved(value) for name, value in found.items()}

    def without(self, labels: Iterable[str]) -> Part:
        """labels (Iterable[str]): Labels to forget. RETURNS (Part): The others."""
        gone = set(labels)
        part = Part(self.kept.only([label for label in self.kept.columns if label not in gone]))
        part.thresholds = {label: t for label, t in self.thresholds.items() if label not in gone}
        part.rows = {label: row for label, row in self.rows.items() if label not in gone}
        part.proposer = {label: row for label, row in self.proposer.items() if label not in gone}
        return part


def _halved(values: NDArray[Any]) -> Floats:
    most = float(np.finfo(np.float16).max)
    return np.clip(values.astype(np.float32), -most, most).astype(np.float16).astype(np.float32)


class Teacher:
    """Teaches a pipe.

    pipe (LukeJoint): The pipe.
    complete (bool): Whether all that isn't marked in the examples is none.
    background (Iterable[str | Doc]): Further texts, in which the labels are rare.
    """

    def __init__(self, pipe: LukeJoint, complete: bool, background: Iterable[str | Doc]) -> None:
        self.pipe, self.complete = pipe, complete
        self.trained = pipe.network.joint
        self.tasks = [task for task in pipe.parts if self._can_teach(task)]
        self.background: Background = background_of(pipe, background)
        tables = pipe.network.taught_tables  # they were made with a background
        self.tables = {
            task: Table.of(task, tables.get(task) if len(states) >= ENOUGH else None)
            for task, states in self.background.items()
        }
        self.report = TeachReport(background=sum(map(len, self.background.values())))

    def _can_teach(self, task: str) -> bool:
        """Whether there are states to teach on: never those of a head whose weights are random."""
        untrained, head = self.trained.untrained, HEADS[task]
        if head is None:
            return "entity_head" not in untrained
        return bool(getattr(self.trained, FIELDS[task])) and head not in untrained

    def teach(self, docs: Sequence[Doc], parts: dict[str, Part]) -> dict[str, Part]:
        """docs (Sequence[Doc]): The examples. parts (dict[str, Part]): What was taught before.
        RETURNS (dict[str, Part]): What is taught now, by task."""
        reader = ExampleReader(self.pipe, docs, "ner" in self.tasks)
        read = reader.read()
        self.report.unplaced = [mark for marks in read.marks for mark in marks.unplaced]
        self.report.rejected = sum(
            len(found)
            for marks in read.marks
            for wrong in (marks.wrong_entities, marks.wrong_relations)
            for found in wrong.values()
        )
        marked, taught = Marked(docs, read, self.complete), {}
        labels = {task: self._new_labels(task, read) for task in self.tasks}
        self._refuse_nothing(labels)
        for task in self.tasks:
            taught[task] = self._teach_task(task, labels[task], marked, reader, parts.get(task))
        return {task: part for task, part in taught.items() if part.thresholds or len(part.kept)}

    def _new_labels(self, task: str, read: ReadExamples) -> list[str]:
        found: set[str] = set()
        for marks in read.marks:
            if task == "relations":
                found.update(label for labels in (marks.relations or {}).values() for label in labels)
            elif task == "ner":
                found.update((marks.entities or {}).values())
            else:
                found.update(label for labels in marks.labels for label in labels or ())
        known = set(getattr(self.trained, FIELDS[task]))
        self.report.known = sorted({*self.report.known, *(found & known)})
        return sorted(found - known - {"", *self.pipe.network.no_relation})

    def _refuse_nothing(self, labels: Mapping[str, Sequence[str]]) -> None:
        if not any(labels.values()) and not self.report.rejected:
            tasks, known = ", ".join(self.tasks) or "nothing", ", ".join(self.report.known) or "none"
            raise ValueError(Errors.L723.format(name=self.pipe.name, tasks=tasks, known=known))

    # --- one task --------------------------------------------------------------------------

    def _teach_task(
        self, task: str, labels: Sequence[str], marked: Marked, reader: ExampleReader, before: Part | None
    ) -> Part:
        proposing, background = None, self.background[task]
        earlier = no_rows(background.shape[1]) if before is None else before.kept
        if task == "relations":
            rows = marked.relations(labels, self.pipe.limits)
        elif task == "labels":
            rows = marked.labels(labels)
        else:
            golds = [
                {place: label for place, label in (marks.entities or {}).items() if label in labels}
                for marks in marked.read.marks
            ]
            rules, widest = self.pipe.network.taught_rules, self.trained.max_span_width
            if any(golds):
                proposing = Proposing(marked.read.windows, golds, rules, widest, earlier, background)
            rows = marked.types(labels, span_states(marked, reader, proposing, labels, rules.width_unit))
        part = Part(earlier) if before is None else before
        if not len(rows):
            return part
        part.kept = _replaced(earlier, rows).join(rows)
        taught = [*part.thresholds, *(label for label in labels if label not in part.thresholds)]
        changed = [label for label in taught if (rows.answers_of(label) != UNKNOWN).any()]
        self._fit(task, changed, part, background, proposing)
        part.kept = _cut(part.kept, _MOST_KEPT[task])
        return part

    def _fit(
        self,
        task: str,
        labels: Sequence[str],
        part: Part,
        background: Floats,
        proposing: Proposing | None,
    ) -> None:
        if not labels:
            return
        rows, table = part.kept, self.tables[task]
        space = space_of(background, rows.states)
        z, others = space(rows.states), space(background)
        recall = proposing.recall(labels) if proposing is not None else {}
        if proposing is not None:
            part.proposer.update({label: row for label, row in proposing.taught.items() if label in labels})
        for label in labels:
            answers = rows.answers_of(label)
            known = answers != UNKNOWN
            right = answers[known] == YES
            if not right.any():
                part.rows[label], part.thresholds[label] = Row(np.zeros(rows.states.shape[1]), _SILENT), 1.0
                continue
            if right.all() and not len(others):
                raise ValueError(Errors.L724.format(label=label, n=len(right)))
            part.rows[label] = fit_row(z[known], right, others, table.scale).outside(space)
            examples = rows.take(np.flatnonzero(known))
            scores = held_out(z[known], right, examples.groups, others, table.scale, examples.places)
            judged = judge(scores, right, examples.groups, table)
            part.thresholds[label] = judged.threshold
            proposed = recall.get(label) or (None, None)
            self._tell(task, label, z[known], right, examples, judged, proposed)

    def _tell(
        self,
        task: str,
        label: str,
        z: Doubles,
        right: NDArray[np.bool_],
        examples: TeachRows,
        judged: Judgement,
        proposed: tuple[float | None, float | None],
    ) -> None:
        numbers = int(right.sum()), int((~right).sum()), judged.threshold
        shown = judged.precision, judged.recall, judged.f1
        told = TaughtLabel(task, label, *numbers, *shown, judged.low, judged.high, *proposed)
        self.report.labels.append(told)
        for yes, no in contradictions(z, right, examples.places):
            one, other = (examples.texts[row] or "an earlier example" for row in (yes, no))
            self.report.contradictions.append((label, one, other))


def span_states(
    marked: Marked, reader: ExampleReader, proposing: Proposing | None, labels: Sequence[str], unit: float
) -> dict[tuple[int, int, int], Floats]:
    """Read the spans that are, may be or nearly are entities.

    marked (Marked): What the examples say.
    reader (ExampleReader): Has read them.
    proposing (Proposing | None): What the pre-filter is taught.
    labels (Sequence[str]): The types that are taught.
    unit (float): Tokens that count as one in a state's last number, the span's width.
    RETURNS (dict): The state of each: document, first and last-plus-one token.
    """
    spans: list[set[tuple[int, int]]] = [set() for _ in marked.docs]
    matrix = (
        None if proposing is None else proposing.matrix([proposing.taught.get(label) for label in labels])
    )
    for window in marked.read.windows:
        if marked.complete:
            spans[window.doc].update((a, b) for a, b in Proposing.tokens(window, window.candidates))
        if proposing is not None and matrix is not None:
            proposed = Proposing.tokens(window, proposing.propose(window, matrix))
            spans[window.doc].update((a, b) for a, b in proposed)
    for doc, marks in enumerate(marked.read.marks):
        for (start, end), label in (marks.entities or {}).items():
            spans[doc].add((start, end))
            if label in labels:
                spans[doc].update(_nearly(start, end, len(marked.docs[doc])))
        spans[doc].update(marks.wrong_entities)
    places = [np.array(sorted(found), dtype=np.int64).reshape(-1, 2) for found in spans]
    states = reader.span_states(places)
    return {
        place: np.append(state, np.float32((place[2] - place[1]) / unit)) for place, state in states.items()
    }


def _nearly(start: int, end: int, length: int) -> list[tuple[int, int]]:
    """Spans that differ from one by a token."""
    moved = [(start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)]
    return [(a, b) for a, b in moved if 0 <= a < b <= length]


def _replaced(earlier: TeachRows, rows: TeachRows) -> TeachRows:
    """Earlier rows, without what newer ones say of the same states."""
    if not len(earlier):
        return earlier
    unit = [part.states / np.linalg.norm(part.states, axis=1, keepdims=True) for part in (earlier, rows)]
    old, new = np.nonzero(unit[0] @ unit[1].T >= _REPEATED)
    answers = earlier.answers.copy()
    for column, label in enumerate(earlier.columns):
        answers[old[rows.answers_of(label)[new] != UNKNOWN], column] = UNKNOWN
    changed = replace(earlier, answers=answers)
    return changed.only(list(earlier.columns))


def _cut(rows: TeachRows, most: int) -> TeachRows:
    """The rows to keep: all that have a label or were rejected, then the others."""
    if len(rows) <= most:
        return rows
    dear = ((rows.answers == YES) | (rows.answers == REJECTED)).any(axis=1)
    order = np.concatenate([np.flatnonzero(dear), np.flatnonzero(~dear & (rows.answers == NO).any(axis=1))])
    return rows.take(np.sort(order[:most]))
