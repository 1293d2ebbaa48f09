"""States of general text, which stand against what is taught: those that ship with the weights, and a user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Doc
from spacy.util import get_lang_class

from ...training.teach.rows import Floats
from .examples import ExampleReader
from .proposing import Proposing

if TYPE_CHECKING:
    from ..luke import LukeJoint

Background = dict[str, Floats]  # by task, shape (n, width)
_MOST = {"ner": 2000, "labels": 2000, "relations": 2000}  # states of a user's texts
_DOCS = 64  # that are read at a time


def background_of(pipe: LukeJoint, texts: Iterable[str | Doc]) -> Background:
    """pipe (LukeJoint): The pipe. texts (Iterable[str | Doc]): A user's texts.
    RETURNS (Background): The states of both; without any, of shape (0, width)."""
    shipped = pipe.network.background()
    own = read_background(pipe, texts, _MOST)
    return {task: np.concatenate([shipped[task], own[task]]) for task in own}


def read_background(pipe: LukeJoint, texts: Iterable[str | Doc], most: Mapping[str, int]) -> Background:
    """Read texts as they come, with the entities that the pipe finds in them.

    pipe (LukeJoint): The pipe.
    texts (Iterable[str | Doc]): The texts.
    most (Mapping[str, int]): States of each kind, evenly from all texts.
    RETURNS (Background): The states.
    """
    widths = pipe.network.taught_widths
    found: dict[str, list[Floats]] = {task: [] for task in widths}
    make = get_lang_class(pipe.vocab.lang or "xx")().make_doc
    docs = (text if isinstance(text, Doc) else make(text) for text in texts)
    for batch in _batches(docs):
        for task, states in _read(pipe, batch).items():
            found[task] += states
    return {
        task: _evenly(np.array(rows, dtype=np.float32).reshape(-1, widths[task]), most[task])
        for task, rows in found.items()
    }


def _read(pipe: LukeJoint, docs: list[Doc]) -> dict[str, list[Floats]]:
    copies = [Doc(pipe.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in docs]
    for copy, doc in zip(copies, docs, strict=True):
        if doc.has_annotation("SENT_START"):
            for token, other in zip(copy, doc, strict=True):
                token.is_sent_start = bool(other.is_sent_start)
    reader = ExampleReader(pipe, list(pipe.pipe(copies)), find=bool(pipe.speaking.ner_labels))
    read = reader.read()
    spans: list[set[tuple[int, int]]] = [set() for _ in docs]
    for window in read.windows:
        spans[window.doc].update((a, b) for a, b in Proposing.tokens(window, window.candidates))
    places = [np.array(sorted(some), dtype=np.int64).reshape(-1, 2) for some in spans]
    states, unit = reader.span_states(places), pipe.network.taught_rules.width_unit
    return {
        "ner": [np.append(state, np.float32((p[2] - p[1]) / unit)) for p, state in states.items()],
        "labels": list(read.mentions.values()),
        "relations": list(read.pairs.values()),
    }


def _batches(docs: Iterable[Doc]) -> Iterator[list[Doc]]:
    batch: list[Doc] = []
    for doc in docs:
        batch.append(doc)
        if len(batch) == _DOCS:
            yield batch
            batch = []
    if batch:
        yield batch


def _evenly(rows: Floats, most: int) -> Floats:
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64)
    return rows[places]
