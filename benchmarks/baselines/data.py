"""The corpus as the baselines read it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from scripts.figures import Figure
from scripts.machine import describe_machine
from spacy_luke.annotation import set_extensions
from spacy_luke.training.corpus import LukeCorpus
from spacy_luke.training.mentions import given_tokens


def read_golds(nlp: Language, path: Path) -> list[Doc]:
    """Read gold documents.

    nlp (Language): The pipeline whose vocabulary they get.
    path (Path): A `.spacy` file.
    RETURNS (list[Doc]): The documents.
    """
    set_extensions()
    return [example.reference for example in LukeCorpus(path, gold_ents=False)(nlp)]


@spacy.registry.readers("benchmarks.GoldTokens.v1")
def read_gold_tokens(
    path: Path, shuffle: bool, mentions: bool = False
) -> Callable[[Language], Iterable[Example]]:
    """Make a reader that keeps the corpus' tokens, so that training sees what the figures are measured on.

    path (Path): A `.spacy` file.
    shuffle (bool): Whether each pass has another order.
    mentions (bool): Whether the predicted documents have the gold entities.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    """

    def read(nlp: Language) -> Iterator[Example]:
        golds = read_golds(nlp, path)
        if shuffle:
            random.shuffle(golds)
        for gold in golds:
            yield Example(given_tokens(nlp.vocab, gold, mentions=mentions), gold)

    return read


def report(figures: dict[str, Figure], **facts: Any) -> dict[str, Any]:
    """What a baseline reports.

    figures (dict[str, Figure]): By key.
    **facts: What the figures rest on.
    RETURNS (dict[str, Any]): Plain data for JSON.
    """
    return {
        **facts,
        "figures": {key: figure.to_dict() for key, figure in figures.items()},
        "machine": describe_machine(),
    }
