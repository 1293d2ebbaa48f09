"""Choosing thresholds on held-out documents, and writing a component as a checkpoint."""

from __future__ import annotations

import copy
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import has_relations
from ..layers.joint import get_module, get_tokenizer
from ..nn.joint.folder import save_joint
from ..pipeline.luke import LukePipe
from ..training.answers import Scored, fact_answers, pair_answers, span_answers
from ..training.corpus import LukeCorpus
from ..training.figures import micro_figure, operating_points
from .measure import read_given

_GRID = [round(0.05 * i, 2) for i in range(5, 16)]


def tune(pipeline: Path, corpus: Path, out: Path, name: str, half: bool) -> dict[str, tuple[float, float]]:
    """Choose one threshold a task, by F1, and write the component with them.

    pipeline (Path): A trained pipeline.
    corpus (Path): Held-out documents, which neither trained the weights nor will report figures.
    out (Path): Folder for the checkpoint.
    name (str): Name of the component.
    half (bool): Store the weights in half precision.
    RETURNS (dict[str, tuple[float, float]]): Threshold and held-out F1 by task.
    """
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


def _load(pipeline: Path, name: str, **heads: bool) -> Language:
    """Load in full precision, which the checkpoint will be used in, with some heads switched off."""
    settings = {"mixed_precision": False, **heads}
    return spacy.load(pipeline, config={f"components.{name}.model.{k}": v for k, v in settings.items()})


def _tune_ner(nlp: Language, name: str, examples: list[Example]) -> tuple[float, float]:
    rows = []
    for threshold in _GRID:
        nlp.get_pipe(name).thresholds["ner"] = threshold
        docs = nlp.pipe([eg.predicted.copy() for eg in examples])
        answers = [span_answers(doc, eg.reference) for doc, eg in zip(docs, examples, strict=True)]
        rows.append((micro_figure("entities", answers).value, threshold))
    best, threshold = max(rows)
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
