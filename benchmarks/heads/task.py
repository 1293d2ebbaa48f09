"""What a task consists of: documents, a pipeline of ours, rules and rivals, and how answers are scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from spacy.cli.init_config import init_config
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config
from thinc.api import Config

CONFIGS = Path(__file__).parents[2] / "configs"

Annotate = Callable[[Doc], None]
Settings = dict[str, Any]


class Splits(NamedTuple):
    """Gold documents, in no two of them the same.

    train (list[Doc]): To learn from.
    dev (list[Doc]): Held out: they choose settings and the step at which a training is best.
    test (list[Doc]): For the figures alone.
    """

    train: list[Doc]
    dev: list[Doc]
    test: list[Doc]


def keep(doc: Doc) -> None:
    """Leave a document as its pipeline wrote it."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that spaCy's training loop trains.

    name (str): What tables call it.
    config (Callable[[], Config]): Makes its training config; see `shipped` and `preset`.
    settings (dict[str, Any]): Values of the config by dotted path, chosen on held-out documents.
    collect (Callable[[Doc], None]): Puts what it has written where the task's score looks for it.
    """

    name: str
    config: Callable[[], Config]
    settings: Settings = field(default_factory=dict)
    collect: Annotate = keep


@dataclass(frozen=True)
class Task:
    """A task on public data.

    name (str): Its name on the command line and in `results/heads/`.
    data (str): One line about the documents: source, and what the three parts are.
    read (Callable[[Path], Splits]): Makes the documents from the folder that holds all data sets.
    score (Callable[[Sequence[Example]], dict[str, float]]): Figures of predicted beside gold documents. The same
        for all that is compared. Each is better if it is higher.
    metric (str): The one of these figures that counts.
    ours (Pipeline): The head, from the encoder of the default model.
    rules (dict[str, Callable]): By name, what learns a plain rule from the training documents: it gives a function
        that annotates a document.
    rivals (Sequence[Pipeline]): spaCy's own components.
    given_entities (bool): Whether documents to predict on have the gold entities.
    """

    name: str
    data: str
    read: Callable[[Path], Splits]
    score: Callable[[Sequence[Example]], dict[str, float]]
    metric: str
    ours: Pipeline
    rules: dict[str, Callable[[Sequence[Doc]], Annotate]]
    rivals: Sequence[Pipeline] = ()
    given_entities: bool = False


def shipped(name: str) -> Callable[[], Config]:
    """A training config of this project.

    name (str): Name of the file in `configs/`, without `.cfg`.
    RETURNS (Callable[[], Config]): Reads it.
    """
    return lambda: load_config(CONFIGS / f"{name}.cfg")


def preset(component: str) -> Callable[[], Config]:
    """What `spacy init config` gives for a component of spaCy, reading the corpus' own tokens.

    component (str): Such as "textcat".
    RETURNS (Callable[[], Config]): Makes the config.
    """
    return lambda: read_gold_tokens(init_config(lang="en", pipeline=[component], optimize="efficiency"))


def read_gold_tokens(config: Config, mentions: bool = False) -> Config:
    """Let a training config read the corpus' own tokens and sentences, as documents to predict on have them.

    config (Config): The config; it is changed.
    mentions (bool): Whether the documents are given with their gold entities.
    RETURNS (Config): The same.
    """
    for part in ("train", "dev"):
        config["corpora"][part] = {
            "@readers": "benchmarks.GoldTokens.v1",
            "path": f"${{paths.{part}}}",
            "shuffle": part == "train",
            "mentions": mentions,
        }
    return config


def on_sentences(name: str, *, mentions: bool) -> Callable[[], Config]:
    """A training config of this project for a pipe on entities, reading the corpus' own tokens and sentences.

    name (str): The pipe's, and its file's.
    mentions (bool): Whether the documents are given with their gold entities.
    RETURNS (Callable[[], Config]): Makes the config, without a sentence splitter.
    """

    def make() -> Config:
        config = read_gold_tokens(shipped(name)(), mentions)
        config["nlp"]["pipeline"] = [name]
        config["training"]["annotating_components"] = []
        del config["components"]["sentencizer"]
        return config

    return make
