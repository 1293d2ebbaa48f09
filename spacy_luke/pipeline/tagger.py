"""The `luke_tagger` component: a label for each token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc, Token
from spacy.training import Example

from ..annotation import get_tag, write_tags
from ..errors import Warnings
from ..inputs.pieces import DocPieces, Ints
from ..inputs.texts import TextRow, token_places
from ..training.metrics import accuracy, count_by_label, total
from .entity_scorer import score_weights
from .settings import make_factory, require, setting
from .text import DocScores, LabelPipe, TextItems

if TYPE_CHECKING:
    from torch import Tensor

PIECES = ("first", "mean")
GOLD = ("luke_tag", "tag", "pos")


@dataclass(eq=False, repr=False)
class LukeTagger(LabelPipe):
    """Writes `token._.luke_tag`. Tokens of long documents are read where a window shows most around them.

    pieces (str): What labels a token: its "first" piece, or the "mean" of its pieces.
    gold (str): Where gold labels are: "luke_tag" (`token._.luke_tag`), "tag" (`token.tag_`) or "pos" (`token.pos_`).
    outside (str): The label that says "nothing here"; tokens with it don't count for precision and recall.
    """

    reads = "LukeForTokenClassification"
    architecture = "spacy-luke.TokenClassification.v1"
    by_token = True

    pieces: str = setting("first")
    gold: str = setting("luke_tag")
    outside: str = setting("O")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.name, self.pieces in PIECES, "pieces", self.pieces, "one of " + ", ".join(PIECES))
        require(self.name, self.gold in GOLD, "gold", self.gold, "one of " + ", ".join(GOLD))

    def decode_doc(self, doc: Doc, scores: DocScores) -> list[str]:
        """RETURNS (list[str]): A label for each token; "" for tokens that the tokenizer drops."""
        (rows,) = scores.texts
        labels, tags = self.labels, [""] * len(doc)
        homes, places, tokens = self._places([scored.row for scored in rows], scores.pieces)
        sums = np.zeros((len(doc), len(labels)), dtype=np.float32)
        for number, scored in enumerate(rows):
            mine = homes == number
            np.add.at(sums, tokens[mine], scored.logits[places[mine]])
        for token in np.unique(tokens):
            tags[token] = labels[sums[token].argmax()]  # of the sum as of the mean
        return tags

    def _places(self, rows: Sequence[TextRow], pieces: DocPieces) -> tuple[Ints, Ints, Ints]:
        """See `token_places`; places are those in the row."""
        homes, places, tokens = token_places([row.window for row in rows], pieces, self.pieces == "first")
        shifts = np.array([row.at - row.window.start for row in rows], dtype=np.int64)
        return homes, places + shifts[homes], tokens

    def annotate(self, doc: Doc, prediction: list[str]) -> None:
        """Write the labels."""
        write_tags(doc, prediction)

    # --- training --------------------------------------------------------------------------

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return "token._.luke_tag" if self.gold == "luke_tag" else f"token.{self.gold}_"

    def gold_tags(self, example: Example) -> list[str]:
        """RETURNS (list[str]): The gold label of each predicted token; "" where there is none or several."""
        tags, x2y = [self._gold_tag(token) for token in example.reference], example.alignment.x2y
        aligned = (x2y[i] for i in range(len(example.predicted)))
        return [tags[at[0]] if len(at) == 1 else "" for at in aligned]

    def _gold_tag(self, token: Token) -> str:
        return get_tag(token) if self.gold == "luke_tag" else str(getattr(token, f"{self.gold}_"))

    def collect_labels(self, examples: Iterable[Example]) -> list[str]:
        """RETURNS (list[str]): The labels of the reference's tokens, sorted."""
        return sorted({self._gold_tag(token) for example in examples for token in example.reference} - {""})

    def gold_of(self, example: Example) -> Ints | None:
        """RETURNS (ndarray | None): A class for each token, -100 where none is known; None if all are."""
        classes = {label: number for number, label in enumerate(self.labels)}
        tags = self.gold_tags(example)
        told = [tag for tag in tags if tag]
        self.unused.count(Warnings.W306, "tags", len(told), [tag for tag in told if tag not in classes])
        x2y = example.alignment.x2y
        words = [token for token in example.predicted if told and not token.is_space]
        crossing = [token.text for token in words if len(x2y[token.i]) != 1]
        self.unused.count(Warnings.W304, "tags", len(words), crossing)
        gold = np.array([classes.get(tag, -100) for tag in tags], dtype=np.int64)
        return gold if (gold >= 0).any() else None

    def row_loss(self, logits: Tensor, items: TextItems, golds: Sequence[Ints]) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy, the mean over all tokens that have a label."""
        numbers = np.array([row.window.doc for row in items.rows])
        where, owners, classes = list[Ints](), list[Ints](), list[Ints]()
        n_tokens = 0
        for doc in np.unique(numbers):
            mine = np.flatnonzero(numbers == doc)
            homes, places, tokens = self._places([items.rows[i] for i in mine.tolist()], items.pieces[doc])
            where.append(np.column_stack([mine[homes], places]))
            kept, owner = np.unique(tokens, return_inverse=True)
            owners.append(owner + n_tokens)
            classes.append(golds[doc][kept])
            n_tokens += len(kept)
        known = np.concatenate(classes)
        if not (known >= 0).any():
            return None
        loss: Tensor = self.network.token_loss(logits, np.concatenate(where), np.concatenate(owners), known)
        return loss


make_tagger = make_factory(
    "luke_tagger",
    LukeTagger,
    scorer="spacy-luke.tagger_scorer.v1",
    assigns=["token._.luke_tag"],
    score_weights={"luke_tag_acc": 1.0} | score_weights(luke_tag_micro=0.0),
)


# --- scoring -------------------------------------------------------------------------------


def make_tagger_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_tags`."""
    return score_tags


def score_tags(examples: Iterable[Example], *, pipe: LukeTagger, **_: Any) -> dict[str, Any]:
    """Registered as `spacy-luke.tagger_scorer.v1`: accuracy of all tokens with gold (`luke_tag_acc`), and precision,
    recall and F1 of those whose label is not the outside label, of all (`luke_tag_micro_p`, `_r`, `_f`) and by label
    (`luke_tag_per_type`).

    examples (Iterable[Example]): The examples.
    pipe (LukeTagger): The pipe.
    RETURNS (dict[str, Any]): The scores; None where there is no gold.
    """
    pairs: list[tuple[str, str]] = []
    for example in examples:
        found = [get_tag(token) for token in example.predicted]
        pairs += [(tag, gold) for tag, gold in zip(found, pipe.gold_tags(example), strict=True) if gold]
    names = ("acc", "micro_p", "micro_r", "micro_f", "per_type")
    if not pairs:
        return {f"luke_tag_{name}": None for name in names}
    by_label = count_by_label(*(_inside(tags, pipe.outside) for tags in zip(*pairs, strict=True)))
    micro = total(by_label.values())
    per_type = {label: score.to_dict() for label, score in by_label.items()}
    figures = (accuracy(pairs), micro.precision, micro.recall, micro.fscore, per_type)
    return {f"luke_tag_{name}": figure for name, figure in zip(names, figures, strict=True)}


def _inside(tags: Sequence[str], outside: str) -> set[tuple[int, str]]:
    """tags (Sequence[str]): A tag for each token. RETURNS (set[tuple[int, str]]): Those that say something."""
    return {(i, tag) for i, tag in enumerate(tags) if tag not in ("", outside)}
