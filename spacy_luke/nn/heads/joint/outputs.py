"""What the joint model says."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...outputs import WordStates
from .rows import EntityRows


@dataclass
class SpanCandidates:
    """Spans of a batch of windows that may be entities.

    spans (Tensor): First and last token slot of each. Shape: (batch, n_spans, 2)
    mask (Tensor): True for real candidates. Shape: (batch, n_spans)
    """

    spans: Tensor
    mask: Tensor


@dataclass
class Related:
    """Pairs of mentions with a relation whose probability is above a floor.

    pairs (Tensor): Window, head row, tail row. Shape: (n_relations, 3)
    labels (Tensor): Index of the relation. Shape: (n_relations,)
    scores (Tensor): Its probability. Shape: (n_relations,)
    """

    pairs: Tensor
    labels: Tensor
    scores: Tensor


@dataclass
class TaughtSpans:
    """What taught types say of spans.

    candidates (SpanCandidates): The spans: those of the trained pre-filter, then those that taught types propose.
    scores (Tensor): Probability of each type. Shape: (batch, n_spans, n_taught)
    rejected (Tensor): Which types, trained and taught, were rejected of each. Shape: (batch, n_spans, n_labels)
    """

    candidates: SpanCandidates
    scores: Tensor
    rejected: Tensor


@dataclass
class TaughtLabelScores:
    """What taught labels say of mentions.

    scores (Tensor): Probability of each label. Shape: (batch, n_mentions, n_taught)
    rejected (Tensor): Which labels, trained and taught, were rejected of each. Shape: (batch, n_mentions, n_labels)
    """

    scores: Tensor
    rejected: Tensor


@dataclass
class JointOutput:
    """What the joint model says of a batch. A part that was not asked for, or has no head, is None.

    word_states (Tensor): Last word states, computed without entities. Shape: (batch, length, hidden)
    proposal_scores (Tensor): Pre-filter scores. Shape: (batch, n_tokens, max_span_width)
    candidates (SpanCandidates): The spans that were encoded as entities.
    span_logits (Tensor): Shape: (batch, n_spans, n_labels + 1)
    entity_states (Tensor): Shape: (batch, n_mentions, hidden)
    label_logits (Tensor): Shape: (batch, n_mentions, n_labels)
    pair_logits (Tensor): Shape: (n_pairs, n_labels + 1)
    read (Tensor): Which pairs have read the words once more. Shape: (n_read,)
    read_logits (Tensor): Their logits after that. Shape: (n_read, n_labels + 1)
    related (Related): Instead of the logits, where a floor for relations was given.
    words (WordStates): The encoder's cache, for more rows on the same words.
    rows (EntityRows): The rows of these spans, where entities attend only to themselves: a mention that is one of the
        spans has the same row.
    taught_spans (TaughtSpans): What taught types say.
    taught_labels (TaughtLabelScores): What taught labels of entities say.
    span_states (Tensor): States of the candidates, where they were asked for. Shape: (batch, n_spans, 3 * hidden)
    pair_states (Tensor): Those of the pairs. Shape: (n_pairs, width)
    """

    word_states: Tensor
    words: WordStates | None = None
    rows: EntityRows | None = None
    proposal_scores: Tensor | None = None
    candidates: SpanCandidates | None = None
    span_logits: Tensor | None = None
    entity_states: Tensor | None = None
    label_logits: Tensor | None = None
    pair_logits: Tensor | None = None
    read: Tensor | None = None
    read_logits: Tensor | None = None
    related: Related | None = None
    taught_spans: TaughtSpans | None = None
    taught_labels: TaughtLabelScores | None = None
    span_states: Tensor | None = None
    pair_states: Tensor | None = None
