"""Docs -> what the joint model says of them, without touching the Docs.

docs -> windows, grouped so that a group holds whole documents of like length
     -> words and candidate spans -> entities of each document     (skipped where entities are given)
     -> mentions and pairs, each in the window that shows it best
     -> labels, vectors, relations of each document
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..inputs.batch import Bools, WordBatch, mention_batch, word_batch
from ..inputs.mentions import Placement, place_mentions
from ..inputs.pieces import DocPieces, Ints, encode_docs
from ..inputs.windows import Window, make_windows
from .decode import ScoredSpan, Threshold, label_spans, without_overlap

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.api import Model

    from ..layers.joint import JointInput
    from ..nn.joint.model import JointOutput
    from ..tokenizer import LukeTokenizer

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Question:
    """What is asked about one document.

    given (list[tuple[int, int, str]]): Entities that are there already: token extent (end exclusive) and label.
    blocked (list[tuple[int, int]]): Token extents that found entities may not touch.
    find (bool): Whether to find entities.
    """

    given: list[tuple[int, int, str]]
    blocked: list[tuple[int, int]]
    find: bool


@dataclass
class Reading:
    """What the model says of one document.

    searched (bool): Whether entities were looked for.
    scored (list[ScoredSpan]): All candidate spans above threshold; they may overlap.
    found (list[ScoredSpan]): The entities found, without overlap.
    mentions (list[tuple[int, int, str]]): Given and found entities: token extent and label.
    seen (ndarray): True for mentions that were read; the tokenizer dropped the others. Shape: (n_mentions,)
    labels (ndarray | None): Probability of each entity label. Shape: (n_mentions, n_labels)
    vectors (ndarray | None): Entity states. Shape: (n_mentions, hidden)
    pairs (ndarray): Related pairs: head mention, tail mention, label. Shape: (n_relations, 3)
    scores (ndarray): Their probabilities. Shape: (n_relations,)
    words (list[tuple[Window, ndarray]]): Word states of each window, where they were asked for.
    """

    searched: bool = False
    scored: list[ScoredSpan] = field(default_factory=list)
    found: list[ScoredSpan] = field(default_factory=list)
    mentions: list[tuple[int, int, str]] = field(default_factory=list)
    seen: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    labels: Floats | None = None
    vectors: Floats | None = None
    pairs: Ints = field(default_factory=lambda: np.zeros((0, 3), dtype=np.int64))
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    words: list[tuple[Window, Floats]] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """How documents are read.

    model (Model): The joint model.
    tokenizer (LukeTokenizer): Its tokenizer.
    ner_labels (Sequence[str]): Labels of found entities.
    multi_label (bool): Whether entity labels are independent.
    describe (bool): Whether to read mentions, for their vectors and labels; else they are only found.
    relate (bool): Whether to relate their pairs.
    window, overlap (int): Sizes of windows, in pieces.
    batch_pieces (int): Most word and entity tokens of a padded batch.
    proposals (float): Candidates of the learned pre-filter, as a share of a document's tokens.
    threshold (Threshold): Least probability of a found entity.
    relation_floor (float): Relations below this are not kept.
    suggest (Callable | None): Candidate spans of documents; None for the learned pre-filter.
    keep_words (bool): Whether word states are wanted.
    """

    model: Model[JointInput, JointOutput]
    tokenizer: LukeTokenizer
    ner_labels: Sequence[str]
    multi_label: bool
    describe: bool
    relate: bool
    window: int
    overlap: int
    batch_pieces: int
    proposals: float
    threshold: Threshold
    relation_floor: float
    suggest: Callable[[Sequence[Doc]], list[Ints]] | None
    keep_words: bool

    def read(self, docs: Sequence[Doc], questions: Sequence[Question]) -> list[Reading]:
        """Read documents.

        docs (Sequence[Doc]): The documents; not changed.
        questions (Sequence[Question]): What is asked of each.
        RETURNS (list[Reading]): In the order of the documents.
        """
        pieces = encode_docs(docs, self.tokenizer)
        windows = [make_windows(i, p, self.window, self.overlap) for i, p in enumerate(pieces)]
        readings = [
            Reading(mentions=list(q.given), searched=q.find and bool(self.ner_labels)) for q in questions
        ]
        searching = any(reading.searched for reading in readings)
        suggested = self.suggest(docs) if self.suggest is not None and searching else None
        costs = []
        for doc, reading in enumerate(readings):
            found = 0 if not reading.searched else len(docs[doc]) * self.proposals
            rows = max(len(reading.mentions), found if suggested is None else len(suggested[doc]))
            costs.append(window_costs(windows[doc], rows / max(len(pieces[doc]), 1)))
        for group in group_documents(costs, self.batch_pieces):
            self._read_group(group, docs, questions, pieces, windows, costs, suggested, readings)
        return readings

    def _read_group(
        self,
        group: list[int],
        docs: Sequence[Doc],
        questions: Sequence[Question],
        pieces: list[DocPieces],
        windows: list[list[Window]],
        costs: list[list[int]],
        suggested: list[Ints] | None,
        readings: list[Reading],
    ) -> None:
        flat = [window for doc in group for window in windows[doc]]
        cost = [c for doc in group for c in costs[doc]]
        batches = [
            word_batch(b, pieces, self.tokenizer) for b in batch_windows(flat, cost, self.batch_pieces)
        ]
        find = any(readings[doc].searched for doc in group)
        cache: dict[int, Any] = {}
        if find or self.keep_words:
            for index, batch in enumerate(batches):
                output = self._words(batch, find, suggested)
                if len(batches) == 1:  # a long document's caches would not fit; its words are read again
                    cache[index] = output.words
                self._collect_spans(batch, output, readings)
        for doc in group:
            self._decide(docs[doc], questions[doc], readings[doc])
        if not self.describe:
            return
        placed = {}
        for doc in group:
            extents = [(start, end) for start, end, _ in readings[doc].mentions]
            placed[doc] = place_mentions(windows[doc], pieces[doc], extents, self.relate)
            readings[doc].seen = placed[doc].home >= 0
        for index, batch in enumerate(batches):
            self._label(batch, windows, placed, cache.get(index), readings)

    # --- finding entities ------------------------------------------------------------------

    def _words(self, batch: WordBatch, find: bool, suggested: list[Ints] | None) -> JointOutput:
        from ..layers.joint import JointInput
        from ..layers.spans import candidates_of

        candidates = None if suggested is None or not find else candidates_of(batch, suggested)
        return self.model.predict(JointInput(words=batch, find=find, candidates=candidates))

    def _collect_spans(
        self,
        batch: WordBatch,
        output: JointOutput,
        readings: list[Reading],
    ) -> None:
        if self.keep_words:
            states = output.word_states.float().cpu().numpy()
            for row, window in enumerate(batch.windows):
                readings[window.doc].words.append((window, states[row, 1 : len(window) + 1].copy()))
        if output.span_logits is None or output.candidates is None:
            return
        probabilities = output.span_logits.softmax(-1).cpu().numpy()
        slots = output.candidates.spans.cpu().numpy()
        real = output.candidates.mask.cpu().numpy()
        for row, window in enumerate(batch.windows):
            if not readings[window.doc].searched:
                continue
            keep = real[row]
            tokens = batch.tokens[row][slots[row][keep]]  # (n_spans, 2): first and last token
            spans = tokens + np.array([0, 1])
            readings[window.doc].scored += label_spans(
                spans, probabilities[row][keep], self.ner_labels, self.threshold
            )

    def _decide(self, doc: Doc, question: Question, reading: Reading) -> None:
        best: dict[tuple[int, int], ScoredSpan] = {}
        for span in reading.scored:  # a span that two windows saw counts once, as the surer one saw it
            key = span[:2]
            if key not in best or best[key].score < span.score:
                best[key] = span
        reading.scored = sorted(best.values())
        reading.found = without_overlap(reading.scored, question.blocked, len(doc))
        reading.mentions += [span[:3] for span in reading.found]

    # --- labelling and relating ------------------------------------------------------------

    def _label(
        self,
        batch: WordBatch,
        windows: list[list[Window]],
        placed: dict[int, Placement],
        states: Any,
        readings: list[Reading],
    ) -> None:
        from ..layers.joint import JointInput

        positions = [windows[w.doc].index(w) for w in batch.windows]
        mentions = [placed[w.doc].mentions[k] for w, k in zip(batch.windows, positions, strict=True)]
        if not any(len(m) for m in mentions):
            return
        rows = mention_batch(
            batch.windows,
            mentions,
            [placed[w.doc].extents[m] for w, m in zip(batch.windows, mentions, strict=True)],
            [placed[w.doc].pairs[k] for w, k in zip(batch.windows, positions, strict=True)],
        )
        output = self.model.predict(JointInput(words=batch, states=states, mentions=rows))
        self._collect_labels(batch, positions, mentions, placed, output, readings)
        if output.pair_logits is not None and self.relate:
            self._collect_pairs(batch, mentions, rows.pairs, output, readings)

    def _collect_labels(
        self,
        batch: WordBatch,
        positions: list[int],
        mentions: list[Ints],
        placed: dict[int, Placement],
        output: JointOutput,
        readings: list[Reading],
    ) -> None:
        if output.entity_states is None:
            return
        vectors = output.entity_states.float().cpu().numpy()
        labels = None
        if output.label_logits is not None:
            logits = output.label_logits
            labels = (logits.sigmoid() if self.multi_label else logits.softmax(-1)).cpu().numpy()
        for row, (window, position) in enumerate(zip(batch.windows, positions, strict=True)):
            reading, members = readings[window.doc], mentions[row]
            at_home = np.flatnonzero(placed[window.doc].home[members] == position)
            n = len(reading.mentions)
            if reading.vectors is None:
                reading.vectors = np.zeros((n, vectors.shape[-1]), dtype=np.float32)
            reading.vectors[members[at_home]] = vectors[row, at_home]
            if labels is not None:
                if reading.labels is None:
                    reading.labels = np.zeros((n, labels.shape[-1]), dtype=np.float32)
                reading.labels[members[at_home]] = labels[row, at_home]

    def _collect_pairs(
        self,
        batch: WordBatch,
        mentions: list[Ints],
        pairs: Ints,
        output: JointOutput,
        readings: list[Reading],
    ) -> None:
        logits = output.pair_logits
        if logits is None:
            return
        scores = (logits[:, 1:] - logits[:, :1]).sigmoid()
        kept, label = (index.cpu().numpy() for index in (scores > self.relation_floor).nonzero(as_tuple=True))
        values = scores.cpu().numpy()[kept, label]
        for row in np.unique(pairs[kept, 0]):
            mine = pairs[kept, 0] == row
            reading = readings[batch.windows[row].doc]
            members = mentions[row]
            head, tail = members[pairs[kept[mine], 1]], members[pairs[kept[mine], 2]]
            reading.pairs = np.concatenate([reading.pairs, np.column_stack([head, tail, label[mine]])])
            reading.scores = np.concatenate([reading.scores, values[mine]])


def window_costs(windows: Sequence[Window], density: float) -> list[int]:
    """What each window of a document costs: its word tokens, and its share of the document's entities.

    windows (Sequence[Window]): The windows.
    density (float): Entities a piece, taken as evenly spread.
    RETURNS (list[int]): Word and entity tokens.
    """
    return [len(window) + 2 + ceil(len(window) * density) for window in windows]


def group_documents(costs: Sequence[Sequence[int]], budget: int) -> Iterator[list[int]]:
    """Group whole documents by length, so that a group of short documents is one padded batch.

    costs (Sequence[Sequence[int]]): Tokens of each document's windows.
    budget (int): Most tokens of a padded batch; a longer document is a group of its own.
    YIELDS (list[int]): Indices of documents.
    """
    group: list[int] = []
    n_windows = longest = 0
    for doc in sorted(range(len(costs)), key=lambda i: (sum(costs[i]), i)):
        n, most = len(costs[doc]), max(costs[doc], default=0)
        if group and (n_windows + n) * max(longest, most) > budget:
            yield group
            group, n_windows, longest = [], 0, 0
        group.append(doc)
        n_windows, longest = n_windows + n, max(longest, most)
    if group:
        yield group


def batch_windows(windows: Sequence[Window], costs: Sequence[int], budget: int) -> Iterator[list[Window]]:
    """Cut a group's windows into padded batches: one, but for a document longer than the budget.

    windows (Sequence[Window]): The windows.
    costs (Sequence[int]): Their tokens.
    budget (int): Most tokens of a padded batch; a single window may exceed it.
    YIELDS (list[Window]): Non-empty batches.
    """
    batch: list[Window] = []
    longest = 0
    for window, cost in zip(windows, costs, strict=True):
        if batch and (len(batch) + 1) * max(longest, cost) > budget:
            yield batch
            batch, longest = [], 0
        batch.append(window)
        longest = max(longest, cost)
    if batch:
        yield batch
