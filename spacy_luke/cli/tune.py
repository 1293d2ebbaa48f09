"""Held-out documents make probabilities of scores and choose thresholds; the component is written as a checkpoint."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import spacy
import torch
from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, minibatch

from ..annotation import has_relations
from ..errors import Errors, Warnings
from ..files import replacing
from ..layers.weights import get_shim
from ..nn.heads.joint.model import LukeJointModel
from ..pipeline.entities import EntityPipe
from ..pipeline.prediction import choose_entities
from ..training.answers import Comparison, ScoredAnswers, fact_answers, pair_answers, span_answers
from ..training.calibration import fit_calibration
from ..training.consistency import LEAST, learn_consistency
from ..training.corpus import LukeCorpus
from ..training.mentions import all_mentions, given_tokens
from ..training.metrics import count, total
from ..training.progress import watched

JOINT = "spacy-luke.Joint.v1"
_GRID = [round(0.05 * i, 2) for i in range(5, 16)]
_FINE_GRID = [round(0.02 * i, 2) for i in range(5, 48)]
_LOWEST = 0.01
# How much precision counts in the thresholds of these names; see `f_beta`.
_PRESETS = {"precise": 0.25, "balanced": 1.0}
_ALL = {"relations": 0.1, "facts": 0.1}


def tune(
    pipeline: Path,
    corpus: Path,
    out: Path,
    name: str,
    half: bool,
    beta: float = 1.0,
    train: Path | None = None,
) -> dict[str, tuple[float, float]]:
    """Make probabilities of the scores of relations and facts, choose one threshold a task, and write the component.

    pipeline (Path): A trained pipeline.
    corpus (Path): Held-out documents, which neither trained the weights nor will report figures.
    out (Path): Folder for the checkpoint.
    name (str): Name of the component.
    half (bool): Store the weights in half precision.
    beta (float): Relations and facts are chosen by this F-beta, entities by F1: below 1, precision counts more.
    train (Path | None): Training documents, to learn which relations contradict others or the types of their ends.
    RETURNS (dict[str, tuple[float, float]]): Threshold and held-out F1 by task.
    RAISES (ValueError): If the component is none that reads a joint model.
    """
    _require_joint(pipeline, name)
    nlp = _load(pipeline, name)
    pipe: EntityPipe = nlp.get_pipe(name)
    chosen = {}
    if pipe.joint.ner_labels:
        finder = _load(pipeline, name, labels=False, relations=False)
        chosen["ner"] = _tune_ner(finder, name, list(LukeCorpus(corpus, gold_ents=False)(nlp)))
    if pipe.joint.relation_labels:
        golds = [eg.reference for eg in LukeCorpus(corpus)(nlp) if has_relations(eg.reference)]
        answers = _calibrate(nlp, pipe, golds)
        if train is not None:
            _learn_consistency(nlp, pipe, train)
        if pipe.consistent and (pipe.joint.unseen_shares or pipe.joint.second_tails):
            answers = _answers(nlp, pipe, golds)
        chosen |= {task: _best(rows, beta) for task, rows in answers.items()}
        presets = {
            preset: {task: _best(rows, own)[0] for task, rows in answers.items()}
            for preset, own in _PRESETS.items()
        }
        module = pipe.network.module
        module.joint = module.joint.with_changes(presets={**presets, "all": _ALL})
    for task, (threshold, _) in chosen.items():
        pipe.thresholds[task] = threshold
    module = copy.deepcopy(pipe.network.module).to(torch.float16 if half else torch.float32)
    module.joint = module.joint.with_changes(thresholds=dict(pipe.thresholds))
    with replacing(out) as folder:
        module.save_pretrained(folder)
        pipe.network.tokenizer.save_pretrained(folder)
    return chosen


def _require_joint(pipeline: Path, name: str) -> None:
    if not pipeline.is_dir():
        return  # loading says so
    components = load_config(pipeline / "config.cfg")["components"]
    found = {key: part.get("model", {}).get("@architectures") for key, part in components.items()}
    if found.get(name) != JOINT:
        joint = ", ".join(key for key, architecture in found.items() if architecture == JOINT) or "none"
        kind = found.get(name) or "no architecture"
        raise ValueError(Errors.L516.format(name=name, path=pipeline, found=kind, needed=JOINT, joint=joint))


def _load(pipeline: Path, name: str, **heads: bool) -> Language:
    """Load in full precision, which the checkpoint will be used in, with some heads switched off."""
    settings = {"mixed_precision": False, **heads}
    return spacy.load(pipeline, config={f"components.{name}.model.{k}": v for k, v in settings.items()})


def _tune_ner(nlp: Language, name: str, examples: list[Example]) -> tuple[float, float]:
    """Read once with the lowest threshold; the others only choose among what was found with it."""
    pipe: EntityPipe = nlp.get_pipe(name)
    pipe.thresholds["ner"] = min(_GRID)
    behind = nlp.pipe_names[nlp.pipe_names.index(name) :]
    docs = list(nlp.pipe((eg.predicted.copy() for eg in examples), disable=behind))
    batches = minibatch(watched(docs, "Given tokens"), nlp.batch_size)
    readings = [reading for batch in batches for reading in pipe.predict(batch)]

    def f1(threshold: float) -> float:
        answers = []
        for doc, reading, eg in zip(docs, readings, examples, strict=True):
            decided = doc.copy()
            found = choose_entities(reading, len(doc), threshold)
            pipe.set_annotations([decided], [replace(reading, found=found)])
            answers.append(span_answers(decided, eg.reference))
        return _f1(answers)

    best, threshold = max((f1(threshold), threshold) for threshold in _GRID)
    return threshold, best


def _calibrate(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc]) -> dict[str, list[ScoredAnswers]]:
    """Change the weights so that scores are probabilities. RETURNS (dict): The answers with the new scores, by task."""
    shim = get_shim(pipe.model)
    module = cast(LukeJointModel, shim.own_module())  # other pipes may use the same, and mustn't change
    module.joint = module.joint.with_changes(fact_slope=1.0, fact_shifts={})
    consistent = pipe.consistent
    pipe.consistent = False  # what contradicts the training data says little of the rest
    try:
        pairs, facts = _answers(nlp, pipe, golds).values()
    finally:
        pipe.consistent = consistent
    stated, told = fit_calibration(pairs), fit_calibration(facts)
    labels = module.joint.relation_labels
    module.rescale_relations(stated.slope, [stated.of(label) for label in labels])
    slope = told.slope / stated.slope  # of facts, whose scores come from those of pairs
    shifts = {label: told.of(label) - slope * stated.of(label) for label in labels}
    module.joint = module.joint.with_changes(fact_slope=slope, fact_shifts=shifts)
    shim.forget_optimizer()  # and with it what was laid out for prediction from the weights of before
    return {"relations": [stated.apply(row) for row in pairs], "facts": [told.apply(row) for row in facts]}


def _answers(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc]) -> dict[str, list[ScoredAnswers]]:
    """Read the documents with their gold mentions. RETURNS (dict): The answers of each, by task."""
    given = predict_given(nlp, pipe, golds)
    return {
        "relations": [pair_answers(doc, gold) for doc, gold in given],
        "facts": [fact_answers(doc, gold) for doc, gold in given],
    }


def _learn_consistency(nlp: Language, pipe: EntityPipe, train: Path) -> None:
    """Let the weights know what training documents say of relations as such."""
    module = pipe.network.module
    docs = (example.reference for example in LukeCorpus(train)(nlp))
    tables = learn_consistency(watched(docs, "Training documents"), module.joint.relation_labels)
    module.joint = module.joint.with_changes(**tables)
    if not any(tables.values()):
        warnings.warn(Warnings.W641.format(path=train, least=LEAST), stacklevel=3)


def _best(answers: Sequence[ScoredAnswers], beta: float) -> tuple[float, float]:
    """RETURNS (tuple[float, float]): The threshold that is best by F-beta, and its F1."""
    found = {threshold: _total(answers, threshold) for threshold in _FINE_GRID}
    # Of thresholds that are as good, the one nearest to even odds.
    threshold = max(found, key=lambda threshold: (f_beta(found[threshold], beta), -abs(threshold - 0.5)))
    return threshold, float(found[threshold].fscore)


def _total(answers: Sequence[ScoredAnswers], threshold: float) -> PRFScore:
    return total(count(*scored.above(lambda label: threshold)) for scored in answers)


def f_beta(prf: PRFScore, beta: float) -> float:
    """Precision and recall as one figure (van Rijsbergen, 1979).

    prf (PRFScore): What was counted.
    beta (float): How much recall counts beside precision.
    RETURNS (float): In [0, 1].
    """
    precision, recall = prf.precision, prf.recall
    return float((1 + beta**2) * precision * recall / (beta**2 * precision + recall + 1e-12))


def _f1(answers: Iterable[Comparison]) -> float:
    return float(total(count(*row) for row in answers).fscore)


@contextmanager
def all_scores(pipe: EntityPipe) -> Iterator[None]:
    """Let through what a threshold may ask for; it decides afterwards, just as the pipe would have.

    pipe (EntityPipe): The pipe, whose own thresholds are put back in the end.
    """
    kept = dict(pipe.thresholds)
    for task in ("relations", "facts"):
        own = kept[task]
        pipe.thresholds[task] = min([_LOWEST, *(own.values() if isinstance(own, Mapping) else [own])])
    try:
        yield
    finally:
        pipe.thresholds.update(kept)


def predict_given(nlp: Language, pipe: EntityPipe, golds: Sequence[Doc]) -> list[tuple[Doc, Doc]]:
    """Predict on the gold tokens with all gold mentions, those nested in others too.

    nlp (Language): The pipeline, for its vocabulary.
    pipe (EntityPipe): Its `luke` component.
    golds (Sequence[Doc]): Gold documents.
    RETURNS (list[tuple[Doc, Doc]]): What was predicted, with all scores, beside the gold document.
    """
    kept = pipe.entities
    pipe.entities = all_mentions
    try:
        with all_scores(pipe):
            given = (given_tokens(nlp.vocab, gold, mentions=True) for gold in watched(golds, "Gold mentions"))
            return list(zip(pipe.pipe(given), golds, strict=True))
    finally:
        pipe.entities = kept
