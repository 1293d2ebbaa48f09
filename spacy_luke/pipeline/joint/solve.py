"""Docs -> what the joint model says of them, without touching the Docs.

docs -> windows, grouped so that a group holds whole documents of like length
     -> words and candidate spans -> entities of each document     (skipped where entities are given)
     -> mentions and pairs, each in the window that shows it best
     -> labels, vectors, relations of each document
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Doc, Span

from ...annotation import lent_mentions
from ...inputs.batch import WindowBatch, window_batch
from ...inputs.batching import (
    batch_windows,
    candidate_counts,
    count_inside,
    group_documents,
    padded_size,
    word_sizes,
)
from ...inputs.mentions import Placement, mention_ids, place_mentions
from ...inputs.pieces import DocPieces, Ints, encode_docs
from ...inputs.windows import Window, make_windows
from ..decode import ScoredSpan, label_spans, thresholds_of
from ..entities import Request
from ..prediction import Prediction, choose_entities
from ..probabilities import FactScale
from .taught import taught_spans

if TYPE_CHECKING:
    from ...layers.threads import Runner
    from ...nn.heads.joint.outputs import JointOutput, Related, TaughtSpans
    from ..luke import LukeJoint


@dataclass(frozen=True)
class _Material:
    """The documents of one call, by their index: what is asked, what they are made of, what was said so far."""

    docs: Sequence[Doc]
    requests: Sequence[Request]
    pieces: list[DocPieces]
    windows: list[list[Window]]
    suggested: list[Ints] | None
    predictions: list[Prediction]


_Group = tuple[list[int], Ints]  # documents, and what each of their windows holds


class JointSolver:
    """Reads documents with the joint model.

    pipe (LukeJoint): The pipe, with its settings as they are now.
    run (Runner): Predicts in threads.
    """

    def __init__(self, pipe: LukeJoint, run: Runner) -> None:
        heads, thresholds = pipe.speaking, pipe.acting_thresholds
        self.pipe, self.heads, self.run = pipe, heads, run
        self.network, self.tokenizer = pipe.network, pipe.network.tokenizer
        self.describe = pipe.writes_vectors  # mentions are read, for vectors and labels, or only found
        self.threshold = thresholds["ner"]
        self.taught_limits = thresholds_of(self.threshold, list(heads.taught_thresholds("ner")))
        labels = pipe.joint.relation_labels
        least = [thresholds_of(thresholds[task], labels) for task in ("relations", "facts")]
        self.relation_floor = min([1.0, *least[0], *FactScale.of(pipe.joint).undo(least[1])])
        self.keep_words = bool(pipe.listeners)
        self.budget = pipe.max_batch_pieces

    def solve(self, docs: Sequence[Doc]) -> list[Prediction]:
        """Find entities, then label and relate them.

        docs (Sequence[Doc]): The documents; not changed.
        RETURNS (list[Prediction]): In the order of the documents.
        """
        requests = [self.pipe.request(doc) for doc in docs]
        pieces = encode_docs(docs, self.tokenizer)
        sizes = self.network.window_sizes()
        windows = [make_windows(i, p, *sizes) for i, p in enumerate(pieces)]
        finds = bool(self.heads.ner_labels)
        predictions = [Prediction(r.find and finds, r.blocked, mentions=list(r.given)) for r in requests]
        searching = any(prediction.searched for prediction in predictions)
        suggested = self.pipe.suggest(docs) if searching else None
        material = _Material(docs, requests, pieces, windows, suggested, predictions)
        held = [self._sizes(material, doc) for doc in range(len(docs))]
        batches, large = list[_Group](), list[_Group]()
        for group in group_documents(held, self.run.budget):
            inside = np.concatenate([held[doc] for doc in group])
            fits = padded_size(inside) <= self.run.budget
            (batches if fits else large).append((group, inside))
        solve = partial(self._solve_group, material)
        self.run.each(solve, batches)
        for document in large:  # each has all threads
            solve(document)
        return predictions

    def _sizes(self, material: _Material, doc: int) -> Ints:
        """Words, and candidates or given mentions, of each window. RETURNS (ndarray): Shape: (n_windows, 2)"""
        windows, pieces, prediction = material.windows[doc], material.pieces[doc], material.predictions[doc]
        sizes = np.zeros((len(windows), 2), dtype=np.int64)
        sizes[:, 0] = word_sizes(windows)
        if self.describe:
            given = [pieces.extent(start, end) for start, end, _ in prediction.mentions]
            sizes[:, 1] = count_inside(windows, np.array(given, dtype=np.int64).reshape(-1, 2))
        if prediction.searched:
            suggested = None if material.suggested is None else material.suggested[doc]
            candidates = candidate_counts(windows, pieces, self.heads.proposals_per_token, suggested)
            sizes[:, 1] = np.maximum(sizes[:, 1], candidates)
        return sizes

    def _solve_group(self, material: _Material, group_and_sizes: _Group) -> None:
        """Read documents that make one padded batch, or one long document in several."""
        (group, sizes), predictions = group_and_sizes, material.predictions
        flat = [(window, at) for doc in group for at, window in enumerate(material.windows[doc])]
        whole: WindowBatch | None = None
        kept: JointOutput | None = None
        if self.keep_words or any(predictions[doc].searched for doc in group):
            for batch in batch_windows(sizes, self.budget):
                words = window_batch([flat[i][0] for i in batch], material.pieces, self.tokenizer)
                find = any(predictions[window.doc].searched for window in words.windows)
                spans = material.suggested if find else None
                asked = words if spans is None else words.with_spans(spans)
                output = self.network.predict(self.network.ask(asked.inputs, find=find))
                self._collect_spans(words, output, predictions)
                # A long document's caches would not fit: its words are read again.
                if len(batch) == len(flat):
                    whole, kept = words, output
        for doc in group:
            predictions[doc].found = choose_entities(predictions[doc], len(material.docs[doc]))
            predictions[doc].mentions += [span[:3] for span in predictions[doc].found]
            if self.describe and self.heads.relation_labels:
                self._lend(material.docs[doc], predictions[doc])
        if not self.describe:
            return
        placed: dict[int, Placement] = {}
        relate = bool(self.heads.relation_labels)
        for doc in group:
            extents = [(start, end) for start, end, _ in predictions[doc].mentions]
            ids = material.requests[doc].ids
            if ids is not None:
                ids = np.pad(ids, (0, len(extents) - len(ids)), constant_values=self.tokenizer.entity_mask_id)
            placed[doc] = place_mentions(material.windows[doc], material.pieces[doc], extents, relate, ids)
            predictions[doc].seen = placed[doc].home >= 0
        # Only now the number of mentions is known: more of them than candidates may not fit the same batch.
        sizes[:, 1] = [len(placed[window.doc].mentions[at]) for window, at in flat]
        batches = list(batch_windows(sizes, self.budget))
        for batch in batches:
            if not sizes[batch, 1].any():
                continue
            if whole is not None and len(batches) == 1:
                self._label(whole, flat, placed, kept, predictions)
            else:
                part = [flat[i] for i in batch]
                words = window_batch([window for window, _ in part], material.pieces, self.tokenizer)
                self._label(words, part, placed, None, predictions)

    def _lend(self, doc: Doc, prediction: Prediction) -> None:
        """Read as mentions what stands for one in its coreference cluster."""
        found = [Span(doc, *span[:3]) for span in prediction.found]
        lent = lent_mentions([*self.pipe.entities(doc), *found])
        prediction.lent = [(span.start, span.end, span.label_) for span in lent]
        prediction.mentions += prediction.lent

    # --- finding entities ------------------------------------------------------------------

    def _collect_spans(self, batch: WindowBatch, output: JointOutput, predictions: list[Prediction]) -> None:
        if self.keep_words:
            states = output.word_states.float().cpu().numpy()
            for row, window in enumerate(batch.windows):
                predictions[window.doc].words.append((window, states[row, 1 : len(window) + 1].copy()))
        if output.span_logits is None or output.candidates is None:
            return
        probabilities = output.span_logits.softmax(-1).cpu().numpy()
        slots = output.candidates.spans.cpu().numpy()
        real = output.candidates.mask.cpu().numpy()
        for row, window in enumerate(batch.windows):
            if not predictions[window.doc].searched:
                continue
            keep = real[row]
            tokens = batch.tokens[row][slots[row][keep]]  # (n_spans, 2): first and last token
            spans, scores = tokens + np.array([0, 1]), probabilities[row][keep]
            found = label_spans(spans, scores, self.heads.ner_labels, self.threshold)
            if output.taught_spans is not None:
                found = self._taught_spans(batch, row, output.taught_spans, found)
            predictions[window.doc].scored += found

    def _taught_spans(
        self, batch: WindowBatch, row: int, taught: TaughtSpans, found: list[ScoredSpan]
    ) -> list[ScoredSpan]:
        real = taught.candidates.mask[row]
        slots, scores, rejected = (
            part[row][real].cpu().numpy()
            for part in (taught.candidates.spans, taught.scores, taught.rejected)
        )
        spans = batch.tokens[row][slots] + np.array([0, 1])
        labels, limits = self.heads.ner_labels, self.taught_limits
        return taught_spans(found, spans, scores, rejected, labels, limits)

    # --- labelling and relating ------------------------------------------------------------

    def _label(
        self,
        batch: WindowBatch,
        windows: Sequence[tuple[Window, int]],
        placed: dict[int, Placement],
        kept: JointOutput | None,
        predictions: list[Prediction],
    ) -> None:
        """Read the mentions of a batch of windows, each with its number in its document; `kept` is what was
        computed for them before."""
        batch, mentions = with_placed(batch, windows, placed)
        before = {} if kept is None else {"states": kept.words, "rows": kept.rows}
        asked = self.network.ask(batch.inputs, relation_floor=self.relation_floor, **before)
        output = self.network.predict(asked)
        self._collect_labels(windows, mentions, placed, output, predictions)
        if output.related is not None and self.heads.relation_labels:
            self._collect_pairs(batch, mentions, output.related, predictions)

    def _collect_labels(
        self,
        windows: Sequence[tuple[Window, int]],
        mentions: list[Ints],
        placed: dict[int, Placement],
        output: JointOutput,
        predictions: list[Prediction],
    ) -> None:
        if output.entity_states is None:
            return
        vectors, labels, logits = output.entity_states.float().cpu().numpy(), None, output.label_logits
        if logits is not None:
            labels = (logits.sigmoid() if self.heads.multi_label else logits.softmax(-1)).cpu().numpy()
        if output.taught_labels is not None:
            taught, rejected = output.taught_labels.scores, output.taught_labels.rejected
            both = [taught.cpu().numpy()] if labels is None else [labels, taught.cpu().numpy()]
            labels = np.where(rejected.cpu().numpy(), 0.0, np.concatenate(both, axis=-1))
        for row, (window, at) in enumerate(windows):
            prediction, members = predictions[window.doc], mentions[row]
            at_home = np.flatnonzero(placed[window.doc].home[members] == at)
            n = len(prediction.mentions)
            if prediction.vectors is None:
                prediction.vectors = np.zeros((n, vectors.shape[-1]), dtype=np.float32)
            prediction.vectors[members[at_home]] = vectors[row, at_home]
            if labels is not None:
                if prediction.labels is None:
                    prediction.labels = np.zeros((n, labels.shape[-1]), dtype=np.float32)
                prediction.labels[members[at_home]] = labels[row, at_home]

    def _collect_pairs(
        self, batch: WindowBatch, mentions: list[Ints], related: Related, predictions: list[Prediction]
    ) -> None:
        pairs, label, values = (t.cpu().numpy() for t in (related.pairs, related.labels, related.scores))
        for row in np.unique(pairs[:, 0]):
            mine = pairs[:, 0] == row
            prediction = predictions[batch.windows[row].doc]
            head, tail = mentions[row][pairs[mine, 1]], mentions[row][pairs[mine, 2]]
            prediction.pairs = np.concatenate([prediction.pairs, np.column_stack([head, tail, label[mine]])])
            prediction.scores = np.concatenate([prediction.scores, values[mine]])


def with_placed(
    batch: WindowBatch,
    windows: Sequence[tuple[Window, int]],
    placed: Mapping[int, Placement] | Sequence[Placement],
) -> tuple[WindowBatch, list[Ints]]:
    """Add the mentions that are read in the windows of a batch.

    batch (WindowBatch): The batch.
    windows (Sequence[tuple[Window, int]]): Its windows, each with its number in its document.
    placed (Mapping | Sequence): The placement of each document.
    RETURNS (tuple): The batch with mentions, and the mentions of each window as indices into its document's.
    """
    mentions = [placed[window.doc].mentions[at] for window, at in windows]
    extents = [placed[window.doc].extents[m] for (window, _), m in zip(windows, mentions, strict=True)]
    pairs = [placed[window.doc].pairs[at] for window, at in windows]
    ids = mention_ids(batch.windows, mentions, placed)
    return batch.with_mentions(mentions, extents, pairs, ids), mentions
