"""Examples -> gold arrays for the joint model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..annotation import (
    RELATIONS_LOOKED_FOR,
    has_labels,
    has_relations,
    normalize,
    read_labels,
    read_relations,
)
from ..inputs.batch import Bools, MentionBatch, WordBatch
from ..inputs.entities import EntityGetter
from ..inputs.pieces import Ints

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

    from ..nn.joint_config import JointConfig

Extent = tuple[int, int]


@dataclass
class Gold:
    """Gold annotation of one document, in tokens of the predicted document.

    mentions (list[Extent]): Extents of the gold mentions.
    labels (list[set[str] | None]): Their labels; None where nothing is known.
    clusters (list[str]): Which entity each mention is of.
    entities (dict[Extent, str] | None): Gold `doc.ents`; None if not annotated.
    relations (dict[tuple[int, int], set[str]] | None): Relations of pairs of mentions; None if not annotated.
    looked_for (set[str] | None): The relations that were looked for; None for all.
    near (Callable): Tells which pairs of mentions are within the reach of `doc._.luke_relations`.
    spans (list[Span]): The mentions in the reference document.
    """

    mentions: list[Extent] = field(default_factory=list)
    labels: list[set[str] | None] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    entities: dict[Extent, str] | None = None
    relations: dict[tuple[int, int], set[str]] | None = None
    looked_for: set[str] | None = None
    near: Callable[[Ints, Ints], Bools] | None = None
    spans: list[Span] = field(default_factory=list)

    @cached_property
    def cluster_numbers(self) -> Ints:
        """RETURNS (ndarray): A number for each mention's entity. Shape: (n_mentions,)"""
        return np.unique(self.clusters, return_inverse=True)[1].astype(np.int64)


def read_gold(
    example: Example, getter: EntityGetter, near: Callable[[Sequence[Span]], Callable[[Ints, Ints], Bools]]
) -> Gold:
    """Collect the gold of one example. What doesn't fall on the predicted document's tokens is left out.

    example (Example): The example.
    getter (EntityGetter): Gives the mentions of the reference document.
    near (Callable): Given mentions of the reference document, tells which pairs are near.
    RETURNS (Gold): The gold.
    """
    reference, predicted = example.reference, example.predicted
    gold = Gold()
    places: dict[tuple[int, int, str], int] = {}
    for span in getter(reference):
        extent = align(span, predicted)
        if extent is None:
            continue
        places[_key(span)] = len(gold.spans)
        gold.spans.append(span)
        gold.mentions.append(extent)
        gold.labels.append(gold_labels(span))
        gold.clusters.append(span.id_ or normalize(span.text))
    if reference.has_annotation("ENT_IOB"):
        aligned = ((align(span, predicted), span.label_) for span in reference.ents)
        gold.entities = {extent: label for extent, label in aligned if extent is not None}
    if has_relations(reference):
        gold.relations = {}
        if RELATIONS_LOOKED_FOR in reference.user_data:
            gold.looked_for = set(reference.user_data[RELATIONS_LOOKED_FOR])
        for head, tail, label, *_ in read_relations(reference):
            pair = places.get(_key(head)), places.get(_key(tail))
            if pair[0] is not None and pair[1] is not None:
                gold.relations.setdefault((pair[0], pair[1]), set()).add(label)
    gold.near = near(gold.spans)
    return gold


def gold_labels(span: Span) -> set[str] | None:
    """The labels that a span of the reference teaches.

    span (Span): The span.
    RETURNS (set[str] | None): Those of `span._.luke_labels` with 0.5 or more if any were assigned, else the
        span's own; None if it has none.
    """
    if has_labels(span):
        return {label for label, score in read_labels(span).items() if score >= 0.5}
    return {span.label_} if span.label_ else None


def align(span: Span, doc: Doc) -> Extent | None:
    """RETURNS (tuple[int, int] | None): The span's extent in another Doc of the same text, if tokens allow it."""
    other = doc.char_span(span.start_char, span.end_char)
    return None if other is None else (other.start, other.end)


def _key(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def span_targets(batch: WordBatch, golds: Sequence[Gold], joint: JointConfig) -> Ints:
    """RETURNS (ndarray): `Targets.spans`. Shape: (batch, n_tokens, max_span_width)"""
    labels = {label: index for index, label in enumerate(joint.ner_labels, start=1)}
    targets = np.zeros((*batch.tokens.shape, joint.max_span_width), dtype=np.int64)
    targets[batch.tokens < 0] = -100
    for row, window in enumerate(batch.windows):
        entities = golds[window.doc].entities
        if entities is None:
            targets[row] = -100
            continue
        slot = {int(token): index for index, token in enumerate(batch.tokens[row]) if token >= 0}
        for (start, end), label in entities.items():
            first, last = slot.get(start), slot.get(end - 1)
            if (
                first is not None
                and last is not None
                and last - first < joint.max_span_width
                and label in labels
            ):
                targets[row, first, last - first] = labels[label]
    return targets


def label_targets(
    mentions: MentionBatch, batch: WordBatch, golds: Sequence[Gold], joint: JointConfig
) -> NDArray[np.float32]:
    """RETURNS (ndarray): `Targets.labels`. Shape: (batch, n_mentions, n_labels)"""
    labels = {label: index for index, label in enumerate(joint.entity_labels)}
    targets = np.full((*mentions.index.shape, len(labels)), -100, dtype=np.float32)
    for row, column in np.argwhere(mentions.index >= 0):
        gold = golds[batch.windows[row].doc].labels[mentions.index[row, column]]
        if gold is None:
            continue
        known = [labels[label] for label in gold if label in labels]
        if known or joint.multi_label:  # one of several has to be right, none of independent ones can be
            targets[row, column] = 0.0
            targets[row, column, known] = 1.0
    return targets


def relation_targets(
    mentions: MentionBatch, batch: WordBatch, golds: Sequence[Gold], joint: JointConfig
) -> tuple[NDArray[np.float32], Bools, Ints]:
    """RETURNS (tuple): `Targets.relations`, `Targets.near` and `Targets.groups`."""
    labels = {label: index for index, label in enumerate(joint.relation_labels)}
    targets = np.zeros((len(mentions.pairs), len(labels)), dtype=np.float32)
    near = np.zeros(len(mentions.pairs), dtype=np.bool_)
    groups = np.full(len(mentions.pairs), -1, dtype=np.int64)
    for row, window in enumerate(batch.windows):
        mine = np.flatnonzero(mentions.pairs[:, 0] == row)
        gold = golds[window.doc]
        if gold.relations is None or gold.near is None or not len(mine):
            continue
        if gold.looked_for is not None:
            unknown = np.array([label not in gold.looked_for for label in labels], dtype=np.bool_)
            targets[np.ix_(mine, unknown)] = -100.0
        head, tail = (mentions.index[row, mentions.pairs[mine, side]] for side in (1, 2))
        near[mine] = gold.near(head, tail)
        clusters = gold.cluster_numbers
        names = (window.doc << 40) + (clusters[head] << 20) + clusters[tail]
        groups[mine] = np.where(clusters[head] == clusters[tail], -1, names)
        for index, *pair in zip(mine.tolist(), head.tolist(), tail.tolist(), strict=True):
            known = [labels[label] for label in gold.relations.get(tuple(pair), ()) if label in labels]
            targets[index, known] = 1.0
    return targets, near, groups
