"""Which rows of the entity table a mention may be of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..inputs.batch import Bools
from ..inputs.pieces import Ints
from .link_tables import Aliases

if TYPE_CHECKING:
    from ..tokenizer import EntityVocab

_LEAST = 1e-9  # of a prior, so that it has a logarithm


@dataclass(frozen=True)
class CandidateFinder:
    """Finds candidates by the text of a mention.

    vocab (EntityVocab): The entity vocabulary.
    aliases (dict[str, dict[str, float]] | None): Titles with priors by mention; None allows all entities.
    titles (Mapping[str, str]): Titles by id, where a table or gold names entities by their ids.
    possible (ndarray): True for rows of the entity table that are entities. Shape: (entity_vocab_size,)
    """

    vocab: EntityVocab
    aliases: Aliases | None
    titles: Mapping[str, str]
    possible: Bools

    @classmethod
    def of(
        cls, vocab: EntityVocab, aliases: Aliases | None, titles: Mapping[str, str], n_rows: int
    ) -> CandidateFinder:
        """Rows without a title, and those of special entities, are no candidates."""
        possible = np.zeros(n_rows, dtype=np.bool_)
        possible[vocab.ids[vocab.ids < n_rows]] = True
        for special in (vocab.pad_id, vocab.unk_id, vocab.mask_id, vocab.mask2_id):
            possible[special] = False
        return cls(vocab, aliases, titles, possible)

    def find(self, mention: str) -> tuple[Ints, NDArray[np.float32]]:
        """Look a mention up in the alias table.

        mention (str): Its text.
        RETURNS (tuple[ndarray, ndarray]): Entity ids, and the logarithms of their priors. Shape: (n,) each.
        """
        priors: dict[int, float] = {}
        for name, prior in (self.aliases or {}).get(mention, {}).items():
            id_ = self.vocab.get(name, self.vocab.get(self.titles.get(name, "")))
            if id_ is not None and id_ < len(self.possible) and self.possible[id_]:
                priors[id_] = max(prior, priors.get(id_, _LEAST))
        return np.array(list(priors), dtype=np.int64), np.log(
            np.array(list(priors.values()), dtype=np.float32)
        )
