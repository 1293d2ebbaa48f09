"""From which probability on a taught label counts, by its number of examples: found out by teaching again and again.

Labels of a corpus that the model wasn't trained for are taught from a few of its documents, and judged on the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_luke.layers.background import save_tables
from spacy_luke.pipeline.joint.examples import ExampleReader
from spacy_luke.pipeline.joint.marked import Marked
from spacy_luke.pipeline.joint.teach import span_states
from spacy_luke.pipeline.luke import LukeJoint
from spacy_luke.training.calibration import fit_logistic
from spacy_luke.training.progress import watched
from spacy_luke.training.teach.fit import STEPS, Doubles, fit_row, space_of
from spacy_luke.training.teach.rows import UNKNOWN, YES, Floats, TeachRows, best_of_overlapping

from .background import make_pipe, read_docs

COUNTS = (2, 3, 5, 8, 12, 19)
PRECISION = 0.7
_REPEATS = 4
_LEAST = 60  # documents with a label, for it to be taught
_MOST_DOCS = 1500
_LEAST_SAID = 20  # for a precision to mean something
_Answers = tuple[Doubles, NDArray[np.bool_]]
_GRID = [round(0.02 * i, 2) for i in range(5, 50)]


def write_tables(
    checkpoint: Path, relations: Sequence[Path], types: Sequence[Path]
) -> tuple[Path, dict[str, Any]]:
    """Simulate teaching, and write what it tells beside the weights.

    checkpoint (Path): A joint checkpoint, with its background.
    relations (Sequence[Path]): `.spacy` files with relations, some of which it wasn't trained for.
    types (Sequence[Path]): `.spacy` files with types of entities.
    RETURNS (tuple[Path, dict]): The file, and by task its content.
    """
    _, pipe = make_pipe(checkpoint)
    background, found = pipe.network.background(), dict[str, Any]()
    for task, files in (("relations", relations), ("ner", types), ("labels", types)):
        parts = [rows for path in files for rows in _rows(pipe, path, task)]
        if parts:
            found[task] = _table(parts, background[task])
    return save_tables(checkpoint, found), found


def _rows(pipe: LukeJoint, path: Path, task: str) -> Iterator[TeachRows]:
    """What the documents of a file say of the labels that the model doesn't know."""
    docs = list(read_docs(path, pipe))
    docs = docs[:: -(-len(docs) // _MOST_DOCS)]  # evenly: files have labels one after the other
    reader = ExampleReader(pipe, docs, task == "ner")
    read = reader.read()
    marked = Marked(docs, read, complete=True)
    known = pipe.network.joint
    if task == "relations":
        names = {label for marks in read.marks for some in (marks.relations or {}).values() for label in some}
        yield marked.relations(sorted(names - set(known.relation_labels)), pipe.limits)
        return
    labels = {label for marks in read.marks for label in (marks.entities or {}).values()}
    new = sorted(labels - set(known.ner_labels) - set(known.entity_labels))
    if task == "labels":
        yield marked.labels(new)
    else:
        unit = pipe.network.taught_rules.width_unit
        yield marked.types(new, span_states(marked, reader, None, new, unit))


def _table(parts: Sequence[TeachRows], background: Floats) -> dict[str, Any]:
    """RETURNS (dict): See `save_tables`; thresholds for those numbers of examples that reach the precision."""
    taught: dict[int, list[_Answers]] = {count: [] for count in COUNTS}
    for rows in parts:
        space = space_of(background, rows.states[:: max(1, len(rows) // 2000)])
        z, others = space(rows.states), space(background)
        for label in watched(rows.columns, "Taught labels"):
            answers = rows.answers_of(label)
            known = answers != UNKNOWN
            right, groups = (answers == YES)[known], rows.groups[known]
            places = None if rows.places is None else rows.places[known]
            if len(np.unique(groups[right])) >= _LEAST:
                for count in COUNTS:
                    for repeat in range(_REPEATS):
                        taught[count].append(
                            _teach_once(z[known], right, groups, others, count, repeat, places)
                        )
    slope, centre = _calibrate([answer for answers in taught.values() for answer in answers])
    thresholds, recalls, least = dict[int, float](), dict[int, float](), 0.0
    for count in reversed(COUNTS):
        steps, right = (np.concatenate(column) for column in zip(*taught[count], strict=True))
        scores = 1 / (1 + np.exp(-np.clip(slope * (steps - centre), -50, 50)))
        precise = [t for t in _GRID if t >= least and _precision(scores >= t, right) >= PRECISION]
        if precise:
            least = precise[0]
            thresholds[count] = least
            recalls[count] = round(float(right[scores >= least].sum() / right.sum()), 3)
    numbers = {"slope": round(slope, 4), "centre": round(centre, 4), "precision": PRECISION}
    return {
        "thresholds": dict(sorted(thresholds.items())),
        "recalls": dict(sorted(recalls.items())),
        **numbers,
    }


def _teach_once(
    z: Doubles,
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    background: Doubles,
    count: int,
    seed: int,
    places: NDArray[np.int64] | None,
) -> _Answers:
    """Teach from as many documents with the label, and as many without. RETURNS (tuple): Of the other documents, how
    many steps each state is from the background, and whether it has the label."""
    rng = np.random.default_rng([count, seed])
    with_label = np.unique(groups[right])
    without = np.setdiff1d(groups, with_label)
    drawn = [rng.choice(with_label, count, replace=False)]
    if len(without) >= count:
        drawn.append(rng.choice(without, count, replace=False))
    inside = np.isin(groups, np.concatenate(drawn))
    row = fit_row(z[inside], right[inside], background, STEPS)
    steps, gold = row(z[~inside]), right[~inside]
    if places is None:
        return steps, gold
    best = best_of_overlapping(steps - steps.min() + 1, places[~inside]) > 0  # the others can't be said
    return np.where(best, steps, steps.min())[best | gold], gold[best | gold]


def _calibrate(answers: Sequence[_Answers]) -> tuple[float, float]:
    """RETURNS (tuple[float, float]): Slope and centre that make probabilities of steps."""
    steps, right = (np.concatenate(column) for column in zip(*answers, strict=True))
    features = np.column_stack([steps, np.ones(len(steps))])
    prior = np.array([1.0, 0.0]), np.array([1e-3, 0.0])
    slope, intercept = fit_logistic(features, right.astype(np.float64), *prior).tolist()
    return slope, -intercept / slope


def _precision(said: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    return float(right[said].mean()) if said.sum() >= _LEAST_SAID else 0.0
