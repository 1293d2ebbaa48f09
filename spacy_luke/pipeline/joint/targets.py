"""Gold -> arrays beside a batch of windows; see `Targets`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...inputs.batch import Bools, WindowBatch
from ...inputs.pieces import Ints
from ..gold import Gold

if TYPE_CHECKING:
    from ...nn.joint_config import JointConfig


def span_targets(batch: WindowBatch, golds: Sequence[Gold], joint: JointConfig) -> Ints:
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
            if first is None or last is None or label not in labels:
                continue
            if last - first < joint.max_span_width:
                targets[row, first, last - first] = labels[label]
    return targets


def label_targets(batch: WindowBatch, golds: Sequence[Gold], joint: JointConfig) -> NDArray[np.float32]:
    """RETURNS (ndarray): `Targets.labels`. Shape: (batch, n_mentions, n_labels)"""
    labels, mentions = {label: i for i, label in enumerate(joint.entity_labels)}, batch.mentions
    targets = np.full((*mentions.shape, len(labels)), -100, dtype=np.float32)
    for row, column in np.argwhere(mentions >= 0):
        gold = golds[batch.windows[row].doc].labels[mentions[row, column]]
        if gold is None:
            continue
        known = [labels[label] for label in gold if label in labels]
        if known or joint.multi_label:  # one of several has to be right, none of independent ones can be
            targets[row, column] = 0.0
            targets[row, column, known] = 1.0
    return targets


def relation_targets(
    batch: WindowBatch, golds: Sequence[Gold], joint: JointConfig
) -> tuple[NDArray[np.float32], Bools, Ints]:
    """RETURNS (tuple): `Targets.relations`, `Targets.near` and `Targets.groups`."""
    labels = {label: index for index, label in enumerate(joint.relation_labels)}
    mentions, pairs = batch.mentions, batch.inputs.needed("pairs")
    targets = np.zeros((len(pairs), len(labels)), dtype=np.float32)
    near = np.zeros(len(pairs), dtype=np.bool_)
    groups = np.full((len(pairs), 3), -1, dtype=np.int64)
    for row, window in enumerate(batch.windows):
        mine = np.flatnonzero(pairs[:, 0] == row)
        gold = golds[window.doc]
        if gold.relations is None or gold.near is None or not len(mine):
            continue
        if gold.looked_for is not None:
            unknown = np.array([label not in gold.looked_for for label in labels], dtype=np.bool_)
            targets[np.ix_(mine, unknown)] = -100.0
        head, tail = (mentions[row, pairs[mine, side]] for side in (1, 2))
        near[mine] = gold.near(head, tail)
        clusters = gold.cluster_numbers
        names = np.column_stack([np.full(len(mine), window.doc), clusters[head], clusters[tail]])
        groups[mine] = np.where((clusters[head] == clusters[tail])[:, None], -1, names)
        for index, *pair in zip(mine.tolist(), head.tolist(), tail.tolist(), strict=True):
            known = [labels[label] for label in gold.relations.get(tuple(pair), ()) if label in labels]
            targets[index, known] = 1.0
    return targets, near, groups
