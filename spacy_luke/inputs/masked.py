"""Mentions in windows as padded arrays of entities, some of them masked: what a masked-entity prediction reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .batch import Bools, MentionBatch, WordBatch
from .pieces import Ints

NO_PIECE = -1


@dataclass(frozen=True)
class MaskedBatch:
    """Windows with their mentions, and the mentions that are asked about.

    words (WordBatch): The windows.
    entity_ids (ndarray): [MASK], or the entity that the mention is known to be of. Shape: (batch, n_mentions)
    entity_mask (ndarray): True where there is a mention. Shape: (batch, n_mentions)
    entity_positions (ndarray): Positions of each mention's pieces, -1 behind them.
        Shape: (batch, n_mentions, mention length)
    asked (ndarray): Row and place of each mention that is asked about. Shape: (n_asked, 2)
    candidates (ndarray | None): Entity ids to score for each, filled up with any; None for the whole vocabulary.
        Shape: (n_asked, n_candidates)
    """

    words: WordBatch
    entity_ids: Ints
    entity_mask: Bools
    entity_positions: Ints
    asked: Ints
    candidates: Ints | None


def masked_batch(
    words: WordBatch,
    mentions: MentionBatch,
    ids: Sequence[Ints],
    asked: Sequence[Ints],
    candidates: Sequence[Ints] | None,
    longest: int,
) -> MaskedBatch:
    """Lay mentions into padded arrays.

    words (WordBatch): The windows.
    mentions (MentionBatch): Their mentions.
    ids (Sequence[ndarray]): The entity id of each mention of each window. Shape: (n,) each.
    asked (Sequence[ndarray]): Which of them are asked about. Shape: (n_asked,) each.
    candidates (Sequence[ndarray] | None): For each asked mention, in order, the entities that it may be of; at
        least one. None for the whole vocabulary.
    longest (int): Most pieces of a mention that its entity sees.
    RETURNS (MaskedBatch): The batch.
    """
    mask = mentions.index >= 0
    entity_ids = np.zeros(mask.shape, dtype=np.int64)
    entity_ids[mask] = np.concatenate([*ids, np.zeros(0, dtype=np.int64)])
    first, last = mentions.extents[..., :1], mentions.extents[..., 1:]
    width = min(longest, int((last - first).max(initial=1)))
    positions = first + np.arange(width)
    rows = np.repeat(np.arange(len(asked)), [len(places) for places in asked])
    return MaskedBatch(
        words=words,
        entity_ids=entity_ids,
        entity_mask=mask,
        entity_positions=np.where((positions < last) & mask[..., None], positions, NO_PIECE),
        asked=np.column_stack([rows, np.concatenate([*asked, np.zeros(0, dtype=np.int64)])]),
        candidates=None if candidates is None else _fill_up(candidates),
    )


def _fill_up(rows: Sequence[Ints]) -> Ints:
    """Stack rows of different lengths, each filled up with its own first element."""
    longest = max((len(row) for row in rows), default=0)
    return np.array(
        [np.pad(row, (0, longest - len(row)), mode="wrap") for row in rows], dtype=np.int64
    ).reshape(len(rows), longest)
