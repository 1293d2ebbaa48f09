"""Choosing thresholds on held-out documents, and writing a component as a checkpoint."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, minibatch

from ..annotation import has_relations
from ..errors import Errors
from ..layers.joint import get_module, get_tokenizer
from ..nn.joint.folder import save_joint
from ..pipeline.luke import LukePipe
from ..pipeline.prediction import choose_entities
from ..training.answers import Scored, fact_answers, pair_answers, span_answers
from ..training.corpus import LukeCorpus
from ..training.figures import micro_figure, operating_points
from ..training.progress import watched
from .measure import read_given

JOINT = "spacy-luke.Joint.v1"
_GRID = [round(0.05 * i, 2) for i in range(5, 16)]


def tune(pipeline: Path, corpus: Path, out: Path, name: str, half: bool) -> dict[str, tuple[float, float]]:
    """Choose one threshold a task, by F1, and write the component with them.

    pipeline (Path): A trained pipeline.
    corpus (Path): Held-out documents, which neither trained the weights nor will report figures.
    out (Path): Folder for the checkpoint.
    name (str): Name of the component.
    half (bool): Store the weights in half precision.
    RETURNS (dict[str, tuple[float, float]]): Threshold and held-out F1 by task.
    RAISES (ValueError): If the component is none that reads a joint model.
    """
    _require_joint(pipeline, name)
    nlp = _load(pipeline, name)
    pipe: LukePipe = nlp.get_pipe(name)
    chosen = {}
    if pipe.joint.ner_labels:
        finder = _load(pipeline, name, labels=False, relations=False)
        chosen["ner"] = _tune_ner(finder, name, list(LukeCorpus(corpus, gold_ents=False)(nlp)))
    if pipe.joint.relation_labels:
        golds = [eg.reference for eg in LukeCorpus(corpus)(nlp)]
        chosen |= _tune_relations(nlp, pipe, [doc for doc in golds if has_relations(doc)])
    for task, (threshold, _) in chosen.items():
        pipe.thresholds[task] = threshold
    module = copy.copy(get_module(pipe.model))  # of the same weights; other pipes may share the original
    module.joint = module.joint.with_changes(thresholds=dict(pipe.thresholds))
    save_joint(module, out, torch.float16 if half else None)
    get_tokenizer(pipe.model).save_pretrained(out)
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
    pipe: LukePipe = nlp.get_pipe(name)
    pipe.thresholds["ner"] = min(_GRID)
    behind = nlp.pipe_names[nlp.pipe_names.index(name) :]
    docs = list(nlp.pipe((eg.predicted.copy() for eg in examples), disable=behind))
    batches = minibatch(watched(docs, "Given tokens"), nlp.batch_size)
    readings = [reading for batch in batches for reading in pipe.predict(batch)]

    def f1(threshold: float) -> float:
        answers = []
        for doc, reading, eg in zip(docs, readings, examples, strict=True):
            found = choose_entities(reading, len(doc), threshold)
            decided = doc.copy()
            pipe.set_annotations([decided], [replace(reading, found=found)])
            answers.append(span_answers(decided, eg.reference))
        return micro_figure("entities", answers).value

    best, threshold = max((f1(threshold), threshold) for threshold in _GRID)
    return threshold, best


def _tune_relations(nlp: Language, pipe: LukePipe, golds: list[Doc]) -> dict[str, tuple[float, float]]:
    given = read_given(nlp, pipe, golds)
    return {
        "relations": _best([pair_answers(doc, gold) for doc, gold in given]),
        "facts": _best([fact_answers(doc, gold) for doc, gold in given]),
    }


def _best(answers: list[Scored]) -> tuple[float, float]:
    best = max(operating_points(answers, _GRID), key=lambda row: row.f1)
    return best.threshold, best.f1
