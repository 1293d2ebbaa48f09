"""Marks and states -> rows to learn from: what the examples say of each span, mention and pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...inputs.batch import Bools
from ...inputs.pieces import Extent, Ints
from ...training.teach.rows import NO, REJECTED, UNKNOWN, YES, Floats, TeachRows, no_rows
from .examples import Marks, ReadExamples

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..pairs import PairFilter, PairLimits

_FEW_DOCS = 5  # of fewer, sentences are the groups
Say = Callable[[str], int]


@dataclass(frozen=True)
class Marked:
    """What examples say.

    docs (Sequence[Doc]): The documents.
    read (ReadExamples): What was read of them.
    complete (bool): Whether all that isn't marked is none.
    """

    docs: Sequence[Doc]
    read: ReadExamples
    complete: bool

    def relations(self, labels: Sequence[str], limits: PairLimits) -> TeachRows:
        """labels (Sequence[str]): What is taught. limits (PairLimits): Which pairs make relations.
        RETURNS (TeachRows): The pairs."""
        symmetric = {label for label in labels if self._is_symmetric(label)}
        near = []
        for doc, marks in zip(self.docs, self.read.marks, strict=True):
            extents = [(span.start, span.end) for span in marks.spans]
            inside = limits.near(doc, extents) if extents else None
            places = np.arange(len(extents))
            n = len(extents)
            near.append(np.zeros((0, 0), dtype=np.bool_) if inside is None else _grid(inside, places, n))

        def say(key: tuple[int, ...]) -> Say:
            doc, head, tail = key
            return lambda label: _of_pair(
                self.read.marks[doc],
                (head, tail),
                label,
                bool(near[doc][head, tail]),
                self.complete,
                label in symmetric,
            )

        def name(key: tuple[int, ...]) -> str:
            spans = self.read.marks[key[0]].spans
            return f"{spans[key[1]].text} -> {spans[key[2]].text}"

        def place(key: tuple[int, ...]) -> tuple[int, int]:
            return key[0], self.read.marks[key[0]].spans[key[1]].start

        wrong = {
            label for marks in self.read.marks for found in marks.wrong_relations.values() for label in found
        }
        return self._rows(self.read.pairs, labels, wrong, say, name, place)

    def labels(self, labels: Sequence[str]) -> TeachRows:
        """labels (Sequence[str]): What is taught. RETURNS (TeachRows): The mentions."""

        def say(key: tuple[int, ...]) -> Say:
            marks, mention = self.read.marks[key[0]], key[1]
            span, known = marks.spans[mention], marks.labels[mention]
            wrong = marks.wrong_entities.get((span.start, span.end), set())

            def answer(label: str) -> int:
                if label in wrong:
                    return REJECTED
                return UNKNOWN if not known else YES if label in known else NO

            return answer

        def span_of(key: tuple[int, ...]) -> tuple[int, int]:
            return key[0], self.read.marks[key[0]].spans[key[1]].start

        def name(key: tuple[int, ...]) -> str:
            return str(self.read.marks[key[0]].spans[key[1]].text)

        return self._rows(self.read.mentions, labels, self._wrong_types(), say, name, span_of)

    def types(self, labels: Sequence[str], states: Mapping[tuple[int, int, int], Floats]) -> TeachRows:
        """labels (Sequence[str]): What is taught. states (Mapping): Of spans, with their widths, by document and token
        extent. RETURNS (TeachRows): The spans."""

        def say(key: tuple[int, ...]) -> Say:
            marks, place = self.read.marks[key[0]], (key[1], key[2])
            missing = any(token.ent_iob == 0 for token in self.docs[key[0]][key[1] : key[2]])
            return lambda label: _of_span(marks, place, label, missing, self.complete)

        def name(key: tuple[int, ...]) -> str:
            return str(self.docs[key[0]][key[1] : key[2]].text)

        return self._rows(states, labels, self._wrong_types(), say, name, lambda key: (key[0], key[1]), True)

    def _wrong_types(self) -> set[str]:
        return {
            label for marks in self.read.marks for found in marks.wrong_entities.values() for label in found
        }

    def _rows(
        self,
        states: Mapping[Any, Floats],  # by document, and what it is there
        labels: Sequence[str],
        wrong: Iterable[str],
        say: Callable[[tuple[int, ...]], Say],
        name: Callable[[tuple[int, ...]], str],
        place: Callable[[tuple[int, ...]], tuple[int, int]],
        exclusive: bool = False,
    ) -> TeachRows:
        columns = [*labels, *sorted({*wrong} - {*labels})]
        if not states or not columns:
            return no_rows(len(next(iter(states.values()))) if states else 0)
        answers, groups, numbers = [], [], dict[tuple[int, int], int]()
        keys = sorted(states)
        for key in keys:
            # Of labels that are only rejected here, nothing else is known.
            found = [say(key)(label) for label in columns]
            answers.append(
                [
                    a if label in labels or a == REJECTED else UNKNOWN
                    for a, label in zip(found, columns, strict=True)
                ]
            )
            groups.append(numbers.setdefault(self._group(*place(key)), len(numbers)))
        texts = [f"{name(key)} ({self._sentence(*place(key))})" for key in keys]
        places = np.array(keys) if exclusive else None
        stacked = np.stack([states[key] for key in keys])
        rows = TeachRows(stacked, np.array(answers), np.array(groups), columns, texts, places)
        return rows.take(np.flatnonzero((rows.answers != UNKNOWN).any(axis=1)))

    def _group(self, doc: int, token: int) -> tuple[int, int]:
        if len(self.docs) >= _FEW_DOCS or not self.docs[doc].has_annotation("SENT_START"):
            return doc, 0
        return doc, int(self.docs[doc][token].sent.start)

    def _sentence(self, doc: int, token: int) -> str:
        text = self.docs[doc][token].sent if self.docs[doc].has_annotation("SENT_START") else self.docs[doc]
        return str(text.text.strip())

    def _is_symmetric(self, label: str) -> bool:
        """Whether most pairs that have a relation have it in both directions."""
        counts: Counter[bool] = Counter()
        for marks in self.read.marks:
            related = {pair for pair, found in (marks.relations or {}).items() if label in found}
            counts.update((tail, head) in related for head, tail in related)
        return counts[True] > counts[False]


def _grid(near: PairFilter, places: Ints, n: int) -> Bools:
    return near(np.repeat(places, n), np.tile(places, n)).reshape(n, n)


def _of_pair(
    marks: Marks, pair: tuple[int, int], label: str, is_near: bool, complete: bool, symmetric: bool
) -> int:
    if label in marks.wrong_relations.get(pair, ()):
        return REJECTED
    if marks.relations is None:
        return UNKNOWN
    here, reverse = marks.relations.get(pair, set()), marks.relations.get((pair[1], pair[0]), set())
    if label in here:
        return YES
    unknown = label in marks.unsure.get(pair, ()) or not (
        marks.looked_for is None or label in marks.looked_for
    )
    if unknown or not is_near or (symmetric and label in reverse):
        return UNKNOWN
    return NO if complete or here or label in reverse else UNKNOWN


def _of_span(marks: Marks, place: Extent, label: str, missing: bool, complete: bool) -> int:
    if label in marks.wrong_entities.get(place, ()):
        return REJECTED
    if marks.entities is None:
        return UNKNOWN
    if marks.entities.get(place) == label:
        return YES
    if missing or not (marks.types is None or label in marks.types):
        return UNKNOWN
    touched = any(start < place[1] and place[0] < end for start, end in marks.entities)
    return NO if complete or touched else UNKNOWN
