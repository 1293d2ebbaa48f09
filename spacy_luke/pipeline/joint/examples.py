"""Annotated documents -> states of their spans, mentions and pairs, and what the annotation says there.

The words are read once. Then, beside their kept states:

    all pairs of mentions                                   -> relations
    all mentions                                            -> labels of entities
    candidates, annotated spans, and what nearly is one     -> types of entities
    first and last word of all spans                        -> the pre-filter
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...annotation import get_relations, get_unsure, has_relations
from ...annotation.rejected import is_rejected, rejected_entities, rejected_relations
from ...annotation.relations import ENTITIES_LOOKED_FOR, RELATIONS_LOOKED_FOR
from ...inputs.batch import WindowBatch, window_batch
from ...inputs.batching import batch_windows, candidate_counts, word_sizes
from ...inputs.mentions import Placement, place_mentions
from ...inputs.pieces import DocPieces, Extent, Ints, encode_docs
from ...inputs.windows import Window, make_windows
from ...training.mentions import all_mentions
from ...training.teach.rows import Floats
from ..gold import gold_labels
from .solve import with_placed

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

    from ...nn.heads.joint.outputs import JointOutput
    from ...nn.outputs import WordStates
    from ..luke import LukeJoint

Pair = tuple[int, int]
_KEPT_PIECES = 20000  # whose inner states are kept, 18 kB each; of more the words are read a second time


@dataclass
class Marks:
    """What is marked on one document.

    spans (list[Span]): The mentions, one a place.
    entities (dict[Extent, str]): Types of entities; None if they aren't annotated.
    types (set[str] | None): The types that were looked for; None for all.
    labels (list[set[str] | None]): Labels of the mentions; None where nothing is known.
    relations (dict[Pair, set[str]] | None): Relations between mentions; None if they aren't annotated.
    looked_for (set[str] | None): The relations that were looked for; None for all.
    unsure (dict[Pair, set[str]]): Relations of which isn't known whether they hold.
    wrong_entities (dict[Extent, set[str]]): What was rejected.
    wrong_relations (dict[Pair, set[str]]): What was rejected.
    unplaced (list[str]): Marks that don't fall on tokens.
    """

    spans: list[Span] = field(default_factory=list)
    entities: dict[Extent, str] | None = None
    types: set[str] | None = None
    labels: list[set[str] | None] = field(default_factory=list)
    relations: dict[Pair, set[str]] | None = None
    looked_for: set[str] | None = None
    unsure: dict[Pair, set[str]] = field(default_factory=dict)
    wrong_entities: dict[Extent, set[str]] = field(default_factory=dict)
    wrong_relations: dict[Pair, set[str]] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)


def marks_of(doc: Doc, mentions: Sequence[Span]) -> Marks:
    """doc (Doc): An annotated document. mentions (Sequence[Span]): Its mentions, as the pipe sees them.
    RETURNS (Marks): What is marked on it."""
    marks, number = Marks(), dict[Extent, int]()

    def add(span: Span) -> int:
        place = (span.start, span.end)
        if place not in number:
            number[place] = len(marks.spans)
            marks.spans.append(span)
            marks.labels.append(None if is_rejected(doc) else gold_labels(span))
        return number[place]

    def find(start: int, end: int, label: str) -> Span | None:
        span = doc.char_span(start, end)
        if span is None:
            marks.unplaced.append(f"{doc.text[start:end]!r} ({label})")
        return span

    for span in (*mentions, *all_mentions(doc)):
        add(span)
    wrong_pairs = rejected_relations(doc)
    for place, label in rejected_entities(doc):
        span = find(*place, label)
        if span is not None:
            add(span)
            marks.wrong_entities.setdefault((span.start, span.end), set()).add(label)
    for head, tail, label in wrong_pairs:
        ends = find(*head, label), find(*tail, label)
        if ends[0] is not None and ends[1] is not None:
            marks.wrong_relations.setdefault((add(ends[0]), add(ends[1])), set()).add(label)
    if is_rejected(doc):
        return marks
    if doc.has_annotation("ENT_IOB"):
        marks.entities = {(ent.start, ent.end): ent.label_ for ent in doc.ents if ent.label_}
        types = doc.user_data.get(ENTITIES_LOOKED_FOR)
        marks.types = None if types is None else set(types)
    if has_relations(doc):
        marks.relations = {}
        for head_span, tail_span, label, *_ in get_relations(doc):
            marks.relations.setdefault((add(head_span), add(tail_span)), set()).add(label)
        for head_span, tail_span, label, *_ in get_unsure(doc):
            marks.unsure.setdefault((add(head_span), add(tail_span)), set()).add(label)
        looked_for = doc.user_data.get(RELATIONS_LOOKED_FOR)
        marks.looked_for = None if looked_for is None else set(looked_for)
    return marks


@dataclass
class WindowStates:
    """The words of one window, with what the trained pre-filter proposes there.

    doc (int): The document.
    tokens (ndarray): Its tokens at the slots. Shape: (n_tokens,)
    first, last (ndarray): States of their first and last pieces. Shape: (n_tokens, hidden)
    candidates (ndarray): First and last slot of the proposed spans. Shape: (n, 2)
    """

    doc: int
    tokens: Ints
    first: Floats
    last: Floats
    candidates: Ints


@dataclass
class ReadExamples:
    """All that was read of some documents.

    marks (list[Marks]): Of each document.
    pairs (dict[tuple[int, int, int], ndarray]): The state of each pair: document, head and tail mention.
    mentions (dict[tuple[int, int], ndarray]): The state of each mention, in the window that shows it best.
    windows (list[WindowStates]): The words.
    """

    marks: list[Marks]
    pairs: dict[tuple[int, int, int], Floats] = field(default_factory=dict)
    mentions: dict[tuple[int, int], Floats] = field(default_factory=dict)
    windows: list[WindowStates] = field(default_factory=list)


class ExampleReader:
    """Reads annotated documents with the trained heads.

    pipe (LukeJoint): The pipe.
    docs (Sequence[Doc]): The documents; not changed.
    find (bool): Whether spans are of interest.
    """

    def __init__(self, pipe: LukeJoint, docs: Sequence[Doc], find: bool) -> None:
        self.pipe, self.docs, self.find = pipe, docs, find
        self.network, self.tokenizer = pipe.network, pipe.network.tokenizer
        self.pieces: list[DocPieces] = encode_docs(docs, self.tokenizer)
        self.examples = ReadExamples([marks_of(doc, pipe.entities(doc)) for doc in docs])
        self._kept: list[tuple[WindowBatch, WordStates | None]] = []

    def read(self) -> ReadExamples:
        """RETURNS (ReadExamples): The states."""
        sizes = self.network.window_sizes()
        windows = [make_windows(i, p, *sizes) for i, p in enumerate(self.pieces)]
        placed = [self._place(doc, found) for doc, found in enumerate(windows)]
        flat = [(window, at) for found in windows for at, window in enumerate(found)]
        flat.sort(key=lambda pair: len(pair[0]))
        if not flat:
            return self.examples
        counts = np.zeros((len(flat), 3), dtype=np.int64)
        counts[:, 0] = word_sizes([window for window, _ in flat])
        counts[:, 1] = [len(placed[window.doc].mentions[at]) for window, at in flat]
        if self.find:
            per_token = self.network.joint.proposals_per_token
            counts[:, 2] = [
                candidate_counts([window], self.pieces[window.doc], per_token, None)[0] for window, _ in flat
            ]
        for batch in batch_windows(counts, self.pipe.max_batch_pieces):
            self._read_batch([flat[i] for i in batch], placed)
        return self.examples

    def _place(self, doc: int, windows: Sequence[Window]) -> Placement:
        spans = self.examples.marks[doc].spans
        extents = [(span.start, span.end) for span in spans]
        return place_mentions(windows, self.pieces[doc], extents, True, self.pipe.title_ids(spans))

    def _read_batch(self, part: Sequence[tuple[Window, int]], placed: Sequence[Placement]) -> None:
        words = window_batch([window for window, _ in part], self.pieces, self.tokenizer)
        batch, mentions = with_placed(words, part, placed)
        output = self.network.predict(self.network.ask(batch.inputs, find=self.find, describe=True))
        if self.find:
            self._kept.append((words, output.words if sum(map(len, self.pieces)) <= _KEPT_PIECES else None))
            self._keep_words(words, output)
        if output.entity_states is not None:
            states = _array(output.entity_states)
            for row, (window, at) in enumerate(part):
                for column, mention in enumerate(mentions[row].tolist()):
                    if placed[window.doc].home[mention] == at:
                        self.examples.mentions[window.doc, mention] = states[row, column]
        if output.pair_states is not None:
            places = batch.inputs.needed("pairs").tolist()
            for (row, head, tail), state in zip(places, _array(output.pair_states), strict=True):
                pair = int(mentions[row][head]), int(mentions[row][tail])
                self.examples.pairs[(part[row][0].doc, *pair)] = state

    def _keep_words(self, batch: WindowBatch, output: JointOutput) -> None:
        states = _array(output.word_states)
        first, last = (batch.inputs.needed(f"token_{side}_positions") for side in ("start", "end"))
        candidates = output.candidates
        for row, window in enumerate(batch.windows):
            n = int((batch.tokens[row] >= 0).sum())
            proposed = np.zeros((0, 2), dtype=np.int64)
            if candidates is not None:
                proposed = candidates.spans[row][candidates.mask[row]].cpu().numpy()
            ends = states[row, first[row, :n]], states[row, last[row, :n]]
            found = WindowStates(window.doc, batch.tokens[row, :n], *ends, proposed)
            self.examples.windows.append(found)

    def span_states(self, spans: Sequence[Ints]) -> dict[tuple[int, int, int], Floats]:
        """Read spans beside the words that were kept.

        spans (Sequence[ndarray]): First and last-plus-one token of each document's. Shape: (n, 2) each.
        RETURNS (dict): The state of each: document, first and last-plus-one token.
        """
        found: dict[tuple[int, int, int], Floats] = {}
        for words, states_of_words in self._kept:
            asked = words.with_spans(spans)
            kept = self.network.ask(asked.inputs, states=states_of_words, find=True, describe=True)
            answer = self.network.predict(kept)
            if answer.span_states is None or answer.candidates is None:
                continue
            states, slots = _array(answer.span_states), answer.candidates.spans.cpu().numpy()
            for row, column in np.argwhere(answer.candidates.mask.cpu().numpy()).tolist():
                tokens = words.tokens[row][slots[row, column]]
                place = (words.windows[row].doc, int(tokens[0]), int(tokens[1]) + 1)
                found.setdefault(place, states[row, column])
        return found


def _array(tensor: Any) -> Floats:
    values: Floats = tensor.float().cpu().numpy()
    return values
