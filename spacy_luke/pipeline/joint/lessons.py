"""Examples -> what the joint model is asked in training, with the gold beside it, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...inputs.batch import Targets, window_batch
from ...inputs.batching import batch_windows, candidate_counts, word_sizes
from ...inputs.mentions import Placement, place_mentions
from ...inputs.pieces import DocPieces, Ints, encode_docs
from ...inputs.windows import Window, make_windows
from ..gold import Gold
from ..task import Batch
from .solve import with_placed
from .targets import gold_pairs, label_targets, relation_targets, span_targets

if TYPE_CHECKING:
    from spacy.training import Example

    from ...layers.joint import JointNetwork
    from ...nn.joint_config import JointConfig
    from ..luke import LukeJoint


def joint_batches(pipe: LukeJoint, examples: Sequence[Example]) -> list[tuple[Batch, Targets]]:
    """Turn examples into padded batches of their windows, each batch of windows of like size.

    pipe (LukeJoint): The pipe.
    examples (Sequence[Example]): The examples.
    RETURNS (list[tuple[Batch, Targets]]): Empty if the tokenizer drops all tokens of all documents.
    """
    network, settings = pipe.network, pipe.network.settings
    joint, sizes_of_windows = network.joint, network.window_sizes()
    docs = [example.predicted for example in examples]
    pieces = encode_docs(docs, network.tokenizer)
    windows = [make_windows(i, p, *sizes_of_windows) for i, p in enumerate(pieces)]
    golds = [pipe.gold(example) for example in examples]
    relates = settings.relations and bool(joint.relation_labels)
    placed = []
    for window, p, gold in zip(windows, pieces, golds, strict=True):
        pairs, ids = relates and gold.relations is not None, pipe.title_ids(gold.spans)
        placed.append(place_mentions(window, p, gold.mentions, pairs, ids))
    suggested = pipe.suggest(docs) if settings.ner else None
    batcher = _Batcher(network, joint, pieces, golds, placed, suggested)
    flat = [(window, at) for doc in windows for at, window in enumerate(doc)]
    if not flat:
        return []
    sizes = np.concatenate([batcher.sizes(doc, w) for doc, w in enumerate(windows)])  # (n_windows, 3)
    order = np.argsort(sizes.sum(axis=1), kind="stable")
    batches = batch_windows(sizes[order], pipe.max_batch_pieces)
    return [batcher.batch([flat[i] for i in order[batch]]) for batch in batches]


@dataclass(frozen=True)
class _Batcher:
    """All that batches of windows are made from."""

    network: JointNetwork
    joint: JointConfig
    pieces: list[DocPieces]
    golds: list[Gold]
    placed: list[Placement]
    suggested: list[Ints] | None

    def sizes(self, doc: int, windows: Sequence[Window]) -> Ints:
        """Words, candidates and mentions of a document's windows. RETURNS (ndarray): Shape: (n_windows, 3)"""
        sizes = np.zeros((len(windows), 3), dtype=np.int64)
        sizes[:, 0] = word_sizes(windows)
        if self.network.settings.ner and self.joint.ner_labels:
            suggested = None if self.suggested is None else self.suggested[doc]
            per_token = self.joint.proposals_per_token
            sizes[:, 1] = candidate_counts(windows, self.pieces[doc], per_token, suggested)
        sizes[:, 2] = [len(members) for members in self.placed[doc].mentions]
        return sizes

    def batch(self, windows: Sequence[tuple[Window, int]]) -> tuple[Batch, Targets]:
        """One batch of windows, each with its number in its document."""
        batch = window_batch([window for window, _ in windows], self.pieces, self.network.tokenizer)
        spans, open_types = span_targets(batch, self.golds, self.joint)
        settings, find = self.network.settings, self.network.settings.ner and bool((spans != -100).any())
        batch, _ = with_placed(batch, windows, self.placed)
        labels = label_targets(batch, self.golds, self.joint)
        relations = relation_targets(batch, self.golds, self.joint)
        targets = Targets(spans, open_types, labels, *relations)
        if find and self.suggested is not None:
            batch = batch.with_spans(self.suggested)
        inputs = batch.inputs
        if find and self.suggested is None:
            inputs = replace(inputs, gold_spans=(spans > 0).astype(np.float32))
        if self.joint.pair_layers:
            inputs = replace(inputs, gold_pairs=gold_pairs(*relations))
        if not (settings.labels or settings.relations):
            inputs = replace(inputs, entity_start_positions=None)
        return Batch(batch, self.network.ask(inputs, find=find)), targets
