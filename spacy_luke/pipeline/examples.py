"""Examples -> what the joint model is asked in training, with the gold beside it, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..inputs.batch import mention_batch, word_batch
from ..inputs.batching import batch_windows, candidate_counts, word_sizes
from ..inputs.entities import EntityGetter
from ..inputs.mentions import Placement, mention_ids, place_mentions
from ..inputs.pieces import DocPieces, Ints, encode_docs
from ..inputs.titles import EntityTitles
from ..inputs.windows import Window, make_windows
from .gold import Gold, label_targets, read_gold, relation_targets, span_targets
from .pairs import PairFilter, PairLimits

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example
    from thinc.api import Model

    from ..layers.joint import JointInput, JointSettings
    from ..layers.loss import Targets
    from ..nn.joint_config import JointConfig
    from ..tokenizer import LukeTokenizer


def training_batches(
    model: Model[Any, Any],
    examples: Sequence[Example],
    getter: EntityGetter,
    limits: PairLimits,
    suggest: Callable[[Sequence[Doc]], list[Ints]] | None,
    budget: int,
    titles: EntityTitles | None = None,
) -> list[tuple[JointInput, Targets]]:
    """Turn examples into padded batches of their windows, each batch of windows of like size.

    model (Model): The joint model.
    examples (Sequence[Example]): The examples.
    getter (EntityGetter): Gives the gold entities of a reference document.
    limits (PairLimits): Which pairs are within the reach of relations.
    suggest (Callable | None): Candidate spans of documents; None for the learned pre-filter.
    budget (int): Most word and entity tokens of a padded batch; a single window may exceed it.
    titles (EntityTitles | None): Looks up who the gold entities are; None to read them as [MASK].
    RETURNS (list[tuple[JointInput, Targets]]): Empty if the tokenizer drops all tokens of all documents. Of
        several batches all but the last, whose gradients are taken first, are computed again for their gradients.
    """
    from ..layers.joint import get_module, get_tokenizer, window_sizes

    settings, joint, tokenizer = model.attrs["settings"], get_module(model).joint, get_tokenizer(model)
    docs = [example.predicted for example in examples]
    pieces = encode_docs(docs, tokenizer)
    windows = [make_windows(i, p, *window_sizes(model)) for i, p in enumerate(pieces)]
    golds = [read_gold(example, getter, _near(limits, example.reference)) for example in examples]
    relates = settings.relations and bool(joint.relation_labels)
    ids = [None if titles is None else titles.ids(gold.spans, tokenizer) for gold in golds]
    placed = [
        place_mentions(w, p, gold.mentions, relates and gold.relations is not None, named)
        for w, p, gold, named in zip(windows, pieces, golds, ids, strict=True)
    ]
    suggested = suggest(docs) if settings.ner and suggest is not None else None
    batcher = _Batcher(settings, joint, tokenizer, pieces, golds, placed, suggested)
    flat = [(window, at) for doc in windows for at, window in enumerate(doc)]
    if not flat:
        return []
    sizes = np.concatenate([batcher.sizes(doc, w) for doc, w in enumerate(windows)])  # (n_windows, 3)
    order = np.argsort(sizes.sum(axis=1), kind="stable")
    batches = [order[batch].tolist() for batch in batch_windows(sizes[order], budget)]
    return [
        batcher.batch([flat[i] for i in batch], recompute=index < len(batches) - 1)
        for index, batch in enumerate(batches)
    ]


@dataclass(frozen=True)
class _Batcher:
    """All that batches of windows are made from."""

    settings: JointSettings
    joint: JointConfig
    tokenizer: LukeTokenizer
    pieces: list[DocPieces]
    golds: list[Gold]
    placed: list[Placement]
    suggested: list[Ints] | None

    def sizes(self, doc: int, windows: Sequence[Window]) -> Ints:
        """Words, candidates and mentions of a document's windows. RETURNS (ndarray): Shape: (n_windows, 3)"""
        sizes = np.zeros((len(windows), 3), dtype=np.int64)
        sizes[:, 0] = word_sizes(windows)
        if self.settings.ner and self.joint.ner_labels:
            suggested = None if self.suggested is None else self.suggested[doc]
            per_token = self.joint.proposals_per_token
            sizes[:, 1] = candidate_counts(windows, self.pieces[doc], per_token, suggested)
        sizes[:, 2] = [len(members) for members in self.placed[doc].mentions]
        return sizes

    def batch(self, windows: Sequence[tuple[Window, int]], recompute: bool) -> tuple[JointInput, Targets]:
        """One batch of windows, each with its number in its document."""
        from ..layers.joint import JointInput
        from ..layers.loss import Targets
        from ..layers.spans import candidates_of

        members = [self.placed[window.doc].mentions[at] for window, at in windows]
        words = word_batch([window for window, _ in windows], self.pieces, self.tokenizer)
        mentions = mention_batch(
            words.windows,
            members,
            [self.placed[w.doc].extents[m] for w, m in zip(words.windows, members, strict=True)],
            [self.placed[window.doc].pairs[at] for window, at in windows],
            mention_ids(words.windows, members, self.placed),
        )
        spans = span_targets(words, self.golds, self.joint)
        find = self.settings.ner and bool((spans != -100).any())
        candidates = candidates_of(words, self.suggested) if find and self.suggested is not None else None
        question = JointInput(
            words=words,
            find=find,
            candidates=candidates,
            gold_spans=(spans > 0).astype(np.float32) if find and candidates is None else None,
            mentions=mentions if self.settings.labels or self.settings.relations else None,
            recompute=recompute,
        )
        labels = label_targets(mentions, words, self.golds, self.joint)
        relations, near, groups = relation_targets(mentions, words, self.golds, self.joint)
        return question, Targets(spans, labels, relations, near, groups)


def _near(limits: PairLimits, doc: Doc) -> Callable[[Sequence[Span]], PairFilter]:
    return lambda spans: limits.near(doc, [(span.start, span.end) for span in spans])
