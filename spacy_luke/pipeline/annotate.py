"""Readings -> Docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ..annotation import write_entities, write_facts, write_relations
from ..facts import facts_from_relations, normalize
from ..nn.joint.config import JointConfig
from ..types import Relation
from .decode import ScoredSpan, Threshold, surest, threshold_of
from .pairs import PairLimits
from .reading import Reading


@dataclass(frozen=True)
class Annotator:
    """Writes readings onto Docs: what the model yields, and nothing that belongs to other pipes.

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

    def annotate(self, doc: Doc, given: Sequence[Span], reading: Reading) -> None:
        """Write one reading.

        doc (Doc): The document.
        given (Sequence[Span]): The entities that the reading was given, in its order.
        reading (Reading): What the model says.
        """
        found = [Span(doc, s.start, s.end, label=s.label) for s in reading.found]
        if reading.searched:
            doc.set_ents(found, default="unmodified" if doc.has_annotation("ENT_IOB") else "outside")
            if self.spans_key is not None:
                doc.spans[self.spans_key] = _scored_group(doc, self.spans_key, surest(reading.scored))
        spans = [*given, *found]
        if self.write_vectors or self.write_labels:
            self._write_entities(doc, spans, reading)
        if self.write_relations:
            self._write_relations(doc, spans, reading)

    def _write_entities(self, doc: Doc, spans: Sequence[Span], reading: Reading) -> None:
        seen = np.flatnonzero(reading.seen).tolist()
        vectors = labels = best = None
        if self.write_vectors:
            vectors = np.zeros((0, 0), dtype=np.float32) if reading.vectors is None else reading.vectors[seen]
        if self.write_labels:
            rows = [] if reading.labels is None else reading.labels[seen].tolist()
            labels = [dict(zip(self.joint.entity_labels, row, strict=True)) for row in rows]
            none = [0.0] * len(rows) if reading.none is None else reading.none[seen].tolist()
            best = [_best(row, self.thresholds["labels"], p) for row, p in zip(labels, none, strict=True)]
        write_entities(doc, [spans[i] for i in seen], labels=labels, best=best, vectors=vectors)

    def _write_relations(self, doc: Doc, spans: Sequence[Span], reading: Reading) -> None:
        near = self.limits.near(doc, [(span.start, span.end) for span in spans])
        close = near(reading.pairs[:, 0], reading.pairs[:, 1])
        relations, supports = [], []
        for (head, tail, index), score, is_close in zip(reading.pairs, reading.scores, close, strict=True):
            label = self.joint.relation_labels[index]
            if not self.limits.allows(label, spans[head].label_, spans[tail].label_):
                continue
            id_ = self.joint.relation_ids.get(label, "")
            relation = Relation(spans[head], spans[tail], label, float(score), id_)
            if is_close and score > threshold_of(self.thresholds["relations"], label):
                relations.append(relation)
            if score > threshold_of(self.thresholds["facts"], label) and _differ(relation):
                supports.append(relation)
        relations.sort(key=lambda r: (r.head.start, r.tail.start, -r.score))
        write_relations(doc, relations)
        write_facts(doc, facts_from_relations(supports))


def _differ(relation: Relation) -> bool:
    """Two mentions of one entity make no fact."""
    return normalize(relation.head.text) != normalize(relation.tail.text)


def _best(labels: dict[str, float], threshold: Threshold, none: float) -> str:
    """The most probable label, if it is above its threshold and more probable than none."""
    limits = {label: max(none, threshold_of(threshold, label)) for label in labels}
    above = [(score, label) for label, score in labels.items() if score > limits[label]]
    return max(above)[1] if above else ""


def _scored_group(doc: Doc, key: str, scored: Sequence[ScoredSpan]) -> SpanGroup:
    spans = [Span(doc, s.start, s.end, label=s.label) for s in scored]
    scores = np.array([s.score for s in scored], dtype=np.float32)
    return SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
