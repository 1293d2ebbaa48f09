"""Docs -> what the joint model says of them, without touching the Docs.

docs -> windows, grouped so that a group holds whole documents of like length
     -> words and candidate spans -> entities of each document     (skipped where entities are given)
     -> mentions and pairs, each in the window that shows it best
     -> labels, vectors, relations of each document
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inputs.batch import Bools, WordBatch, mention_batch, word_batch
from ..inputs.batching import (
    batch_windows,
    candidate_counts,
    count_inside,
    group_documents,
    padded_size,
    word_sizes,
)
from ..inputs.mentions import Placement, mention_ids, place_mentions
from ..inputs.pieces import DocPieces, Ints, encode_docs
from ..inputs.windows import Window, make_windows
from .decode import ScoredSpan, Threshold, label_spans, surest, without_overlap

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.api import Model

    from ..layers.joint import JointInput
    from ..nn.heads.joint.outputs import JointOutput, Related
    from ..tokenizer import LukeTokenizer

Floats = NDArray[np.float32]
_Group = tuple[list[int], Ints]  # documents, and what each of their windows holds


@dataclass(frozen=True)
class Question:
    """What is asked about one document.

    given (list[tuple[int, int, str]]): Entities that are there already: token extent (end exclusive) and label.
    blocked (list[tuple[int, int]]): Token extents that found entities may not touch.
    find (bool): Whether to find entities.
    ids (ndarray | None): Which entity of the vocabulary each given one is read as; found ones are read as [MASK]
        in any case. None for [MASK]. Shape: (n_given,)
    """

    given: list[tuple[int, int, str]]
    blocked: list[tuple[int, int]]
    find: bool
    ids: Ints | None = None


@dataclass
class Reading:
    """What the model says of one document.

    searched (bool): Whether entities were looked for.
    blocked (list[tuple[int, int]]): Token extents that found entities may not touch.
    scored (list[ScoredSpan]): All candidate spans above threshold, as every window saw them; they may overlap.
    found (list[ScoredSpan]): The entities found, without overlap.
    mentions (list[tuple[int, int, str]]): Given and found entities: token extent and label.
    seen (ndarray): True for mentions that were read; the tokenizer dropped the others. Shape: (n_mentions,)
    labels (ndarray | None): Probability of each entity label. Shape: (n_mentions, n_labels)
    none (ndarray | None): Probability of no label at all, where there is one for it. Shape: (n_mentions,)
    vectors (ndarray | None): Entity states. Shape: (n_mentions, hidden)
    pairs (ndarray): Related pairs: head mention, tail mention, label. Shape: (n_relations, 3)
    scores (ndarray): Their probabilities. Shape: (n_relations,)
    words (list[tuple[Window, ndarray]]): Word states of each window, where they were asked for.
    """

    searched: bool = False
    blocked: list[tuple[int, int]] = field(default_factory=list)
    scored: list[ScoredSpan] = field(default_factory=list)
    found: list[ScoredSpan] = field(default_factory=list)
    mentions: list[tuple[int, int, str]] = field(default_factory=list)
    seen: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    labels: Floats | None = None
    none: Floats | None = None
    vectors: Floats | None = None
    pairs: Ints = field(default_factory=lambda: np.zeros((0, 3), dtype=np.int64))
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    words: list[tuple[Window, Floats]] = field(default_factory=list)


def choose_entities(reading: Reading, length: int, threshold: float = 0.0) -> list[ScoredSpan]:
    """Choose entities among the candidates of a reading.

    reading (Reading): Its candidates that are above the threshold which it was read with.
    length (int): Number of tokens of the document.
    threshold (float): A higher threshold. What it gives is what reading with it would have found.
    RETURNS (list[ScoredSpan]): The entities by position, without overlap.
    """
    spans = surest(span for span in reading.scored if span.entity > threshold)
    return without_overlap(spans, reading.blocked, length)


@dataclass(frozen=True)
class _Material:
    """The documents of one call, by their index: what is asked, what they are made of, what was said so far."""

    docs: Sequence[Doc]
    questions: Sequence[Question]
    pieces: list[DocPieces]
    windows: list[list[Window]]
    suggested: list[Ints] | None
    readings: list[Reading]


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
            Reading(mentions=list(q.given), searched=q.find and bool(self.ner_labels), blocked=q.blocked)
            for q in questions
        ]
        searching = any(reading.searched for reading in readings)
        suggested = self.suggest(docs) if self.suggest is not None and searching else None
        material = _Material(docs, questions, pieces, windows, suggested, readings)
        sizes = [self._sizes(material, doc) for doc in range(len(docs))]
        self._read_groups(material, sizes)
        return readings

    def _read_groups(self, material: _Material, sizes: Sequence[Ints]) -> None:
        from ..layers.threads import batches_at_once, predict_at_once

        at_once = batches_at_once(self.model, self.batch_pieces)
        share = self.batch_pieces // at_once
        batches: list[_Group] = []
        large: list[_Group] = []  # single documents that are more than a batch
        for group in group_documents(sizes, share):
            inside = np.concatenate([sizes[doc] for doc in group])
            (batches if padded_size(inside) <= share else large).append((group, inside))

        def read(group: _Group) -> None:
            self._read_group(group[0], material, group[1])

        predict_at_once(read, batches, at_once)
        predict_at_once(read, large, 1)

    def _sizes(self, material: _Material, doc: int) -> Ints:
        """Words, and candidates or given mentions, of each window. RETURNS (ndarray): Shape: (n_windows, 2)"""
        windows, pieces, reading = material.windows[doc], material.pieces[doc], material.readings[doc]
        sizes = np.zeros((len(windows), 2), dtype=np.int64)
        sizes[:, 0] = word_sizes(windows)
        if self.describe:
            given = np.array(
                [pieces.extent(start, end) for start, end, _ in reading.mentions], dtype=np.int64
            )
            sizes[:, 1] = count_inside(windows, given.reshape(-1, 2))
        if reading.searched:
            suggested = None if material.suggested is None else material.suggested[doc]
            candidates = candidate_counts(windows, pieces, self.proposals, suggested)
            sizes[:, 1] = np.maximum(sizes[:, 1], candidates)
        return sizes

    def _read_group(self, group: list[int], material: _Material, sizes: Ints) -> None:
        """Read documents that make one padded batch, or one long document in several."""
        readings = material.readings
        flat = [(window, at) for doc in group for at, window in enumerate(material.windows[doc])]
        whole: WordBatch | None = None
        kept: JointOutput | None = None
        if self.keep_words or any(readings[doc].searched for doc in group):
            for batch in batch_windows(sizes, self.batch_pieces):
                words = word_batch([flat[i][0] for i in batch], material.pieces, self.tokenizer)
                output = self._words(words, material)
                self._collect_spans(words, output, readings)
                # A long document's caches would not fit: its words are read again.
                if len(batch) == len(flat):
                    whole, kept = words, output
        for doc in group:
            readings[doc].found = choose_entities(readings[doc], len(material.docs[doc]))
            readings[doc].mentions += [span[:3] for span in readings[doc].found]
        if not self.describe:
            return
        placed = {}
        for doc in group:
            extents = [(start, end) for start, end, _ in readings[doc].mentions]
            ids = material.questions[doc].ids
            if ids is not None:
                ids = np.pad(ids, (0, len(extents) - len(ids)), constant_values=self.tokenizer.entity_mask_id)
            placed[doc] = place_mentions(
                material.windows[doc], material.pieces[doc], extents, self.relate, ids
            )
            readings[doc].seen = placed[doc].home >= 0
        # Only now the number of mentions is known: more of them than candidates may not fit the same batch.
        sizes[:, 1] = [len(placed[window.doc].mentions[at]) for window, at in flat]
        batches = list(batch_windows(sizes, self.batch_pieces))
        for batch in batches:
            if not sizes[batch, 1].any():
                continue
            if whole is not None and len(batches) == 1:
                self._label(whole, flat, placed, kept, readings)
            else:
                part = [flat[i] for i in batch]
                words = word_batch([window for window, _ in part], material.pieces, self.tokenizer)
                self._label(words, part, placed, None, readings)

    # --- finding entities ------------------------------------------------------------------

    def _words(self, batch: WordBatch, material: _Material) -> JointOutput:
        from ..layers.joint import JointInput
        from ..layers.spans import candidates_of

        find = any(material.readings[window.doc].searched for window in batch.windows)
        suggested = material.suggested
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

    # --- labelling and relating ------------------------------------------------------------

    def _label(
        self,
        batch: WordBatch,
        windows: Sequence[tuple[Window, int]],
        placed: dict[int, Placement],
        kept: JointOutput | None,
        readings: list[Reading],
    ) -> None:
        """Read the mentions of a batch of windows, each with its number in its document; `kept` is what was
        computed for them before."""
        from ..layers.joint import JointInput

        mentions = [placed[window.doc].mentions[at] for window, at in windows]
        rows = mention_batch(
            batch.windows,
            mentions,
            [placed[window.doc].extents[m] for (window, _), m in zip(windows, mentions, strict=True)],
            [placed[window.doc].pairs[at] for window, at in windows],
            mention_ids(batch.windows, mentions, placed),
        )
        question = JointInput(
            words=batch,
            states=None if kept is None else kept.words,
            rows=None if kept is None else kept.rows,
            mentions=rows,
            relation_floor=self.relation_floor,
        )
        output = self.model.predict(question)
        self._collect_labels(windows, mentions, placed, output, readings)
        if output.related is not None and self.relate:
            self._collect_pairs(batch, mentions, output.related, readings)

    def _collect_labels(
        self,
        windows: Sequence[tuple[Window, int]],
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
        for row, (window, at) in enumerate(windows):
            reading, members = readings[window.doc], mentions[row]
            at_home = np.flatnonzero(placed[window.doc].home[members] == at)
            n = len(reading.mentions)
            if reading.vectors is None:
                reading.vectors = np.zeros((n, vectors.shape[-1]), dtype=np.float32)
            reading.vectors[members[at_home]] = vectors[row, at_home]
            if labels is not None:
                if reading.labels is None:
                    reading.labels = np.zeros((n, labels.shape[-1]), dtype=np.float32)
                reading.labels[members[at_home]] = labels[row, at_home]

    def _collect_pairs(
        self, batch: WordBatch, mentions: list[Ints], related: Related, readings: list[Reading]
    ) -> None:
        pairs, label, values = (t.cpu().numpy() for t in (related.pairs, related.labels, related.scores))
        for row in np.unique(pairs[:, 0]):
            mine = pairs[:, 0] == row
            reading = readings[batch.windows[row].doc]
            head, tail = mentions[row][pairs[mine, 1]], mentions[row][pairs[mine, 2]]
            reading.pairs = np.concatenate([reading.pairs, np.column_stack([head, tail, label[mine]])])
            reading.scores = np.concatenate([reading.scores, values[mine]])
