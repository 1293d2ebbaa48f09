"""One input for each entity, or for each pair of entities, marked in its text (Yamada et al. 2020, 4.1 and 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...inputs.excerpts import Excerpt, TextSizes, add_context
from ...inputs.pieces import Ints
from ..gold import Gold
from ..pairs import PairLimits
from ..probabilities import sigmoid, softmax
from ..reading import Floats, Question, Reading
from .form import Settings
from .heads import Asked, HeadForm, Subject


class MarkedForm(HeadForm):
    """What entities and pairs share: each is read alone, with the text around it."""

    def excerpts(self, doc: int, sizes: TextSizes, asked: Asked, room: int) -> Iterator[Excerpt]:
        """See `HeadForm.excerpts`. A mention that is too long is read as far as it goes; a pair needs room for both."""
        whole = (0, len(sizes.sentences))
        in_sentence = self.model.attrs["settings"].context == "sentence"
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
        return sigmoid(logits) if self.heads.multi_label else softmax(logits)

    def encode_gold(self, known: Sequence[set[str] | None]) -> NDArray[Any]:
        """Gold labels as numbers.

        known (Sequence[set[str] | None]): Labels of each item; None where nothing is known.
        RETURNS (ndarray): As `HeadForm.targets`. Of several labels where only one can be, the first one counts.
        """
        index = {label: i for i, label in enumerate(self._labels())}
        rows = [
            None if labels is None else sorted(index[name] for name in labels if name in index)
            for labels in known
        ]
        if self.heads.multi_label:
            table = np.full((len(rows), len(index)), -100, dtype=np.float32)
            for i, row in enumerate(rows):
                if row is not None:
                    table[i] = 0.0
                    table[i, row] = 1.0
            return table
        outside = self._outside()
        none = -100 if outside is None else outside
        return np.array([-100 if row is None else row[0] if row else none for row in rows], dtype=np.int64)


class EntityForm(MarkedForm):
    """`spacy-luke.MarkedEntity.v1`: labels of given entities."""

    task: ClassVar[str] = "labels"

    def ask(self, subject: Subject, settings: Settings) -> Asked:
        """See `HeadForm.ask`: every mention that has word pieces."""
        return Asked(subject.mentions, np.flatnonzero(_legible(subject))[:, None], subject.ids)

    def answer(self, question: Question, asked: Asked, logits: Floats, settings: Settings) -> Reading:
        """See `HeadForm.answer`."""
        reading = Reading(mentions=list(question.given), seen=np.zeros(len(question.given), dtype=np.bool_))
        scores = self.probabilities(logits)
        at, outside = asked.items[:, 0], self._outside()
        reading.seen[at] = True
        reading.labels = np.zeros((len(question.given), len(self._columns())), dtype=np.float32)
        reading.labels[at] = scores[:, self._columns()]
        if outside is not None and not self.heads.multi_label:
            reading.none = np.zeros(len(question.given), dtype=np.float32)
            reading.none[at] = scores[:, outside]
        return reading

    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """See `HeadForm.targets`."""
        return self.encode_gold([gold.labels[i] for i in asked.items[:, 0]])


class PairForm(MarkedForm):
    """`spacy-luke.MarkedPair.v1`: relations of ordered pairs of given entities."""

    task: ClassVar[str] = "relations"
    none_name: ClassVar[str | None] = "no_relation"

    def ask(self, subject: Subject, settings: Settings) -> Asked:
        """See `HeadForm.ask`: pairs of different places, near enough, whose labels allow some relation."""
        place, legible = subject.mentions, _legible(subject)
        different = (place[:, None] != place[None, :]).any(axis=-1) & legible[:, None] & legible[None, :]
        head, tail = np.nonzero(different)
        pairs = np.column_stack([head, tail])
        if subject.near is not None and len(pairs):
            pairs = pairs[subject.near(head, tail)]
        if subject.labels is not None:
            pairs = self._allowed(pairs, subject.labels, settings.limits)
        return Asked(place, pairs, subject.ids)

    def _allowed(self, pairs: Ints, labels: Sequence[str], limits: PairLimits) -> Ints:
        """Leave out pairs that can't have any of the relations."""
        relations = self.heads.relation_labels
        if limits.allowed is None or not set(relations) <= set(limits.allowed):
            return pairs
        kept = [any(limits.allows(r, labels[head], labels[tail]) for r in relations) for head, tail in pairs]
        return pairs[np.array(kept, dtype=np.bool_)]

    def answer(self, question: Question, asked: Asked, logits: Floats, settings: Settings) -> Reading:
        """See `HeadForm.answer`: the best label of each pair, or of independent ones all that are likely enough."""
        reading = Reading(mentions=list(question.given))
        scores, columns = self.probabilities(logits), self._columns()
        read = ~np.isnan(scores).any(axis=-1)  # (n_items,)
        chosen = np.zeros(scores.shape, dtype=np.bool_)
        if self.heads.multi_label:
            chosen[read] = True
        elif read.any():
            chosen[np.flatnonzero(read), scores[read].argmax(axis=-1)] = True
        item, label = np.nonzero(chosen[:, columns])
        reading.pairs = np.column_stack([asked.items[item], label])
        reading.scores = scores[:, columns][item, label]
        return reading

    def targets(self, asked: Asked, gold: Gold) -> NDArray[Any]:
        """See `HeadForm.targets`. Where only some relations were looked for, nothing is known of the others."""
        relations = gold.relations or {}
        found = [relations.get((int(head), int(tail)), set()) for head, tail in asked.items]
        unsure = gold.looked_for is not None and not set(self.heads.relation_labels) <= gold.looked_for
        if not unsure:
            return self.encode_gold(found)
        if not self.heads.multi_label:
            return self.encode_gold([labels or None for labels in found])
        table = self.encode_gold(found)
        others = [label not in (gold.looked_for or ()) for label in self._labels()]
        table[:, others] = np.where(table[:, others] == 1.0, 1.0, -100.0)
        return table


def _legible(subject: Subject) -> NDArray[np.bool_]:
    """Which mentions have word pieces. RETURNS (ndarray): Shape: (n_mentions,)"""
    pieces = subject.sizes.pieces
    return np.asarray(pieces[subject.mentions[:, 1]] > pieces[subject.mentions[:, 0]])
