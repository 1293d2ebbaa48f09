"""CODAH: which of four sentences goes on, written to mislead a model (Chen et al., 2019,
https://aclanthology.org/W19-2008)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotation import get_choice, get_choices, set_extensions, write_choice, write_choices
from spacy_luke.files import read_lines
from spacy_luke.pipeline.choice import score_choices

from .split import tenths
from .task import Annotate, Pipeline, Splits, Task, shipped


def read(data: Path) -> Splits:
    """RETURNS (Splits): Seven tenths of the rows by the text, one held out, two for the figures."""
    set_extensions()
    nlp = spacy.blank("en")
    lines = read_lines(data / "codah" / "full_data.tsv")
    first, second, held_out, *others = tenths((line.split("\t") for _, line in lines), key=lambda row: row[1])
    parts = ([row for part in others for row in part], held_out, [*first, *second])
    return Splits(*(list(_docs(nlp, rows)) for rows in parts))


def _docs(nlp: Language, rows: list[list[str]]) -> Iterator[Doc]:
    for _, text, *choices, right in rows:
        doc = nlp.make_doc(text)
        write_choices(doc, choices)
        write_choice(doc, int(right))
        yield doc


def most_frequent(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Chooses the place that is right most often."""
    counts = Counter(choice.number for doc in train if (choice := get_choice(doc)))
    best = counts.most_common(1)[0][0]
    return lambda doc: write_choice(doc, best)


def longest(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Chooses the text with most characters."""
    return lambda doc: write_choice(doc, max(get_choices(doc), key=len))


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): Share of right choices."""
    return {"accuracy": score_choices(examples)["luke_choice_acc"]}


TASK = Task(
    name="codah",
    data="CODAH: seven tenths of the rows, one held out, two for the figures",
    read=read,
    score=score,
    metric="accuracy",
    ours=Pipeline(
        "luke_choice",
        shipped("luke_choice"),
        {
            "components.luke_choice.model.mixed_precision": True,
            "training.batcher.size": 250,
            "training.max_steps": 400,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={"most frequent place": most_frequent, "longest text": longest},
)
