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

    def encode_gold(self, known: Sequence[set[str] | None]) -> NDArray[Any]:
        """Gold labels as numbers.

        known (Sequence[set[str] | None]): Labels of each item; None where nothing is known.
        RETURNS (ndarray): As `EntityHeadPipe.targets`. Of several labels where only one can be, the first one counts.
        """
        index = {label: i for i, label in enumerate(self.network.labels)}
        rows = [None if names is None else sorted(index[n] for n in names if n in index) for names in known]
        if self.network.is_multi_label:
            table = np.full((len(rows), len(index)), -100, dtype=np.float32)
            for i, row in enumerate(rows):
                if row is not None:
                    table[i] = 0.0
                    table[i, row] = 1.0
            return table
        outside = self.network.outside
        none = -100 if outside is None else outside
        return np.array([-100 if row is None else row[0] if row else none for row in rows], dtype=np.int64)


def legible(subject: Subject) -> NDArray[np.bool_]:
    """subject (Subject): A document. Which mentions have word pieces. RETURNS (ndarray): Shape: (n_mentions,)"""
    pieces = subject.sizes.pieces
    return np.asarray(pieces[subject.mentions[:, 1]] > pieces[subject.mentions[:, 0]])
