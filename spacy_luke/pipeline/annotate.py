"""Predictions -> Docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ..annotation import FactRow, PairRow, group_pairs, mention_row, normalize, write_entities, write_pairs
from .decode import ScoredSpan, Threshold, surest, thresholds_of
from .pairs import PairLimits
from .prediction import Prediction

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig


@dataclass(frozen=True)
class Annotator:
    """Writes predictions onto Docs: what the model yields, and nothing that belongs to other pipes.

    joint (JointConfig): Labels of the heads.
    thresholds (dict[str, Threshold]): For "labels", "relations" and "facts".
    limits (PairLimits): Which pairs make relations.
    spans_key (str | None): Where to write all candidate spans above threshold.
    write_vectors, write_labels, write_relations (bool): What the model yields.
    """

    joint: JointConfig
    thresholds: dict[str, Threshold]
    limits: PairLimits
    spans_key: str | None
    write_vectors: bool
    write_labels: bool
    write_relations: bool

    def annotate(self, doc: Doc, given: Sequence[Span], prediction: Prediction) -> None:
        """Write one prediction.

        doc (Doc): The document.
        given (Sequence[Span]): The entities that the model was given, in its order.
        prediction (Prediction): What the model says.
        """
        found = [Span(doc, s.start, s.end, label=s.label) for s in prediction.found]
        if prediction.searched:
            doc.set_ents(found, default="unmodified" if doc.has_annotation("ENT_IOB") else "outside")
            if self.spans_key is not None:
                doc.spans[self.spans_key] = _scored_group(doc, self.spans_key, surest(prediction.scored))
        spans = [*given, *found]
        if self.write_vectors or self.write_labels:
            self._write_entities(doc, spans, prediction)
        if self.write_relations:
            self._write_relations(doc, spans, prediction)

    def _write_entities(self, doc: Doc, spans: Sequence[Span], prediction: Prediction) -> None:
        seen = np.flatnonzero(prediction.seen).tolist()
        vectors = labels = best = None
        if self.write_vectors:
            vectors = (
                np.zeros((0, 0), dtype=np.float32) if prediction.vectors is None else prediction.vectors[seen]
            )
        if self.write_labels:
            rows = [] if prediction.labels is None else prediction.labels[seen].tolist()
            labels = [dict(zip(self.joint.entity_labels, row, strict=True)) for row in rows]
            none = [0.0] * len(rows) if prediction.none is None else prediction.none[seen].tolist()
            best = [self._best(row, p) for row, p in zip(rows, none, strict=True)]
        write_entities(doc, [spans[i] for i in seen], labels=labels, best=best, vectors=vectors)

    def _write_relations(self, doc: Doc, spans: Sequence[Span], prediction: Prediction) -> None:
        near = self.limits.near(doc, [(span.start, span.end) for span in spans])
        close = near(prediction.pairs[:, 0], prediction.pairs[:, 1]).tolist()
        mentions, names = [mention_row(span) for span in spans], [normalize(span.text) for span in spans]
        order = [(span.start, span.start_char, span.end_char) for span in spans]
        relations: list[tuple[Any, PairRow]] = []
        supports: list[tuple[int, int, PairRow]] = []
        for (head, tail, index), score, is_close in zip(
            prediction.pairs.tolist(), prediction.scores.tolist(), close, strict=True
        ):
            label = self.joint.relation_labels[index]
            if not self.limits.allows(label, mentions[head][2], mentions[tail][2]):
                continue
            pair = (mentions[head], mentions[tail], label, score, self.joint.relation_ids.get(label, ""))
            if is_close and score > self.least_relation[index]:
                relations.append(((order[head][0], order[tail][0], -score), pair))
            if (
                score > self.least_fact[index] and names[head] != names[tail]
            ):  # two mentions of one entity make no fact
                supports.append((head, tail, pair))
        relations.sort(key=lambda relation: relation[0])
        facts = group_pairs(
            [(names[head], names[tail], pair[2]) for head, tail, pair in supports],
            [
                (order[head][1], order[tail][1], order[head][2], order[tail][2], p[2])
                for head, tail, p in supports
            ],
            [pair[3] for *_, pair in supports],
        )
        write_pairs(
            doc,
            [pair for _, pair in relations],
            [_fact(spans, [supports[i] for i in group]) for group in facts],
        )

    def _best(self, probabilities: Sequence[float], none: float) -> str:
        """The most probable label, if it is above its threshold and more probable than none."""
        limits = zip(probabilities, self.joint.entity_labels, self.least_label, strict=True)
        above = [(score, label) for score, label, least in limits if score > least and score > none]
        return max(above)[1] if above else ""

    @cached_property
    def least_label(self) -> list[float]:
        """RETURNS (list[float]): The threshold of each label of entities."""
        return thresholds_of(self.thresholds["labels"], self.joint.entity_labels)

    @cached_property
    def least_relation(self) -> list[float]:
        """RETURNS (list[float]): The threshold of each relation between mentions."""
        return thresholds_of(self.thresholds["relations"], self.joint.relation_labels)

    @cached_property
    def least_fact(self) -> list[float]:
        """RETURNS (list[float]): The threshold of each relation as a fact."""
        return thresholds_of(self.thresholds["facts"], self.joint.relation_labels)


def _fact(spans: Sequence[Span], pairs: Sequence[tuple[int, int, PairRow]]) -> FactRow:
    """One fact from its pairs, best first: numbers of head and tail, and the pair."""
    head, tail, (_, _, label, score, id_) = pairs[0]
    return spans[head].text, spans[tail].text, label, score, id_, [pair for *_, pair in pairs]


def _scored_group(doc: Doc, key: str, scored: Sequence[ScoredSpan]) -> SpanGroup:
    spans = [Span(doc, s.start, s.end, label=s.label) for s in scored]
    scores = np.array([s.score for s in scored], dtype=np.float32)
    return SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
