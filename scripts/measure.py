"""Reading a corpus in the ways that the model card reports, and collecting the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_luke.annotation import has_relations
from spacy_luke.cli.tune import all_scores, predict_given
from spacy_luke.pipeline.decode import threshold_of
from spacy_luke.pipeline.entities import EntityPipe
from spacy_luke.training.answers import fact_answers, pair_answers, span_answers
from spacy_luke.training.mentions import given_tokens
from spacy_luke.training.progress import watched

from . import figures
from .facts import (
    Key,
    ScoredFacts,
    by_all_mentions,
    by_offsets,
    by_offsets_and_types,
    by_text,
    match_facts,
    total_matches,
)
from .figures import Figure
from .given import type_answers
from .known_facts import known_score, name_triples
from .lookup import TypeLookup, fit_lookup, lookup_answers, lookup_facts
from .metrics import Operating

Read = list[tuple[Doc, Doc]]  # predicted and gold
_STRICTNESS: tuple[tuple[str, str, Key], ...] = (
    ("raw_facts_any_pair", "raw text to facts, any pair: places, types, relation", by_offsets_and_types),
    ("raw_facts_all_mentions", "raw text to facts, all mentions: places, types, relation", by_all_mentions),
    ("raw_facts_places", "raw text to facts, any pair: places, relation", by_offsets),
    ("raw_facts_names", "raw text to facts, any pair: names, relation", by_text),
)


@dataclass
class Report:
    """What was measured.

    figures (dict[str, Figure]): By key, in the order of the model card.
    tables (dict[str, list[Operating]]): Precision and recall over thresholds, by task.
    labels (dict[str, dict[str, dict[str, float]]]): Precision, recall, F1 and gold answers by task and label.
    facts (dict[str, Any]): What the figures rest on: numbers of documents and words, settings, speed.
    """

    figures: dict[str, Figure] = field(default_factory=dict)
    tables: dict[str, list[Operating]] = field(default_factory=dict)
    labels: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Plain data for JSON."""
        return {
            **self.facts,
            "figures": {key: figure.to_dict() for key, figure in self.figures.items()},
            "thresholds_table": {task: [row._asdict() for row in rows] for task, rows in self.tables.items()},
            "labels": self.labels,
        }


def measure(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc], train: Sequence[Doc] | None) -> Report:
    """Measure a trained pipe in a pipeline that reads raw text.

    nlp (Language): The pipeline.
    pipe (EntityPipe): Its `luke` component.
    golds (Sequence[Doc]): Gold documents with sentences.
    train (Sequence[Doc] | None): Training documents, for Ign F1 and the lookup floor; None leaves both out.
    RETURNS (Report): The figures of all heads that the pipe has.
    """
    report = Report()
    joint = pipe.joint
    related = [gold for gold in golds if has_relations(gold)]
    relations = bool(joint.relation_labels and related)
    if joint.entity_labels or relations:
        given = predict_given(nlp, pipe, golds)
        if joint.entity_labels:
            answers = [type_answers(doc, gold) for doc, gold in given]
            report.figures["typing"] = figures.accuracy_figure("typing accuracy, gold mentions", answers)
            if train is not None:
                lookup = TypeLookup(train)
                floor = [lookup.answers(gold) for _, gold in given]
                report.figures["typing_floor"] = figures.accuracy_figure("floor: lookup by text", floor)
        if relations:
            given = [(doc, gold) for doc, gold in given if has_relations(gold)]
            _measure_pairs(pipe, given, report)
            if train is not None:
                _measure_floor(related, train, report)
            _measure_facts(pipe, given, train, report)
    if joint.ner_labels:
        _measure_entities(nlp, pipe, golds, report)
        _measure_speed(nlp, golds, report)
        if relations:
            _measure_raw(nlp, pipe, related, report)
    return report


