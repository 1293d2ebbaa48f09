"""Choosing thresholds on held-out documents, and writing a component as a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import has_relations, read_facts, read_relations
from ..layers.joint import get_module, get_tokenizer
from ..nn.joint.folder import save_joint
from ..pipeline.luke import LukePipe
from ..training.corpus import LukeCorpus
from ..training.metrics import Operating, count, threshold_table, total
from ..training.outcomes import entity, extent, mention_pairs, same_sentence

_GRID = [round(0.05 * i, 2) for i in range(4, 19)]
_FLOOR = 0.02


def tune(pipeline: Path, corpus: Path, out: Path, name: str, half: bool) -> dict[str, tuple[float, float]]:
    """Choose one threshold a task, by F1, and write the component with them.

    pipeline (Path): A trained pipeline.
    corpus (Path): Held-out documents, which neither trained the weights nor will report figures.
    out (Path): Folder for the checkpoint.
    name (str): Name of the component.
    half (bool): Store the weights in half precision.
    RETURNS (dict[str, tuple[float, float]]): Threshold and held-out F1 by task.
    """
    nlp = spacy.load(pipeline)
    pipe: LukePipe = nlp.get_pipe(name)
    chosen = {}
    if pipe.joint.ner_labels:
        chosen["ner"] = _tune_ner(nlp, pipe, list(LukeCorpus(corpus, gold_ents=False)(nlp)))
    if pipe.joint.relation_labels:
        chosen |= _tune_relations(nlp, pipe, list(LukeCorpus(corpus, gold_ents=True)(nlp)))
    for task, (threshold, _) in chosen.items():
        pipe.thresholds[task] = threshold
    module = get_module(pipe.model)
    module.joint = module.joint.with_changes(thresholds=dict(pipe.thresholds))
    save_joint(module, out, torch.float16 if half else None)
    get_tokenizer(pipe.model).save_pretrained(out)
    return chosen


def _tune_ner(nlp: Language, pipe: LukePipe, examples: list[Example]) -> tuple[float, float]:
    rows = []
    for threshold in _GRID:
        pipe.thresholds["ner"] = threshold
        docs = nlp.pipe([eg.predicted.copy() for eg in examples])
        counts = [count(_ents(doc), _ents(eg.reference)) for doc, eg in zip(docs, examples, strict=True)]
        rows.append((total(counts).f1, threshold))
    best, threshold = max(rows)
    pipe.thresholds["ner"] = threshold
    return threshold, best


def _tune_relations(nlp: Language, pipe: LukePipe, examples: list[Example]) -> dict[str, tuple[float, float]]:
    pipe.thresholds.update({"relations": _FLOOR, "facts": _FLOOR})
    examples = [eg for eg in examples if has_relations(eg.reference)]
    docs = list(nlp.pipe([eg.predicted for eg in examples]))
    golds = [eg.reference for eg in examples]
    return {
        "relations": _best(map(_scored_pairs, docs, golds), sum(len(_gold_pairs(doc)) for doc in golds)),
        "facts": _best(map(_scored_facts, docs, golds), sum(len(_gold_facts(doc)) for doc in golds)),
    }


def _best(scored: Iterable[list[tuple[float, bool]]], n_gold: int) -> tuple[float, float]:
    rows: list[Operating] = threshold_table([row for doc in scored for row in doc], n_gold, _GRID)
    best = max(rows, key=lambda row: row.f1)
    return best.threshold, best.f1


def _ents(doc: Doc) -> set[tuple[int, int, str]]:
    return {(*extent(span), span.label_) for span in doc.ents}


def _gold_pairs(doc: Doc) -> set[tuple[object, object, str]]:
    return set(mention_pairs(read_relations(doc), same_sentence))


def _scored_pairs(doc: Doc, gold: Doc) -> list[tuple[float, bool]]:
    right = _gold_pairs(gold)
    return [(r.score, (extent(r.head), extent(r.tail), r.label) in right) for r in read_relations(doc)]


def _gold_facts(doc: Doc) -> set[tuple[str, str, str]]:
    return {(entity(r.head), entity(r.tail), r.label) for r in read_relations(doc)}


def _scored_facts(doc: Doc, gold: Doc) -> list[tuple[float, bool]]:
    """Facts between gold entities: the best score of any pair of their mentions."""
    entities = {extent(span): entity(span) for span in gold.ents}
    best: dict[tuple[str, str, str], float] = {}
    for pair in (pair for fact in read_facts(doc) for pair in fact.pairs):
        head, tail = entities[extent(pair.head)], entities[extent(pair.tail)]
        if head != tail:
            key = (head, tail, pair.label)
            best[key] = max(best.get(key, 0.0), pair.score)
    right = _gold_facts(gold)
    return [(float(np.float32(score)), key in right) for key, score in best.items()]
