"""CrossNER: 39 types of names in five fields (Liu et al., 2021, https://arxiv.org/abs/2012.04373), the names given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config, Ragged, get_current_ops

from scripts.given import type_answers
from scripts.lookup import TypeLookup
from scripts.metrics import macro_f1
from scripts.partition import drop_leaks
from spacy_luke.annotation import write_label
from spacy_luke.training.converters.conll import convert_conll
from spacy_luke.training.metrics import count, count_by_label

from .split import tenths
from .task import Annotate, Pipeline, Splits, Task, on_sentences, preset, read_gold_tokens

FIELDS = ("ai", "literature", "music", "politics", "science")
KEY = "sc"  # where spancat has its gold, and writes


def read(data: Path) -> Splits:
    """RETURNS (Splits): Of the training and development sentences of all fields a tenth held out; the test ones."""
    folder = data / "crossner"
    test = list(_sentences(folder, "test"))
    safe, _ = drop_leaks([*_sentences(folder, "train"), *_sentences(folder, "dev")], test)
    held_out, *others = tenths(safe, key=lambda doc: doc.text)
    return Splits([doc for part in others for doc in part], held_out, test)


def _sentences(folder: Path, part: str) -> Iterator[Doc]:
    vocab = spacy.blank("en").vocab
    for field in FIELDS:
        for doc in convert_conll(folder / field / f"{part}.txt", vocab):
            if doc.ents:
                doc.spans[KEY] = list(doc.ents)
                yield doc


def spancat() -> Config:
    """RETURNS (Config): spaCy's `spancat_singlelabel`, which labels the given names and no other spans."""
    config = read_gold_tokens(preset("spancat_singlelabel")(), mentions=True)
    config["components"]["spancat_singlelabel"]["suggester"] = {"@misc": "benchmarks.Entities.v1"}
    return config


@spacy.registry.misc("benchmarks.Entities.v1")
def make_suggester() -> Callable[..., Ragged]:
    """RETURNS (Callable): Suggests the entities of documents, for spancat."""
    return _suggest


def _suggest(docs: Iterable[Doc], *, ops: Any = None) -> Ragged:
    extents = [[(ent.start, ent.end) for ent in doc.ents] for doc in docs]
    ops = ops or get_current_ops()
    spans = ops.asarray2i([span for row in extents for span in row])
    return Ragged(spans, ops.asarray1i([len(row) for row in extents]))


def label_entities(doc: Doc) -> None:
    """Give the entities of a document the labels that spancat has written.

    doc (Doc): The document.
    """
    labels = {(span.start, span.end): span.label_ for span in doc.spans[KEY]}
    for ent in doc.ents:
        write_label(ent, labels.get((ent.start, ent.end)))


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): Share of names with the right type, and the mean F1 of the types."""
    found: set[tuple[int, int, str]] = set()
    right: set[tuple[int, int, str]] = set()
    for i, example in enumerate(examples):
        types = type_answers(example.predicted, example.reference)
        found |= {(i, j, label) for j, label in enumerate(types.predicted) if label}
        right |= {(i, j, label) for j, label in enumerate(types.gold)}
    return {
        "accuracy": count(found, right).recall,
        "macro_f1": macro_f1(count_by_label(found, right)),
    }


def commonest(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives every name the commonest type."""
    best = Counter(ent.label_ for doc in train for ent in doc.ents).most_common(1)[0][0]

    def annotate(doc: Doc) -> None:
        for ent in doc.ents:
            write_label(ent, best)

    return annotate


def seen_names(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives a name the type that it mostly has in training; where it is new, the
    commonest one."""
    lookup = TypeLookup(train)

    def annotate(doc: Doc) -> None:
        for ent, label in zip(doc.ents, lookup.answers(doc).predicted, strict=True):
            write_label(ent, label)

    return annotate


TASK = Task(
    name="crossner",
    data="CrossNER, all five fields: a tenth of the training and development sentences held out, the test sentences",
    read=read,
    score=score,
    metric="accuracy",
    ours=Pipeline(
        "luke_typing, marked entities",
        on_sentences("luke_typing", mentions=True),
        {
            "components.luke_typing.model.mixed_precision": True,
            "components.luke_typing.model.multi_label": False,
            "training.batcher.size": 400,
            "training.max_steps": 140,
            "training.eval_frequency": 70,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={"commonest type": commonest, "type of the name in training": seen_names},
    rivals=(
        Pipeline(
            "spaCy's spancat_singlelabel",
            spancat,
            {"training.max_steps": 2800, "training.eval_frequency": 400},
            label_entities,
        ),
    ),
    given_entities=True,
)