def _measure_pairs(pipe: EntityPipe, given: Read, report: Report) -> None:
    cutoff = partial(threshold_of, pipe.thresholds["relations"])
    for kind in ("stated", "related"):
        scored = [pair_answers(doc, gold, related=kind == "related") for doc, gold in given]
        decided = [answers.above(cutoff) for answers in scored]
        micro = figures.micro_figure(f"relations {kind} in a sentence, micro-F1", decided)
        report.figures[kind] = figures.with_scores(micro, scored)
        macro = figures.macro_figure(f"relations {kind} in a sentence, macro-F1", decided)
        report.figures[f"{kind}_macro"] = macro
        report.tables[kind] = figures.operating_points(scored)
        report.labels[kind] = figures.by_label(decided)


def _measure_floor(golds: Sequence[Doc], train: Sequence[Doc], report: Report) -> None:
    lookup = fit_lookup(train)
    answers = [lookup_answers(lookup, gold) for gold in golds]
    report.figures["relations_floor"] = figures.micro_figure("floor: lookup in a sentence, micro-F1", answers)
    report.figures["relations_floor_macro"] = figures.macro_figure(
        "floor: lookup in a sentence, macro-F1", answers
    )
    of_documents = fit_lookup(train, related=True)
    answers = [lookup_facts(of_documents, gold) for gold in golds]
    report.figures["facts_floor"] = figures.micro_figure(
        "floor: lookup, relations of a document, F1", answers
    )
    report.facts["lookup"] = {"share": lookup.share, "least": lookup.least}


def _measure_facts(pipe: EntityPipe, given: Read, train: Sequence[Doc] | None, report: Report) -> None:
    scored = [fact_answers(doc, gold) for doc, gold in given]
    cutoff = partial(threshold_of, pipe.thresholds["facts"])
    decided = [answers.above(cutoff) for answers in scored]
    micro = figures.micro_figure("relations of a document, F1", decided)
    report.figures["facts"] = figures.with_scores(micro, scored)
    if train is not None:
        told = {triple for doc in train for triple in name_triples(doc)}
        scores = [known_score(sets, gold, told) for sets, (_, gold) in zip(decided, given, strict=True)]
        report.figures["facts_ign"] = figures.ign_figure("relations of a document, Ign F1", scores)
    report.figures["facts_macro"] = figures.macro_figure("relations of a document, macro-F1", decided)
    report.tables["facts"] = figures.operating_points(scored)
    report.labels["facts"] = figures.by_label(decided)


def _measure_entities(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc], report: Report) -> None:
    docs = pipe.pipe(given_tokens(nlp.vocab, gold, mentions=False) for gold in watched(golds, "Given tokens"))
    answers = [span_answers(doc, gold) for doc, gold in zip(docs, golds, strict=True)]
    report.figures["ner"] = figures.micro_figure("entities from tokens, micro-F1", answers)
    report.labels["ner"] = figures.by_label(answers)


def _measure_speed(nlp: Language, golds: Sequence[Doc], report: Report) -> None:
    texts = [gold.text for gold in golds]
    list(nlp.pipe(texts[:8]))  # the first texts pay for what later ones find ready
    start = perf_counter()
    words = sum(map(len, nlp.pipe(texts)))
    report.facts.update(words=words, words_per_second=words / (perf_counter() - start))


def _measure_raw(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc], report: Report) -> None:
    with all_scores(pipe):
        read = list(zip(nlp.pipe(gold.text for gold in watched(golds, "Raw texts")), golds, strict=True))
    cutoff = partial(threshold_of, pipe.thresholds["facts"])
    for figure, name, key in _STRICTNESS:
        facts = [match_facts(doc, gold, key) for doc, gold in read]
        match = figures.match_figure(name, [scored.above(cutoff) for scored in facts])
        report.figures[figure] = figures.with_fact_scores(match, facts)
        report.tables[figure] = [_operating(facts, threshold) for threshold in figures.THRESHOLDS]


def _operating(facts: Sequence[ScoredFacts], threshold: float) -> Operating:
    total = total_matches(scored.above(lambda label: threshold) for scored in facts)
    return Operating(threshold, total.precision, total.recall, total.f1, total.predicted)
