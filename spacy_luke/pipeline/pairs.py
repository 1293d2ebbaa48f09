"""Which pairs of mentions are related: in the same sentence, not too far apart, of allowed labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc

from ..errors import Errors
from ..inputs.batch import Bools
from ..inputs.pieces import Ints

PairFilter = Callable[[Ints, Ints], Bools]


@dataclass(frozen=True)
class PairLimits:
    """Limits of `doc._.luke_relations`; facts come from all pairs of a window.

    same_sentence (bool): Relate mentions of one sentence only, where the Doc has sentence boundaries.
    max_distance (int | None): Most tokens between two mentions: without sentence boundaries, or with
        `same_sentence` off. None: no limit but the window's.
    allowed (dict[str, list[list[str]]] | None): Labels of head and tail (`ent.label_`, not `span._.luke_label`) that a
        relation may have, for the relations that are limited; None limits nothing. `allowed_relations` in the config.
    """

    same_sentence: bool = True
    max_distance: int | None = 32
    allowed: dict[str, list[list[str]]] | None = field(default=None, metadata={"name": "allowed_relations"})

    def __post_init__(self) -> None:
        if self.max_distance is not None and self.max_distance < 0:
            found, allowed = self.max_distance, "0 or more, or null"
            raise ValueError(Errors.L436.format(name="max_distance", allowed=allowed, value=found))
        for label, pairs in (self.allowed or {}).items():
            if any(isinstance(pair, str) or len(pair) != 2 for pair in pairs):
                raise ValueError(Errors.L307.format(label=label, found=list(pairs)))

    def near(self, doc: Doc, mentions: Sequence[tuple[int, int]]) -> PairFilter:
        """Tell which pairs are within the reach of relations.

        doc (Doc): The document.
        mentions (Sequence[tuple[int, int]]): Token extents.
        RETURNS (PairFilter): Takes heads and tails as indices into `mentions`.
        """
        extents = np.array(mentions, dtype=np.int64).reshape(-1, 2)
        if self.same_sentence and doc.has_annotation("SENT_START"):
            sentences = np.cumsum(doc.to_array(SENT_START).astype(np.int64) == 1)
            of = sentences[extents[:, 0]]
            return lambda head, tail: np.asarray(of[head] == of[tail])
        limit = len(doc) if self.max_distance is None else self.max_distance
        return lambda head, tail: _gap(extents[head], extents[tail]) <= limit

    def allows(self, label: str, head: str, tail: str) -> bool:
        """RETURNS (bool): Whether a relation may hold between entities of these labels."""
        pairs = None if self.allowed is None else self.allowed.get(label)
        return pairs is None or [head, tail] in [list(pair) for pair in pairs]


def _gap(head: Ints, tail: Ints) -> Ints:
    """Tokens between two extents. Shape: (n_pairs,)"""
    return np.maximum(np.maximum(head[:, 0], tail[:, 0]) - np.minimum(head[:, 1], tail[:, 1]), 0)
