"""The `luke_textcat` component: labels of texts, or of pairs of texts, or a number for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from ..annotation import read_text_pair
from ..errors import Errors
from ..inputs.pieces import DocPieces
from ..inputs.texts import TextBatch, TextRow
from .frame import DocScores, LabelPipe, mean_logits
from .probabilities import Floats, sigmoid, softmax

if TYPE_CHECKING:
    from torch import Tensor

PROBLEM_TYPES = ("single_label_classification", "multi_label_classification", "regression")


class LukeTextCategorizer(LabelPipe):
    """Writes `doc.cats`. A document longer than the model gets the mean of its windows' logits.

    problem_type (str | None): "single_label_classification" (probabilities that sum to 1),
        "multi_label_classification" (independent ones), "regression" (one label, whose number is no probability), or
        None for what the checkpoint says.
    **settings (Any): As for `HeadPipe`.
    """

    task = "LukeForSequenceClassification"
    architecture = "spacy-luke.SequenceClassification.v1"

    def __init__(
        self,
        vocab: Vocab,
        model: Model[TextBatch, Tensor],
        name: str = "luke_textcat",
        *,
        problem_type: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(vocab, model, name, **settings)
        allowed = "null or one of " + ", ".join(PROBLEM_TYPES)
        self.require(name, problem_type in (None, *PROBLEM_TYPES), "problem_type", problem_type, allowed)
        self.problem_type = problem_type

    @property
    def problem(self) -> str:
        """What the labels mean: one of `PROBLEM_TYPES`.

        RAISES (ValueError): If the config wants a number of a checkpoint that has several labels.
        """
        from ..layers.head import problem_type

        if self.problem_type == "regression":
            self._check_single(self.labels)
        return self.problem_type or problem_type(self.model)

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """RETURNS (Sequence[str | None]): `doc._.luke_text_pair`, or None."""
        return (read_text_pair(doc),)

    def decode(self, doc: Doc, scores: DocScores) -> Floats | None:
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

    def prepare_head(self, examples: Iterable[Example], labels: Sequence[str] | None) -> None:
        """As `LabelPipe`; regression has one label."""
        new = self.collect_labels(examples) if labels is None else list(labels)
        if self.problem_type == "regression":
            self._check_single(new or self.labels)
        super().prepare_head((), new)

    def _check_single(self, labels: Sequence[str]) -> None:
        if len(set(labels)) > 1:
            raise ValueError(Errors.L312.format(name=self.name, labels=list(labels)))

    def read_gold(self, example: Example) -> Any:
        """RETURNS (int | ndarray | None): A class, or a number for each label, -100 for what isn't known, as in spaCy
        those that aren't in `doc.cats`; None if no label is known."""
        cats = example.reference.cats
        numbers = np.array([cats.get(label, -100.0) for label in self.labels], dtype=np.float32)
        if self.problem != "single_label_classification":
            return None if (numbers == -100.0).all() else numbers
        return int(numbers.argmax()) if numbers.max(initial=0.0) > 0 else None

    def loss(
        self, logits: Tensor, rows: Sequence[TextRow], pieces: Sequence[DocPieces], golds: Sequence[Any]
    ) -> Tensor | None:
        """RETURNS (Tensor | None): The published loss of the problem type, on the mean of the windows' logits."""
        from ..layers.head_loss import text_loss

        docs, groups = np.unique([row.window.doc for row in rows], return_inverse=True)
        return text_loss(logits, groups, np.array([golds[doc] for doc in docs]), self.problem)
