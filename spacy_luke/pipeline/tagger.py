"""The `luke_tagger` component: a label for each token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from ..annotation import read_tag, write_tags
from ..inputs.pieces import DocPieces, Ints
from ..inputs.texts import TextBatch, TextRow, token_places
from .frame import DocScores, LabelPipe

if TYPE_CHECKING:
    from torch import Tensor

PIECES = ("first", "mean")
GOLD = ("luke_tag", "tag", "pos")


class LukeTagger(LabelPipe):
    """Writes `token._.luke_tag`. Tokens of long documents are read where a window shows most around them.

    pieces (str): What labels a token: its "first" piece, or the "mean" of its pieces.
    gold (str): Where gold labels are: "luke_tag" (`token._.luke_tag`), "tag" (`token.tag_`) or "pos" (`token.pos_`).
    outside (str): The label that says "nothing here"; tokens with it don't count for precision and recall.
    **settings (Any): As for `HeadPipe`.
    """

    task = "LukeForTokenClassification"
    architecture = "spacy-luke.TokenClassification.v1"
    by_token = True

    def __init__(
        self,
        vocab: Vocab,
        model: Model[TextBatch, Tensor],
        name: str = "luke_tagger",
        *,
        pieces: str = "first",
        gold: str = "luke_tag",
        outside: str = "O",
        **settings: Any,
    ) -> None:
        super().__init__(vocab, model, name, **settings)
        self.require(name, pieces in PIECES, "pieces", pieces, "one of " + ", ".join(PIECES))
        self.require(name, gold in GOLD, "gold", gold, "one of " + ", ".join(GOLD))
        self.pieces = pieces
        self.gold = gold
        self.outside = outside

    def decode(self, doc: Doc, scores: DocScores) -> list[str]:
        """RETURNS (list[str]): A label for each token; "" for tokens that the tokenizer drops."""
        (rows,) = scores.texts
        labels, tags = self.labels, [""] * len(doc)
        windows = [scored.row.window for scored in rows]
        homes, places, tokens = token_places(windows, scores.pieces, self.pieces == "first")
        sums = np.zeros((len(doc), len(labels)), dtype=np.float32)
        for number, scored in enumerate(rows):
            mine = homes == number
            at = places[mine] - scored.row.window.start + scored.row.at
            np.add.at(sums, tokens[mine], scored.logits[at])
        for token in np.unique(tokens):
            tags[token] = labels[sums[token].argmax()]  # of the sum as of the mean
        return tags

    def annotate(self, doc: Doc, prediction: list[str]) -> None:
        """Write the labels."""
        write_tags(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def gold_tags(self, example: Example) -> list[str]:
        """RETURNS (list[str]): The gold label of each predicted token; "" where there is none or several."""
        tags = [self._gold_tag(token) for token in example.reference]
        aligned = example.alignment.x2y
        return [
            tags[at[0]] if len(at) == 1 else "" for at in (aligned[i] for i in range(len(example.predicted)))
        ]

    def _gold_tag(self, token: Token) -> str:
        return read_tag(token) if self.gold == "luke_tag" else str(getattr(token, f"{self.gold}_"))

    def collect_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (list[str]): The labels of the reference's tokens, sorted."""
        return sorted({self._gold_tag(token) for example in examples for token in example.reference} - {""})

    def read_gold(self, example: Example) -> Ints | None:
        """RETURNS (ndarray | None): A class for each token, -100 where none is known; None if all are."""
        classes = {label: number for number, label in enumerate(self.labels)}
        gold = np.array([classes.get(tag, -100) for tag in self.gold_tags(example)], dtype=np.int64)
        return gold if (gold >= 0).any() else None

    def loss(
        self, logits: Tensor, rows: Sequence[TextRow], pieces: Sequence[DocPieces], golds: Sequence[Ints]
    ) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy, the mean over all tokens that have a label."""
        from ..layers.head_loss import token_loss

        numbers = np.array([row.window.doc for row in rows])
        where: list[Ints] = []
        owners: list[Ints] = []
        classes: list[Ints] = []
        total = 0
        for doc, gold in enumerate(golds):
            mine = np.flatnonzero(numbers == doc)
            shown = [rows[i] for i in mine.tolist()]
            if not shown:
                continue
            shifts = np.array([row.at - row.window.start for row in shown])
            windows = [row.window for row in shown]
            homes, places, tokens = token_places(windows, pieces[doc], self.pieces == "first")
            where.append(np.column_stack([mine[homes], places + shifts[homes]]))
            kept, owner = np.unique(tokens, return_inverse=True)
            owners.append(owner + total)
            classes.append(gold[kept])
            total += len(kept)
        known = np.concatenate(classes)
        if not (known >= 0).any():
            return None
        return token_loss(logits, np.concatenate(where), np.concatenate(owners), known)
