"""spaCy's `ner`, on tok2vec or on the word states of the default model's encoder."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import load_config, load_model_from_path

from scripts.figures import by_label, micro_figure
from spacy_luke.training.answers import span_answers
from spacy_luke.training.mentions import given_tokens

from .data import read_golds, report

# By the command's name: what it is called, and its config.
BELOW = {
    "ner": ("spaCy's ner on tok2vec", Path(__file__).with_name("spacy_ner.cfg")),
    "ner-luke": ("spaCy's ner on the same encoder", Path(__file__).with_name("spacy_ner_luke.cfg")),
}


def run(
    below: str, train: Path, dev: Path, test: Path, folder: Path, max_steps: int | None
) -> dict[str, Any]:
    """Train with early stopping on the held-out documents, and score exact spans and types.

    below (str): What `ner` stands on: a key of `BELOW`.
    train (Path): Training `.spacy` file.
    dev (Path): Held-out `.spacy` file.
    test (Path): `.spacy` file for the figures.
    folder (Path): Where the trained pipeline goes, in `model-best`.
    max_steps (int | None): Most training steps; None for those of the config.
    RETURNS (dict[str, Any]): The figures.
    """
    name, path = BELOW[below]
    config = load_config(path)
    config["paths"].update(train=str(train), dev=str(dev))
    if max_steps is not None:
        config["training"].update(
            max_steps=max_steps, eval_frequency=min(config["training"]["eval_frequency"], max_steps)
        )
    folder.mkdir(parents=True, exist_ok=True)
    start = perf_counter()
    train_nlp(init_nlp(config), folder, stdout=sys.stdout, stderr=sys.stderr)
    minutes = (perf_counter() - start) / 60
    nlp = load_model_from_path(folder / "model-best")
    golds = read_golds(nlp, test)
    answers = [span_answers(doc, gold) for doc, gold in zip(predict(nlp, golds), golds, strict=True)]
    figure = micro_figure("entities from tokens, micro-F1", answers)
    return report(
        {"ner": figure},
        baseline=name,
        documents=len(golds),
        minutes=minutes,
        labels=by_label(answers),
    )


def predict(nlp: Language, golds: list[Doc]) -> list[Doc]:
    """Find entities in the gold tokens.

    nlp (Language): The pipeline.
    golds (list[Doc]): Gold documents.
    RETURNS (list[Doc]): Predicted ones.
    """
    return list(nlp.pipe(given_tokens(nlp.vocab, gold, mentions=False) for gold in golds))
