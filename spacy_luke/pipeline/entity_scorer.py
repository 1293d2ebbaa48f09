"""The scorer of our pipes: entities, their labels and their relations, end to end and from gold entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from ..annotation import has_labels, has_relations, read_labels, read_relations, read_unsure, stored
from ..training.answers import Answers
from ..training.converters.build import NESTED
from ..training.metrics import count_by_label, total
from ..training.outcomes import (
    PairFilter,
    best_labels,
    char_offsets,
    gold_labels,
    labelled_spans,
    mention_pairs,
)
from .decode import Threshold, threshold_of

if TYPE_CHECKING:
    from .entities import EntityPipe
    from .pairs import PairLimits

SCORER = "spacy-luke.luke_scorer.v1"
Scores = dict[str, Any]
Pairs = Sequence[Sequence[Span]]  # head and tail
Near = Callable[[Doc, Pairs], Sequence[bool]]


def score_weights(**figures: float) -> dict[str, float | None]:
    """**figures (float): Weights of F scores, by the start of their names.
    RETURNS (dict[str, float | None]): For a factory; what F scores are made of is shown, and doesn't count."""
    weights: dict[str, float | None] = {}
    for name, weight in figures.items():
        per_type = name.removesuffix("_micro") + "_per_type"
        weights |= {f"{name}_f": weight, f"{name}_p": 0.0, f"{name}_r": 0.0, per_type: None}
    return weights


@registry.scorers(SCORER)
def make_luke_scorer(spans_key: str | None = None) -> Callable[..., Scores]:
    """spans_key (str | None): Key of `doc.spans` for the spans whose labels are scored; None for `doc.ents`.
    RETURNS (Callable[..., dict[str, Any]]): The scorer of a pipe on entities; see `LukeScorer`."""
    return LukeScorer(spans_key)


@dataclass(frozen=True)
class LukeScorer:
    """Scores examples; see `make_luke_scorer`."""

    spans_key: str | None

    def __call__(
        self,
        examples: Iterable[Example],
        *,
        pipe: EntityPipe | None = None,
        pair_filter: PairFilter | None = None,
        **kwargs: Any,
    ) -> Scores:
        """Score examples.

        `ents_*` are spaCy's. `luke_labels_*` and `luke_relations_*` say how good what is on the predicted
        documents is, as it is: an entity that was not found costs its label and its relations. Where their
        entities are not the gold ones, `gold_luke_labels_*` and `gold_luke_relations_*` come from a second
        pass over gold entities. None where the gold or the predicted documents are not annotated.

        examples (Iterable[Example]): The examples.
        pipe (EntityPipe | None): The pipe: its thresholds, its limits and the second pass. None: neither.
        pair_filter (Callable[[Span, Span], bool] | None): Which pairs of the reference document count. None:
            those within the pipe's limits, or all.
        RETURNS (dict[str, Any]): `..._micro_p/r/f` and `..._per_type` of each.
        """
        examples = list(examples)
        near = _near(pipe, pair_filter)
        threshold = 0.5 if pipe is None else pipe.thresholds.get("labels", 0.5)
        scores: Scores = {}
        if pipe is None or pipe.find_entities is not False:
            scores.update(get_ner_prf(examples))
        scores.update(self._score(examples, threshold, near))
        if pipe is not None:
            given = self._score(_with_gold_entities(examples, pipe), threshold, near)
            scores.update({f"gold_{key}": value for key, value in given.items()})
        return scores

    def _score(self, examples: Sequence[Example], threshold: Any, near: Near | None) -> Scores:
        labels: list[Answers] = []
        relations: list[Answers] = []
        if any(not {"best", "labels"}.isdisjoint(stored(eg.predicted)) for eg in examples):
            labels = [self._labels(eg, threshold) for eg in examples if self._has_gold(eg.reference)]
        if any(has_relations(eg.predicted) for eg in examples):
            relations = [_relations(eg, near) for eg in examples if has_relations(eg.reference)]
        return {**_prf("luke_labels", labels), **_prf("luke_relations", relations)}

    def _has_gold(self, doc: Doc) -> bool:
        return doc.has_annotation("ENT_IOB") if self.spans_key is None else self.spans_key in doc.spans

    def _labels(self, example: Example, threshold: Any) -> Answers:
        """Labels of spans. Where the gold has several a span, so has the prediction: all above threshold."""
        gold_spans = labelled_spans(example.reference, self.spans_key)
        several = any(has_labels(span) for span in gold_spans)
        gold = {(char_offsets(span), label) for span in gold_spans for label in gold_labels(span)}
        predicted = {
            (char_offsets(span), label)
            for span in labelled_spans(example.predicted, self.spans_key)
            for label in (_labels_above(span, threshold) if several else best_labels(span))
        }
        return Answers(predicted, gold)


