"""From which probability on a taught label counts, by its number of examples: found out by teaching again and again.

Labels of a corpus that the model wasn't trained for are taught from a few of its documents, and judged on the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_luke.layers.background import save_table
from spacy_luke.pipeline.joint.examples import ExampleReader
from spacy_luke.pipeline.joint.marked import Marked
from spacy_luke.pipeline.joint.teach import span_states
from spacy_luke.pipeline.luke import LukeJoint
from spacy_luke.training.progress import watched
from spacy_luke.training.teach.fit import Doubles, Space, fit_row
from spacy_luke.training.teach.rows import UNKNOWN, YES, Floats, TeachRows

from .background import make_pipe, read_docs

COUNTS = (2, 3, 5, 8, 12, 19)
PRECISION = 0.7
_REPEATS = 4
_LEAST = 60  # documents with a label, for it to be taught
_MOST_DOCS = 3000
_GRID = [round(0.02 * i, 2) for i in range(5, 50)]


def write_table(
    checkpoint: Path, relations: Sequence[Path], types: Sequence[Path]
) -> tuple[Path, dict[str, Any]]:
    """Simulate teaching, and write the thresholds beside the weights.

    checkpoint (Path): A joint checkpoint, with its background if it has one.
    relations (Sequence[Path]): `.spacy` files with relations that it wasn't trained for, and all that isn't one.
    types (Sequence[Path]): `.spacy` files with types of entities.
    RETURNS (tuple[Path, dict]): The file, and the thresholds by task and number of examples, with the recall that is
        left.
    """
    _, pipe = make_pipe(checkpoint)
    background, found = pipe.network.background(), dict[str, dict[int, tuple[float, float]]]()
    for task, files in (("relations", relations), ("ner", types), ("labels", types)):
        parts = [rows for path in files for rows in _rows(pipe, path, task)]
        if parts:
            found[task] = _thresholds(parts, background[task])
    thresholds = {task: {count: t for count, (t, _) in rows.items()} for task, rows in found.items()}
    about = {
        task: {str(count): round(r, 3) for count, (_, r) in rows.items()} for task, rows in found.items()
    }
    return save_table(checkpoint, thresholds, {"precision": PRECISION, "recall": about}), found


def _rows(pipe: LukeJoint, path: Path, task: str) -> Iterator[TeachRows]:
    """What the documents of a file say of the labels that the model doesn't know."""
    docs = list(read_docs(path, pipe))[:_MOST_DOCS]
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


def _thresholds(parts: Sequence[TeachRows], background: Floats) -> dict[int, tuple[float, float]]:
    """RETURNS (dict): Threshold and recall by number of examples, for those numbers that reach the precision."""
    counts = {count: np.zeros((3, len(_GRID))) for count in COUNTS}
    for rows in parts:
        sample = rows.states[:: max(1, len(rows) // 2000)]
        space = Space.of(np.concatenate([background, sample]))
        z, others = space(rows.states), space(background)
        for label in watched(rows.columns, "Taught labels"):
            answers = rows.answers_of(label)
            known = answers != UNKNOWN
            right, groups = (answers == YES)[known], rows.groups[known]
            if len(np.unique(groups[right])) >= _LEAST:
                for count in COUNTS:
                    for repeat in range(_REPEATS):
                        counts[count] += _teach_once(z[known], right, groups, others, count, repeat)
    found, least = dict[int, tuple[float, float]](), 0.0
    for count in reversed(COUNTS):
        true, said, gold = counts[count]
        precise = [
            i
            for i in range(len(_GRID))
            if true[i] >= PRECISION * said[i] and true[i] > 0 and _GRID[i] >= least
        ]
        if precise:
            least = _GRID[precise[0]]
            found[count] = least, float(true[precise[0]] / gold[precise[0]])
    return dict(sorted(found.items()))


def _teach_once(
    z: Doubles,
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    background: Doubles,
    count: int,
    seed: int,
) -> Doubles:
    """Teach from as many documents with the label, and as many without. RETURNS (ndarray): Of the other documents, for
    each threshold, what is right, what is said, and what should be. Shape: (3, n_thresholds)"""
    rng = np.random.default_rng([count, seed])
    with_label = np.unique(groups[right])
    without = np.setdiff1d(groups, with_label)
    drawn = [rng.choice(with_label, count, replace=False)]
    if len(without) >= count:
        drawn.append(rng.choice(without, count, replace=False))
    inside = np.isin(groups, np.concatenate(drawn))
    row = fit_row(z[inside], right[inside], background)
    scores, gold = 1 / (1 + np.exp(-np.clip(row(z[~inside]), -50, 50))), right[~inside]
    said = scores[:, None] >= np.array(_GRID)
    true = (said & gold[:, None]).sum(axis=0)
    return np.stack([true, said.sum(axis=0), np.full(len(_GRID), gold.sum())]).astype(np.float64)
