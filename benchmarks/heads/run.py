"""Train what a task names on its training documents, and score all of it on its test documents."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import load_model_from_path
from spacy.vocab import Vocab
from thinc.api import Config

from benchmarks.baselines import data  # noqa: F401  its reader keeps the tokens of a corpus
from scripts.machine import describe_machine
from spacy_luke.annotation import copy_questions, set_extensions
from spacy_luke.training.mentions import given_tokens

from .task import Annotate, Pipeline, Settings, Splits, Task


def run(
    task: Task, data_dir: Path, folder: Path, settings: Settings | None = None, tune: bool = False
) -> dict[str, Any]:
    """Train and score.

    task (Task): The task.
    data_dir (Path): The folder that holds all data sets.
    folder (Path): Where corpora, logs and trained pipelines go.
    settings (dict[str, Any] | None): Settings of our pipeline beside the task's own, by dotted path.
    tune (bool): Whether to train only ours, and leave the test documents alone.
    RETURNS (dict[str, Any]): Figures, and what they rest on.
    """
    set_extensions()
    splits = task.read(data_dir)
    _write(splits, folder)
    ours = Pipeline(
        task.ours.name, task.ours.config, {**task.ours.settings, **(settings or {})}, task.ours.collect
    )
    systems = [] if tune else [_follow(task, name, splits) for name in task.rules]
    for number, pipeline in enumerate([ours] if tune else [*task.rivals, ours]):
        systems.append(_train(task, pipeline, splits, folder, folder / f"pipeline-{number}", tune))
    return {
        "task": task.name,
        "data": task.data,
        "metric": task.metric,
        "documents": {part: len(docs) for part, docs in splits._asdict().items()},
        "systems": systems,
        "machine": describe_machine(),
    }


def _write(splits: Splits, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, docs in splits._asdict().items():
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{part}.spacy")


def _follow(task: Task, name: str, splits: Splits) -> dict[str, Any]:
    """Figures of a rule."""
    rule = task.rules[name](splits.train)

    def score(golds: Sequence[Doc]) -> dict[str, float]:
        predicted = questions(task, spacy.blank("en").vocab, golds)
        return _score(task, predicted, golds, rule)

    return {"name": name, "held_out": score(splits.dev), "test": score(splits.test)}


def _train(
    task: Task, pipeline: Pipeline, splits: Splits, corpora: Path, folder: Path, tune: bool
) -> dict[str, Any]:
    """Train a pipeline, and its figures."""
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    config = _config(pipeline, corpora, log)
    start = process_time()
    train_nlp(init_nlp(config), folder, stdout=sys.stdout, stderr=sys.stderr)
    seconds = process_time() - start
    nlp = load_model_from_path(folder / "model-best")
    rows = list(srsly.read_jsonl(log))
    best = max(rows, key=lambda row: row["score"])
    return {
        "name": pipeline.name,
        "held_out": _predict(task, pipeline, nlp, splits.dev),
        **({} if tune else {"test": _predict(task, pipeline, nlp, splits.test)}),
        "steps": rows[-1]["step"],
        "best_step": best["step"],
        "cpu_seconds": round(seconds),
        "settings": pipeline.settings,
    }


def _config(pipeline: Pipeline, corpora: Path, log: Path) -> Config:
    """The pipeline's config with its settings, reading the task's documents."""
    config = pipeline.config()
    config["paths"].update({part: str(corpora / f"{part}.spacy") for part in ("train", "dev")})
    logger = {"@loggers": "spacy.ConsoleLogger.v3", "progress_bar": None, "output_file": str(log)}
    config["training"]["logger"] = logger
    return Config().from_str(config.to_str(), overrides=pipeline.settings)


def _predict(task: Task, pipeline: Pipeline, nlp: Language, golds: Sequence[Doc]) -> dict[str, float]:
    predicted = list(nlp.pipe(questions(task, nlp.vocab, golds)))
    return _score(task, predicted, golds, pipeline.collect)


def questions(task: Task, vocab: Vocab, golds: Sequence[Doc]) -> list[Doc]:
    """Copies of gold documents to predict on: their tokens and what they are asked, entities if the task says so."""
    docs = []
    for gold in golds:
        doc = given_tokens(vocab, gold, mentions=task.given_entities)
        copy_questions(gold, doc)
        docs.append(doc)
    return docs


def _score(
    task: Task, predicted: Sequence[Doc], golds: Sequence[Doc], annotate: Annotate
) -> dict[str, float]:
    for doc in predicted:
        annotate(doc)
    return task.score([Example(doc, gold) for doc, gold in zip(predicted, golds, strict=True)])
