"""The `luke_textcat` component: labels of texts, or of pairs of texts, or a number for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import get_text_pair
from ..errors import Errors, Warnings
from .probabilities import Floats, sigmoid, softmax
from .settings import make_factory, require, setting
from .text import DocScores, LabelPipe, TextItems, mean_logits

if TYPE_CHECKING:
    from torch import Tensor

PROBLEM_TYPES = ("single_label_classification", "multi_label_classification", "regression")


@dataclass(eq=False, repr=False)
class LukeTextCategorizer(LabelPipe):
    """Writes `doc.cats`. A document longer than the model gets the mean of its windows' logits.

    problem_type (str | None): "single_label_classification" (probabilities that sum to 1),
        "multi_label_classification" (independent ones), "regression" (one label, whose number is no probability), or
        None for what the checkpoint says.
    threshold (float): From which probability an independent label counts in scores.
    """

    reads = "LukeForSequenceClassification"
    architecture = "spacy-luke.SequenceClassification.v1"

    problem_type: str | None = setting(None)
    least_score: float = setting(0.5, name="threshold")

    def __post_init__(self) -> None:
        super().__post_init__()
        problem, allowed = self.problem_type, "null or one of " + ", ".join(PROBLEM_TYPES)
        require(self.name, problem in (None, *PROBLEM_TYPES), "problem_type", problem, allowed)
        probability = "a probability from 0 to 1"
        require(self.name, 0 <= self.least_score <= 1, "threshold", self.least_score, probability)

    @property
    def meaning(self) -> str | None:
        """See `LabelPipe.meaning`."""
        return self.problem_type

    @property
    def problem(self) -> str:
        """What the labels mean: one of `PROBLEM_TYPES`.

        RAISES (ValueError): If the config wants a number of a checkpoint that has several labels.
        """
        if self.problem_type == "regression":
            self._check_single(self.labels)
        return self.problem_type or str(self.network.problem_type)

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """RETURNS (Sequence[str | None]): `doc._.luke_text_pair`, or None."""
        return (get_text_pair(doc),)

    def decode_doc(self, doc: Doc, scores: DocScores) -> Floats | None:
        """RETURNS (ndarray | None): A number for each label; None for a text without words."""
        (rows,) = scores.texts
        if not rows:
            return None
        logits = mean_logits(rows)
        if self.problem == "regression":
            return logits
        return sigmoid(logits) if self.problem == "multi_label_classification" else softmax(logits)

    def annotate(self, doc: Doc, prediction: Floats) -> None:
        """Write the labels beside those that are there."""
        doc.cats.update(zip(self.labels, map(float, prediction), strict=True))

    # --- training --------------------------------------------------------------------------

    def collect_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (list[str]): The labels of `doc.cats`, sorted."""
        return sorted({label for example in examples for label in example.reference.cats})

    def set_labels(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """As `LabelPipe`; regression has one label, and exclusive labels are several."""
        new = self.collect_labels(examples) if labels is None else list(labels)
        if self.problem_type == "regression":
            self._check_single(new or self.labels)
        # What the checkpoint says of its own label holds: it may be a number.
        is_new = self.problem_type is not None or set(new) != set(self.network.labels)
        if is_new and len(set(new)) == 1 and self.problem_type in (None, "single_label_classification"):
            raise ValueError(Errors.L315.format(name=self.name, label=new[0]))
        super().set_labels((), new)

    def _check_single(self, labels: Sequence[str]) -> None:
        if len(set(labels)) > 1:
            raise ValueError(Errors.L312.format(name=self.name, labels=list(labels)))

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return "doc.cats"

    def gold_of(self, example: Example) -> Any:
        """RETURNS (int | ndarray | None): A class, or a number for each label, -100 for what isn't known, as in spaCy
        those that aren't in `doc.cats`; None if no label is known."""
        cats, problem = example.reference.cats, self.problem
        self._check_cats(example.reference, problem)
        unknown = [label for label, value in cats.items() if value and label not in self.labels]
        self.unused.count(Warnings.W306, "categories", len(cats), unknown)
        numbers = np.array([cats.get(label, -100.0) for label in self.labels], dtype=np.float32)
        if problem != "single_label_classification":
            return None if (numbers == -100.0).all() else numbers
        return int(numbers.argmax()) if numbers.max(initial=0.0) > 0 else None

    def _check_cats(self, doc: Doc, problem: str) -> None:
        """Refuse what can't be, as spaCy does."""
        if problem == "regression":
            return
        reason, others = "", "regression"
        for label, value in doc.cats.items():
            if not 0 <= value <= 1:
                reason = f"{label!r} is {value!r}"
        if problem == "single_label_classification" and sum(value == 1 for value in doc.cats.values()) > 1:
            reason, others = "several exclusive labels are true", "multi_label_classification"
        if reason:
            told = {"cats": dict(doc.cats), "text": doc[:10].text, "reason": reason, "others": others}
            raise ValueError(Errors.L314.format(name=self.name, **told))

    def row_loss(self, logits: Tensor, items: TextItems, golds: Sequence[Any]) -> Tensor | None:
        """RETURNS (Tensor | None): The published loss of the problem type, on the mean of the windows' logits."""
        docs, groups = np.unique([row.window.doc for row in items.rows], return_inverse=True)
        gold = np.array([golds[doc] for doc in docs])
        loss: Tensor = self.network.text_loss(logits, groups, gold, self.problem)
        return loss


make_textcat = make_factory(
    "luke_textcat",
    LukeTextCategorizer,
    scorer="spacy-luke.textcat_scorer.v1",
    assigns=["doc.cats"],
    score_weights={"cats_score": 1.0},
)


# --- scoring -------------------------------------------------------------------------------


def make_textcat_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_texts`."""
    return score_texts


def score_texts(
    examples: Iterable[Example], *, pipe: LukeTextCategorizer, threshold: float | None = None, **_: Any
) -> dict[str, Any]:
    """Registered as `spacy-luke.textcat_scorer.v1`: spaCy's scores of `doc.cats`, or for a regression the mean
    absolute error (`cats_mae`) and Pearson's correlation (`cats_score`). References without `cats` don't count.

    examples (Iterable[Example]): The examples.
    pipe (LukeTextCategorizer): The pipe.
    threshold (float | None): From which probability an independent label counts; None for the pipe's.
    RETURNS (dict[str, Any]): The scores.
    """
    if pipe.problem == "regression":
        return _score_numbers(examples, pipe.labels[0])
    annotated = [example for example in examples if example.reference.cats]
    # spaCy's scorer fails where nothing is predicted, as for a text without words: there all labels are as unlikely.
    silent = {id(example.predicted) for example in annotated if not example.predicted.cats}
    nothing = dict.fromkeys(pipe.labels, 0.0)
    multi_label = pipe.problem == "multi_label_classification"
    threshold = pipe.least_score if threshold is None else threshold
    return Scorer.score_cats(
        annotated,
        "cats",
        getter=lambda doc, _: nothing if id(doc) in silent else doc.cats,
        labels=pipe.labels,
        multi_label=multi_label,
        threshold=threshold if multi_label else None,
    )


def _score_numbers(examples: Iterable[Example], label: str) -> dict[str, Any]:
    cats = ((example.predicted.cats, example.reference.cats) for example in examples)
    pairs = [(found[label], gold[label]) for found, gold in cats if label in found and label in gold]
    if not pairs:
        return {"cats_mae": None, "cats_score": None}
    found, gold = np.array(pairs, dtype=np.float64).T
    varies = found.std() > 0 and gold.std() > 0
    return {
        "cats_mae": float(np.abs(found - gold).mean()),
        "cats_score": float(np.corrcoef(found, gold)[0, 1]) if varies else 0.0,
    }
