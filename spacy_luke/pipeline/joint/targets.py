"""Gold -> arrays beside a batch of windows; see `Targets`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...inputs.batch import OPEN, TOLD, Bools, WindowBatch
from ...inputs.pieces import Ints
from ..gold import Gold, touching

if TYPE_CHECKING:
    from ...nn.joint_config import JointConfig


def span_targets(batch: WindowBatch, golds: Sequence[Gold], joint: JointConfig) -> tuple[Ints, Bools]:
    """RETURNS (tuple): `Targets.spans` and `Targets.open_types`."""
    labels, width = {label: i for i, label in enumerate(joint.ner_labels, start=1)}, joint.max_span_width
    targets = np.full((*batch.tokens.shape, width), -100, dtype=np.int64)
    open_types = np.zeros((len(batch.windows), len(labels)), dtype=np.bool_)
    for row, window in enumerate(batch.windows):
        gold, tokens = golds[window.doc], batch.tokens[row][batch.tokens[row] >= 0]
        if gold.entities is None or not len(tokens):
            continue
        if gold.types is not None:
            open_types[row] = [label not in gold.types for label in labels]
        unknown, taken = gold.unknown.copy(), np.zeros(len(gold.unknown), dtype=np.bool_)
        slot, found = {token: index for index, token in enumerate(tokens.tolist())}, {}
        for (start, end), label in gold.entities.items():
            first, last = slot.get(start), slot.get(end - 1)
            if label in labels and first is not None and last is not None and last - first < width:
                found[first, last - first] = labels[label]
                taken[start:end] = True
            elif label not in labels or end - start > width or tokens[0] <= start < end <= tokens[-1] + 1:
                unknown[start:end] = True  # else it is cut by the window: what is left of it is no entity
        last_slots = np.minimum(np.arange(len(tokens))[:, None] + np.arange(width), len(tokens) - 1)
        # First and last-plus-one token of each cell. (n_tokens, width, 2)
        extents = np.stack(np.broadcast_arrays(tokens[:, None], tokens[last_slots] + 1), axis=-1)
        is_open = open_types[row].any() & ~touching(extents, taken)  # entities don't overlap
        cells = np.where(touching(extents, unknown), -100, np.where(is_open, OPEN, 0))
        for cell, number in found.items():
            cells[cell] = number
        targets[row, : len(tokens)] = cells
    return targets, open_types


def label_targets(batch: WindowBatch, golds: Sequence[Gold], joint: JointConfig) -> NDArray[np.float32]:
    """RETURNS (ndarray): `Targets.labels`. Shape: (batch, n_mentions, n_labels)"""
    labels, mentions = {label: i for i, label in enumerate(joint.entity_labels)}, batch.mentions
    targets = np.full((*mentions.shape, len(labels)), -100, dtype=np.float32)
    for row, column in np.argwhere(mentions >= 0):
        gold = golds[batch.windows[row].doc].labels[mentions[row, column]]
        if gold is None:
            continue
        known = [labels[label] for label in gold if label in labels]
        if joint.multi_label and len(known) == len(gold):
            targets[row, column] = 0.0
        elif known:  # one of several has to be right; beside an unknown one, nothing is known of the others
            targets[row, column] = -100.0 if joint.multi_label else 0.0
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
        told = gold.relations.keys() | gold.unsure.keys()
        head, tail = (mentions[row, pairs[mine, side]] for side in (1, 2))
        near[mine] = gold.near(head, tail)
        clusters = gold.cluster_numbers
        names = np.column_stack([np.full(len(mine), window.doc), clusters[head], clusters[tail]])
        groups[mine] = np.where((clusters[head] == clusters[tail])[:, None], -1, names)
        for index, *pair in zip(mine.tolist(), head.tolist(), tail.tolist(), strict=True):
            if (key := tuple(pair)) in told:
                unsure = gold.unsure_labels(key, labels)
                targets[index, [labels[label] for label in unsure if label in labels]] = -100.0
                elsewhere = unsure & gold.told.get(key, set())
                targets[index, [labels[label] for label in elsewhere if label in labels]] = TOLD
                known = [labels[label] for label in gold.relations.get(key, ()) if label in labels]
                targets[index, known] = 1.0
    return targets, near, groups


def gold_pairs(relations: NDArray[np.float32], near: Bools, groups: Ints) -> Ints:
    """relations, near, groups: See `Targets`. RETURNS (ndarray): `LukeInputs.gold_pairs`. Shape: (n_pairs,)"""
    counts = (relations != -100).any(axis=1) & (near | (groups[:, 0] >= 0))
    return np.where(counts, (relations == 1).any(axis=1), -1)
