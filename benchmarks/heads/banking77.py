"""Banking77: questions of a bank's customers, 77 intents (Casanueva et al., 2020, https://aclanthology.org/2020.nlp4convai-1.5)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from .split import tenths
from .task import Annotate, Pipeline, Splits, Task, preset, shipped


def read(data: Path) -> Splits:
    """RETURNS (Splits): A tenth of `train.csv` held out by the text, and `test.csv`."""
    nlp = spacy.blank("en")
    held_out, *others = tenths(_rows(data / "banking77" / "train.csv"), key=lambda row: row[0])
    test = _rows(data / "banking77" / "test.csv")
    labels = sorted({label for part in others for _, label in part})
    train = [row for part in others for row in part]
    return Splits(*(list(_docs(nlp, rows, labels)) for rows in (train, held_out, test)))


def _rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf8", newline="") as file:
        return [(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]


def _docs(nlp: Language, rows: Iterable[tuple[str, str]], labels: Sequence[str]) -> Iterator[Doc]:
    for text, label in rows:
        doc = nlp.make_doc(text)
        doc.cats = {name: float(name == label) for name in labels}
        yield doc


def most_frequent(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives every document the label that most training documents have."""
    counts = Counter(max(doc.cats, key=doc.cats.__getitem__) for doc in train)
    best, labels = counts.most_common(1)[0][0], list(train[0].cats)

    def annotate(doc: Doc) -> None:
        doc.cats = {label: float(label == best) for label in labels}

    return annotate


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): Share of right labels, and the mean F1 of the labels."""
    labels = list(examples[0].reference.cats)
    scores = Scorer.score_cats(examples, "cats", labels=labels, multi_label=False)
    return {"accuracy": scores["cats_micro_f"], "macro_f1": scores["cats_macro_f"]}


TASK = Task(
    name="banking77",
    data="Banking77: a tenth of train.csv held out, test.csv",
    read=read,
    score=score,
    metric="accuracy",
    ours=Pipeline(
        "luke_textcat",
        shipped("luke_textcat"),
        {
            "components.luke_textcat.model.mixed_precision": True,
            "training.batcher.size": 800,
            "training.max_steps": 600,
            "training.eval_frequency": 200,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={"most frequent label": most_frequent},
    rivals=(Pipeline("spaCy's textcat", preset("textcat"), {"training.max_steps": 2000}),),
)
