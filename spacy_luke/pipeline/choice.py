"""The `luke_choice` component: which of several texts goes with a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ..annotation import get_choice, get_choices, write_choice
from ..training.metrics import accuracy
from ..types import Choice
from .probabilities import softmax
from .settings import make_factory
from .text import DocScores, TextItems, TextPipe, mean_logits

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(eq=False, repr=False)
class LukeMultipleChoice(TextPipe):
    """Writes `doc._.luke_choice` where there are `doc._.luke_choices`. Each choice is read by itself behind the
    document, so there can be any number; a long document counts with the mean of its windows' logits."""

    reads = "LukeForMultipleChoice"
    architecture = "spacy-luke.MultipleChoice.v1"

    def beside(self, doc: Doc) -> Sequence[str | None]:
        """RETURNS (Sequence[str | None]): `doc._.luke_choices`."""
        return get_choices(doc)

    def decode_doc(self, doc: Doc, scores: DocScores) -> Choice | None:
        """RETURNS (Choice | None): The best choice; None where there are none."""
        if not scores.texts:
            return None
        probabilities = softmax(np.concatenate([mean_logits(rows) for rows in scores.texts]))
        best = int(probabilities.argmax())
        return Choice(best, get_choices(doc)[best], tuple(map(float, probabilities)))

    def annotate(self, doc: Doc, prediction: Choice) -> None:
        """Write the choice."""
        write_choice(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return "doc._.luke_choice, beside doc._.luke_choices"

    def gold_of(self, example: Example) -> int | None:
        """RETURNS (int | None): The number of the right choice; None if it isn't known."""
        choice = get_choice(example.reference)
        return None if choice is None else choice.number

    def row_loss(self, logits: Tensor, items: TextItems, golds: Sequence[Any]) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy over the choices of each document."""
        pairs = np.array([(row.window.doc, row.beside) for row in items.rows], dtype=np.int64)
        choices, groups = np.unique(pairs, axis=0, return_inverse=True)
        gold = np.array(golds, dtype=np.int64)
        loss: Tensor = self.network.choice_loss(logits, groups.reshape(-1), choices[:, 0], gold)
        return loss


make_choice = make_factory(
    "luke_choice",
    LukeMultipleChoice,
    scorer="spacy-luke.choice_scorer.v1",
    assigns=["doc._.luke_choice"],
    score_weights={"luke_choice_acc": 1.0},
)


# --- scoring -------------------------------------------------------------------------------


def make_choice_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_choices`."""
    return score_choices


def score_choices(examples: Iterable[Example], **_: Any) -> dict[str, Any]:
    """Registered as `spacy-luke.choice_scorer.v1`: the share of right choices (`luke_choice_acc`). Documents without
    choices don't count, see `score_answers`.

    examples (Iterable[Example]): The examples.
    RETURNS (dict[str, Any]): The score; None where there is no gold, or nothing to choose from.
    """
    asked = [example for example in examples if get_choices(example.predicted)]
    pairs = [(get_choice(example.predicted), get_choice(example.reference)) for example in asked]
    known = [(found and found.number, gold.number) for found, gold in pairs if gold is not None]
    return {"luke_choice_acc": accuracy(known) if known else None}
