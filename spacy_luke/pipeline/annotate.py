"""Predictions -> Docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ..annotation import (
    FactRow,
    PairRow,
    as_type,
    entities_of,
    full_names,
    group_pairs,
    mention_row,
    write_entities,
    write_pairs,
)
from .consistency import consistent_scores
from .decode import Threshold, surest, thresholds_of
from .pairs import PairLimits
from .prediction import Prediction
from .probabilities import FactScale

if TYPE_CHECKING:
    from ..nn.joint_config import JointConfig


@dataclass(frozen=True)
class Annotator:
    """Writes predictions onto Docs: what the model yields, and nothing that belongs to other pipes.

    joint (JointConfig): Labels of the heads; nothing is written of a head without labels.
    thresholds (dict[str, Threshold]): For "labels", "relations" and "facts".
    limits (PairLimits): Which pairs make relations.
    spans_key (str | None): Where to write all candidate spans that reach their threshold.
    vectors (type | None): In what type to keep vectors, float32 or float16; None writes none.
    consistent (bool): Whether relations lose score that contradict what `joint` knows of them.
    """

    joint: JointConfig
    thresholds: dict[str, Threshold]
    limits: PairLimits
    spans_key: str | None
    vectors: type[np.floating[Any]] | None
    consistent: bool

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
                scored = surest(prediction.scored)
                spans = [Span(doc, s.start, s.end, label=s.label) for s in scored]
                scores = np.array([s.score for s in scored], dtype=np.float32)
                group = SpanGroup(doc, name=self.spans_key, spans=spans, attrs={"scores": scores})
                doc.spans[self.spans_key] = group
        mentions = [*given, *found]
        lent = [Span(doc, *mention) for mention in prediction.lent]
        if self.vectors is not None or self.joint.entity_labels:
            self._write_entities(doc, mentions, prediction)
        if self.joint.relation_labels:
            self._write_relations(doc, mentions, lent, prediction)

    def _write_entities(self, doc: Doc, spans: Sequence[Span], prediction: Prediction) -> None:
        seen = np.flatnonzero(prediction.seen[: len(spans)]).tolist()
        vectors = labels = best = None
        if self.vectors is not None:
            nothing = np.zeros((0, 0), dtype=np.float32)
            vectors = (
                nothing if prediction.vectors is None else as_type(prediction.vectors[seen], self.vectors)
            )
        if self.joint.entity_labels:
            rows = [] if prediction.labels is None else prediction.labels[seen].tolist()
            none = [0.0] * len(rows) if prediction.none is None else prediction.none[seen].tolist()
            labels = [dict(zip(self.joint.entity_labels, row, strict=True)) for row in rows]
            best = [self._best(row, p) for row, p in zip(rows, none, strict=True)]
        write_entities(doc, [spans[i] for i in seen], labels=labels, best=best, vectors=vectors)

    def _best(self, probabilities: Sequence[float], none: float) -> str:
        """The most probable label that reaches its threshold and is more probable than none. Labels that were taught
        come first: they are no rivals of the others."""
        limits = zip(probabilities, self.joint.entity_labels, self._least_label, strict=True)
        above = [(score, label) for score, label, least in limits if score >= least and score > none]
        taught = [(score, label) for score, label in above if label in self._taught_labels]
        return max(taught or above)[1] if above else ""

    def _write_relations(
        self, doc: Doc, mentions: Sequence[Span], lent: Sequence[Span], prediction: Prediction
    ) -> None:
        spans = [*mentions, *lent]
        rows = [mention_row(span) for span in spans]
        near = self.limits.near(doc, [(span.start, span.end) for span in spans])
        close = near(prediction.pairs[:, 0], prediction.pairs[:, 1]).tolist()
        entities = cache(lambda: entities_of(mentions, lent))
        scores = prediction.scores
        if self.consistent:
            scores = consistent_scores(
                self.joint, prediction.pairs, scores, [row[2] for row in rows], entities
            )
        told = self._fact_scale.apply(scores, prediction.pairs[:, 2]).tolist()
        found = zip(prediction.pairs.tolist(), scores.tolist(), told, close, strict=True)
        relations: list[PairRow] = []
        supports: list[tuple[int, int, PairRow]] = []
        for (head, tail, index), score, fact_score, is_close in found:
            label = self.joint.relation_labels[index]
            if not self.limits.allows(label, rows[head][2], rows[tail][2]):
                continue
            id_ = self.joint.relation_ids.get(label, "")
            if is_close and score >= self._least_relation[index] and max(head, tail) < len(mentions):
                relations.append((rows[head], rows[tail], label, score, id_))
            if label in self._taught_relations and not is_close:
                continue  # what is taught is what is stated
            if fact_score >= self._least_fact[index]:
                supports.append((head, tail, (rows[head], rows[tail], label, fact_score, id_)))
        relations.sort(key=lambda pair: (pair[0][0], pair[1][0], -pair[3]))
        write_pairs(doc, relations, _facts(mentions, entities(), supports) if supports else [])

    @cached_property
    def _fact_scale(self) -> FactScale:
        return FactScale.of(self.joint)

    @cached_property
    def _taught_labels(self) -> set[str]:
        return set(self.joint.taught_thresholds("labels"))

    @cached_property
    def _taught_relations(self) -> set[str]:
        return set(self.joint.taught_thresholds("relations"))

    @cached_property
    def _least_label(self) -> list[float]:
        return thresholds_of(self.thresholds["labels"], self.joint.entity_labels)

    @cached_property
    def _least_relation(self) -> list[float]:
        return thresholds_of(self.thresholds["relations"], self.joint.relation_labels)

    @cached_property
    def _least_fact(self) -> list[float]:
        return thresholds_of(self.thresholds["facts"], self.joint.relation_labels)


def _facts(
    mentions: Sequence[Span], entities: Sequence[int], supports: Sequence[tuple[int, int, PairRow]]
) -> list[FactRow]:
    """Gather pairs of mentions, each with its head and tail among them, into facts."""
    names = full_names(mentions, entities)
    # Two mentions of one entity make no fact.
    supports = [support for support in supports if entities[support[0]] != entities[support[1]]]
    groups = group_pairs(
        [(entities[head], entities[tail], pair[2]) for head, tail, pair in supports],
        [(pair[0][0], pair[1][0], pair[0][1], pair[1][1], pair[2]) for *_, pair in supports],
        [pair[3] for *_, pair in supports],
    )
    facts: list[FactRow] = []
    for group in groups:
        *ends, (_, _, label, score, id_) = supports[group[0]]  # the best one
        head, tail = (names.get(entities[end]) or mentions[end].text for end in ends)
        facts.append((head, tail, label, score, id_, [supports[i][2] for i in group]))
    return facts