def _labels_above(span: Span, threshold: Threshold) -> set[str]:
    return {label for label, score in read_labels(span).items() if score > threshold_of(threshold, label)}


def _relations(example: Example, near: Near | None) -> Answers:
    """Both sides within the reference's limits, so that neither gains by its own sentences. Answers that the gold
    isn't sure of are neither right nor wrong."""
    gold = mention_pairs(read_relations(example.reference))
    unsure = mention_pairs(read_unsure(example.reference)) - gold
    predicted = mention_pairs(read_relations(example.predicted)) - unsure
    if near is None:
        return Answers(predicted, gold)
    return Answers(_kept(example.reference, predicted, near), _kept(example.reference, gold, near))


def _kept(doc: Doc, answers: set[Any], near: Near) -> set[Any]:
    if not answers:
        return set()
    ordered = sorted(answers)
    pairs = [[doc.char_span(*place, alignment_mode="expand") for place in answer[:2]] for answer in ordered]
    return {answer for answer, keep in zip(ordered, near(doc, pairs), strict=True) if keep}


def _near(pipe: EntityPipe | None, pair_filter: PairFilter | None) -> Near | None:
    if pair_filter is not None:
        return lambda doc, pairs: [pair_filter(head, tail) for head, tail in pairs]
    return None if pipe is None else partial(_within, pipe.limits)


def _within(limits: PairLimits, doc: Doc, pairs: Pairs) -> Sequence[bool]:
    """All pairs of a document at once."""
    near = limits.near(doc, [(span.start, span.end) for pair in pairs for span in pair])
    return list(near(np.arange(0, 2 * len(pairs), 2), np.arange(1, 2 * len(pairs), 2)))


def _prf(name: str, answers: Iterable[Answers]) -> Scores:
    """Micro and per-type figures; the answers of all documents at once, told apart by document."""
    predicted, gold = set(), set()
    for i, (ours, theirs) in enumerate(answers):
        predicted |= {(i, *answer) for answer in ours}
        gold |= {(i, *answer) for answer in theirs}
    by_label = count_by_label(predicted, gold)
    micro = total(by_label.values())
    figures: Scores = {"micro_p": micro.precision, "micro_r": micro.recall, "micro_f": micro.fscore}
    figures["per_type"] = {label: score.to_dict() for label, score in by_label.items()}
    return {f"{name}_{figure}": value if by_label else None for figure, value in figures.items()}


def _with_gold_entities(examples: Sequence[Example], pipe: EntityPipe) -> Sequence[Example]:
    """The examples as the pipe would answer them if it were given the gold entities."""
    if all(_entities(eg.predicted) == _entities(eg.reference) for eg in examples):
        return examples
    docs = pipe.pipe(_blank(eg.predicted, eg.reference) for eg in examples)
    return [Example(doc, eg.reference) for doc, eg in zip(docs, examples, strict=True)]


def _entities(doc: Doc) -> set[tuple[tuple[int, int], str]]:
    return {(char_offsets(ent), ent.label_) for ent in doc.ents}


def _blank(predicted: Doc, reference: Doc) -> Doc:
    """The predicted document's tokens and sentences with the gold entities and span groups."""
    doc = Doc(
        predicted.vocab,
        words=[token.text for token in predicted],
        spaces=[bool(token.whitespace_) for token in predicted],
        sent_starts=[token.is_sent_start for token in predicted],
    )
    doc.ents = _aligned(doc, reference.ents)
    for key, group in reference.spans.items():
        if key != NESTED:
            doc.spans[key] = _aligned(doc, group)
    return doc


def _aligned(doc: Doc, spans: Iterable[Span]) -> list[Span]:
    there = (doc.char_span(s.start_char, s.end_char, label=s.label_, span_id=s.id_) for s in spans)
    return [span for span in there if span is not None]
