"""Training and scoring the tutorial's relation component."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from thinc.api import Adam

from scripts.figures import by_label, macro_figure, micro_figure, operating_points
from spacy_luke.annotation import has_relations
from spacy_luke.training.answers import ScoredAnswers, pair_answers
from spacy_luke.training.mentions import given_tokens

from .data import read_golds, report
from .relation_tutorial import RelationTutorial

_BATCH = 5
_PATIENCE = 6
# Squared error over a hundred rare relations leaves scores low, so the thresholds to try go down far.
_GRID = [0.01, 0.02, 0.03, 0.04, *(round(0.05 * i, 2) for i in range(1, 19))]


def run(train: Path, dev: Path, test: Path, minutes: float, max_length: int) -> dict[str, Any]:
    """Train with early stopping and choose the threshold on the held-out documents, then score.

    train (Path): Training `.spacy` file.
    dev (Path): Held-out `.spacy` file.
    test (Path): `.spacy` file for the figures.
    minutes (float): Most time to train for.
    max_length (int): Most tokens between the starts of related mentions.
    RETURNS (dict[str, Any]): The figures.
    """
    fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("relation_tutorial", config={"max_length": max_length})
    start = perf_counter()
    epochs, held_out, threshold = _train(nlp, pipe, _related(nlp, train), _related(nlp, dev), minutes)
    spent = (perf_counter() - start) / 60
    golds = _related(nlp, test)
    answers = [scored.above(lambda label: threshold) for scored in _answers(nlp, pipe, golds)]
    figures = {
        "relations": micro_figure("relations in a sentence, micro-F1", answers),
        "relations_macro": macro_figure("relations in a sentence, macro-F1", answers),
    }
    settings = {"max_length": max_length, "threshold": threshold, "epochs": epochs, "held_out_f1": held_out}
    return report(
        figures,
        baseline="the relation component of spaCy's tutorial",
        documents=len(golds),
        minutes=spent,
        **settings,
        labels=by_label(answers),
    )


def _related(nlp: Language, path: Path) -> list[Doc]:
    return [gold for gold in read_golds(nlp, path) if has_relations(gold)]


def _train(
    nlp: Language, pipe: RelationTutorial, train: list[Doc], dev: list[Doc], minutes: float
) -> tuple[int, float, float]:
    """Train until the held-out F1 stays behind its best. RETURNS (tuple): Epochs, that F1, its threshold."""
    examples = [Example(given_tokens(nlp.vocab, gold, mentions=True), gold) for gold in train]
    nlp.initialize(lambda: examples)
    optimizer = Adam(learn_rate=0.001)
    best, threshold, best_epoch, weights = -1.0, 0.5, 0, b""
    end = perf_counter() + 60 * minutes
    epoch = 0
    while perf_counter() < end and epoch - best_epoch < _PATIENCE:
        epoch += 1
        random.shuffle(examples)
        losses: dict[str, float] = {}
        for batch in minibatch(examples, _BATCH):
            nlp.update(batch, drop=0.1, sgd=optimizer, losses=losses)
        point = max(operating_points(_answers(nlp, pipe, dev), _GRID), key=lambda point: point.f1)
        print(f"epoch {epoch}: loss {losses[pipe.name]:.2f}, held-out F1 {point.f1:.4f} at {point.threshold}")
        if point.f1 > best:
            best, threshold, best_epoch, weights = point.f1, point.threshold, epoch, pipe.model.to_bytes()
    pipe.model.from_bytes(weights)
    return best_epoch, best, threshold


def _answers(nlp: Language, pipe: RelationTutorial, golds: Sequence[Doc]) -> list[ScoredAnswers]:
    pipe.cfg["threshold"] = _GRID[0]
    docs = pipe.pipe((given_tokens(nlp.vocab, gold, mentions=True) for gold in golds), batch_size=16)
    return [pair_answers(doc, gold, related=True) for doc, gold in zip(docs, golds, strict=True)]
