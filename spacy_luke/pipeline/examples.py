"""Examples -> what the joint model is asked in training, with the gold beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..inputs.batch import mention_batch, word_batch
from ..inputs.entities import EntityGetter
from ..inputs.mentions import place_mentions
from ..inputs.pieces import Ints, encode_docs
from ..inputs.windows import make_windows
from .gold import label_targets, read_gold, relation_targets, span_targets
from .pairs import PairFilter, PairLimits

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example
    from thinc.api import Model

    from ..layers.joint import JointInput
    from ..layers.loss import Targets


def training_batch(
    model: Model[Any, Any],
    examples: Sequence[Example],
    getter: EntityGetter,
    limits: PairLimits,
    suggest: Callable[[Sequence[Doc]], list[Ints]] | None,
) -> tuple[JointInput, Targets] | None:
    """Turn examples into one padded batch of all their windows.

    model (Model): The joint model.
    examples (Sequence[Example]): The examples.
    getter (EntityGetter): Gives the gold entities of a reference document.
    limits (PairLimits): Which pairs are within the reach of relations.
    suggest (Callable | None): Candidate spans of documents; None for the learned pre-filter.
    RETURNS (tuple[JointInput, Targets] | None): None if the tokenizer drops all tokens of all documents.
    """
    from ..layers.joint import JointInput, get_module, get_tokenizer, window_size
    from ..layers.loss import Targets
    from ..layers.spans import candidates_of

    settings, joint, tokenizer = model.attrs["settings"], get_module(model).joint, get_tokenizer(model)
    docs = [example.predicted for example in examples]
    pieces = encode_docs(docs, tokenizer)
    windows = [make_windows(i, p, window_size(model), settings.overlap) for i, p in enumerate(pieces)]
    flat = [window for doc in windows for window in doc]
    if not flat:
        return None
    golds = [read_gold(example, getter, _near(limits, example.reference)) for example in examples]
    relates = settings.relations and bool(joint.relation_labels)
    placed = [
        place_mentions(w, p, gold.mentions, relates and gold.relations is not None)
        for w, p, gold in zip(windows, pieces, golds, strict=True)
    ]
    words = word_batch(flat, pieces, tokenizer)
    mentions = mention_batch(
        flat,
        [members for p in placed for members in p.mentions],
        [p.extents[members] for p in placed for members in p.mentions],
        [pairs for p in placed for pairs in p.pairs],
    )
    spans = span_targets(words, golds, joint)
    find = settings.ner and bool((spans != -100).any())
    candidates = candidates_of(words, suggest(docs)) if find and suggest is not None else None
    question = JointInput(
        words=words,
        find=find,
        candidates=candidates,
        gold_spans=(spans > 0).astype(np.float32) if find and candidates is None else None,
        mentions=mentions if settings.labels or settings.relations else None,
    )
    relations, near, groups = relation_targets(mentions, words, golds, joint)
    return question, Targets(spans, label_targets(mentions, words, golds, joint), relations, near, groups)


def _near(limits: PairLimits, doc: Doc) -> Callable[[Sequence[Span]], PairFilter]:
    return lambda spans: limits.near(doc, [(span.start, span.end) for span in spans])
