"""One input for each entity, or for each pair of entities, marked in its text (Yamada et al. 2020, 4.1 and 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inputs.excerpts import Excerpt, TextSizes, add_context
from .entity_heads import Asked, EntityHeadPipe, Subject
from .probabilities import Floats, sigmoid, softmax


@dataclass(eq=False, repr=False)
class MarkedPipe(EntityHeadPipe):
    """What entities and pairs share: each is read alone, with the text around it."""

    def excerpts(self, doc: int, sizes: TextSizes, asked: Asked, room: int) -> Iterator[Excerpt]:
        """See `EntityHeadPipe.excerpts`. A mention that is too long is read as far as it goes; a pair needs room for
        both."""
        whole = (0, len(sizes.sentences))
        in_sentence = self.network.settings.context == "sentence"
        for index, item in enumerate(asked.items):
            spans = asked.extents[item]
            core = int(spans[:, 0].min()), int(spans[:, 1].max())
            if len(item) > 1 and sizes.count(*core) > room:
                continue
            start, end = add_context(sizes, core, sizes.around(*core) if in_sentence else whole, room)
            ids = None if asked.ids is None else asked.ids[item]
            yield Excerpt(doc, start, end, spans, np.array([index], dtype=np.int64), ids)

    def probabilities(self, logits: Floats) -> Floats:
        """logits (ndarray): Shape: (n_items, labels). RETURNS (ndarray): Probabilities. Same shape."""
        return sigmoid(logits) if self.network.is_multi_label else softmax(logits)

    def encode_gold(
        self, known: Sequence[set[str] | None], unsure: Sequence[set[str]] | None = None
    ) -> NDArray[Any]:
        """Gold labels as numbers.

        known (Sequence[set[str] | None]): Labels of each item; None where nothing is known.
        unsure (Sequence[set[str]] | None): Further labels that each may have; None for none.
        RETURNS (ndarray): As `EntityHeadPipe.targets`. Of several labels where only one can be, the first one counts.
            Of an item with labels that the head doesn't know, nothing else is known.
        """
        names = np.array(self.network.labels, dtype=object)
        multi_label, outside = self.network.is_multi_label, self.network.outside
        # 1 for right labels, -100 for possible ones
        table = np.zeros((len(known), len(names)), dtype=np.float32)
        for row, labels, others in zip(table, known, unsure or [set[str]()] * len(known), strict=True):
            right = np.flatnonzero(np.isin(names, list(labels or ())))
            if multi_label or not len(right):
                complete = labels is not None and len(right) == len(labels)
                row[np.isin(names, list(others)) if complete else slice(None)] = -100
            if len(right):
                row[right if multi_label else right[0]] = 1.0
            elif labels is not None and not multi_label:
                row[slice(None) if outside is None else outside] = 1.0
        return table if multi_label else table != 0


def legible(subject: Subject) -> NDArray[np.bool_]:
    """subject (Subject): A document. Which mentions have word pieces. RETURNS (ndarray): Shape: (n_mentions,)"""
    pieces = subject.sizes.pieces
    return np.asarray(pieces[subject.mentions[:, 1]] > pieces[subject.mentions[:, 0]])
