"""The `luke_choice` component: which of several texts goes with a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import read_choice, read_choices, write_choice
from ..inputs.pieces import DocPieces
from ..inputs.texts import TextRow
from ..types import Choice
from .frame import DocScores, HeadPipe, mean_logits
from .probabilities import softmax

if TYPE_CHECKING:
    from torch import Tensor


class LukeMultipleChoice(HeadPipe):
    """Writes `doc._.luke_choice` where there are `doc._.luke_choices`. Each choice is read by itself behind the
    document, so there can be any number; a long document counts with the mean of its windows' logits."""

    task = "LukeForMultipleChoice"
    architecture = "spacy-luke.MultipleChoice.v1"

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """RETURNS (Sequence[str | None]): `doc._.luke_choices`."""
        return read_choices(doc)

    def decode(self, doc: Doc, scores: DocScores) -> Choice | None:
        """RETURNS (Choice | None): The best choice; None where there are none."""
        if not scores.texts:
            return None
        probabilities = softmax(np.concatenate([mean_logits(rows) for rows in scores.texts]))
        best = int(probabilities.argmax())
        return Choice(best, read_choices(doc)[best], tuple(map(float, probabilities)))

    def annotate(self, doc: Doc, prediction: Choice) -> None:
        """Write the choice."""
        write_choice(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def read_gold(self, example: Example) -> int | None:
        """RETURNS (int | None): The number of the right choice; None if it isn't known."""
        choice = read_choice(example.reference)
        return None if choice is None else choice.number

    def loss(
        self, logits: Tensor, rows: Sequence[TextRow], pieces: Sequence[DocPieces], golds: Sequence[Any]
    ) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy over the choices of each document."""
        from ..layers.head_loss import choice_loss

        pairs = np.array([(row.window.doc, row.beside) for row in rows], dtype=np.int64)
        choices, groups = np.unique(pairs, axis=0, return_inverse=True)
        return choice_loss(logits, groups.reshape(-1), choices[:, 0], np.array(golds, dtype=np.int64))
