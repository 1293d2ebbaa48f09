"""The scorer of our pipes: entities, their labels, relations and facts, end to end and from gold entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from ..annotation import (
    ENTITIES_LOOKED_FOR,
    RELATIONS_LOOKED_FOR,
    get_labels,
    get_relations,
    get_unsure,
    has_labels,
    has_relations,
    stored,
)
from ..training.answers import Comparison, fact_answers
from ..training.mentions import read_again, with_mentions
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

        `ents_*` are spaCy's. `luke_labels_*`, `luke_relations_*` and `luke_facts_*` say how good what is on the
        predicted documents is, as it is: an entity that was not found costs its label and its relations. Where
        their entities are not the gold ones, the same figures with `gold_` before them come from a second pass
        over gold entities. None where the gold or the predicted documents are not annotated. What the gold
        doesn't know, labels that weren't looked for and tokens with missing entities, is neither right nor wrong.

        examples (Iterable[Example]): The examples.
        pipe (EntityPipe | None): The pipe: its thresholds, its limits and the second pass. None: neither.
        pair_filter (Callable[[Span, Span], bool] | None): Which pairs of the reference document count. None: all;
            gold relations beyond the pipe's limits are missed.
        RETURNS (dict[str, Any]): `..._micro_p/r/f` and `..._per_type` of each.
        """
        examples = list(examples)
        near = _near(pipe, pair_filter)
        scores: Scores = {}
        if pipe is None or pipe.find_entities is not False:
            scores.update(get_ner_prf([_without_unknown_types(eg) for eg in examples]))
        scores.update(self._score(examples, pipe, near, pair_filter is not None))
        if pipe is not None:
            given = self._score(_with_gold_entities(examples, pipe), pipe, near, pair_filter is not None)
            scores.update({f"gold_{key}": value for key, value in given.items()})
        return scores

    def _score(
        self, examples: Sequence[Example], pipe: EntityPipe | None, near: Near | None, is_filter: bool
    ) -> Scores:
        labels, relations, facts = list[Comparison](), list[Comparison](), list[Comparison]()
        if any(not {"best", "labels"}.isdisjoint(stored(eg.predicted)) for eg in examples):
            labels = [self._labels(eg, pipe) for eg in examples if self._has_gold(eg.reference)]
        annotated = [eg for eg in examples if has_relations(eg.reference)]
        if any(has_relations(eg.predicted) for eg in examples):
            relations = [_relations(eg, near, is_filter) for eg in annotated]
        if any("facts" in stored(eg.predicted) for eg in examples):
            facts = [_facts(eg) for eg in annotated]
        figures = {"luke_labels": labels, "luke_relations": relations, "luke_facts": facts}
        return {key: value for name, rows in figures.items() for key, value in _prf(name, rows).items()}

    def _has_gold(self, doc: Doc) -> bool:
        return doc.has_annotation("ENT_IOB") if self.spans_key is None else self.spans_key in doc.spans

    def _labels(self, example: Example, pipe: EntityPipe | None) -> Comparison:
        """Labels of spans. Where the gold has several a span, so has the prediction, all above threshold; but of labels
        that exclude each other only the best."""
        gold_spans = labelled_spans(example.reference, self.spans_key)
        several = any(has_labels(span) for span in gold_spans) and (pipe is None or pipe.joint.multi_label)
        threshold = 0.5 if pipe is None else pipe.thresholds.get("labels", 0.5)
        gold = {(char_offsets(span), label) for span in gold_spans for label in gold_labels(span)}
        spans = labelled_spans(example.predicted, self.spans_key)
        if self.spans_key is None:
            spans = [span for span in spans if _is_known(span, example.reference)]
        predicted = {
            (char_offsets(span), label)
            for span in spans
            for label in (_labels_above(span, threshold) if several else best_labels(span))
        }
        return Comparison(_looked_for(predicted, gold, example.reference, ENTITIES_LOOKED_FOR), gold)


def _without_unknown_types(example: Example) -> Example:
    """The example without predicted entities of types that weren't looked for in the gold."""
    labels = example.reference.user_data.get(ENTITIES_LOOKED_FOR)
    if labels is None:
        return example
    predicted = example.predicted.copy()
    gold = {(*char_offsets(span), span.label_) for span in example.reference.ents}
    predicted.ents = [
        span for span in predicted.ents if span.label_ in labels or (*char_offsets(span), span.label_) in gold
    ]
    return Example(predicted, example.reference)


def _is_known(span: Span, reference: Doc) -> bool:
    """Whether the gold tells of each token of a span if it is in an entity, as spaCy's scores ask."""
    there = reference.char_span(span.start_char, span.end_char, alignment_mode="expand")
    return there is None or all(token.ent_iob for token in there)


def _labels_above(span: Span, threshold: Threshold) -> set[str]:
    return {label for label, score in get_labels(span).items() if score >= threshold_of(threshold, label)}


def _relations(example: Example, near: Near | None, is_filter: bool) -> Comparison:
    """What is predicted counts within the reference's limits, so that it neither gains nor loses by its own sentences.
    Of the gold all counts: what is beyond a pipe's limits is missed. A filter decides what counts of both."""
    gold = mention_pairs(get_relations(example.reference))
    predicted = _looked_for(
        mention_pairs(get_relations(example.predicted)), gold, example.reference, RELATIONS_LOOKED_FOR
    )
    predicted -= mention_pairs(get_unsure(example.reference)) - gold
    if near is None:
        return Comparison(predicted, gold)
    if is_filter:
        gold = _kept(example.reference, gold, near)
    kept = _kept(example.reference, predicted - gold, near) | (predicted & gold)
    return Comparison(kept, gold)


def _facts(example: Example) -> Comparison:
    """Facts of the document, those across sentences too."""
    scores, gold = fact_answers(example.predicted, example.reference)
    return Comparison(_looked_for(set(scores), gold, example.reference, RELATIONS_LOOKED_FOR), gold)


def _looked_for(answers: AbstractSet[Any], gold: AbstractSet[Any], reference: Doc, key: str) -> set[Any]:
    """Answers about which the gold says something: those of labels that were looked for."""
    labels = reference.user_data.get(key)
    return {answer for answer in answers if labels is None or answer in gold or answer[-1] in labels}


def _kept(doc: Doc, answers: AbstractSet[Any], near: Near) -> set[Any]:
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


def _prf(name: str, answers: Iterable[Comparison]) -> Scores:
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
    if all(_entities(eg.predicted, pipe) == _entities(eg.reference, pipe) for eg in examples):
        return examples
    given = [with_mentions(pipe.entities, eg.predicted, eg.reference) for eg in examples]
    return read_again(pipe.pipe, examples, given)


def _entities(doc: Doc, pipe: EntityPipe) -> set[tuple[tuple[int, int], str]]:
    return {(char_offsets(ent), ent.label_) for ent in pipe.entities(doc)}
