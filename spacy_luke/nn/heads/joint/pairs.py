"""Pair rows: likely pairs of entities read the words once more, as pairs.

An entity's row reads the words without knowing what it will be paired with. So the relation head compares two names,
and hardly sees what stands between them. A pair row starts from the states of both, and runs through the encoder's last
layers over the kept keys and values of the words. What it adds to the relation head's logits is zero before training.
Words, entities and other pairs don't attend to it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from ...encoder import LukeEncoder
from ...layout import Layout, Rows
from ...linear import Linear
from ...outputs import WordStates
from .rows import EntityRows

_GOLD = 1e6  # above any margin


class PairReader(nn.Module):
    """Reads the words for pairs of entities.

    hidden_size (int): Width of the states.
    n_layers (int): How many of the encoder's last layers a pair runs through.
    n_labels (int): Number of relations, "none" (index 0) not counted.
    dropout (float): Dropout before the classifier.
    """

    def __init__(self, hidden_size: int, n_layers: int, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.n_layers = n_layers
        self.start = Linear(2 * hidden_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = Linear(hidden_size, n_labels + 1)

    def start_from_none(self) -> None:
        """Begin by changing nothing."""
        nn.init.zeros_(self.classifier.weight)

    @torch.no_grad()
    def rescale(self, slope: float) -> None:
        """slope (float): Factor of all that it adds from now on."""
        self.classifier.weight.mul_(slope)
        self.classifier.bias.mul_(slope)

    def forward(self, encoder: LukeEncoder, words: WordStates, rows: EntityRows, pairs: Tensor) -> Tensor:
        """Read the words for some pairs.

        encoder (LukeEncoder): The encoder that the words come from.
        words (WordStates): The words.
        rows (EntityRows): The entities.
        pairs (Tensor): Window, head row and tail row, by window. Shape: (n_pairs, 3)
        RETURNS (Tensor): What the pairs' logits change by. Shape: (n_pairs, n_labels + 1)
        """
        layout, places = _lay_out(cast(Layout, words.layout), pairs)
        of_pairs, (n_entities, width) = cast(Rows, layout.entities), rows.states.shape[1:]
        entities = rows.states.flatten(0, 1)  # (batch * n_entities, width)
        ends = [entities.index_select(0, pairs[:, 0] * n_entities + pairs[:, side]) for side in (1, 2)]
        start = self.norm(self.start(torch.cat(ends, dim=-1)))  # (n_pairs, width)
        batch, n = of_pairs.shape
        padded = start.new_zeros(batch * n, width).index_copy(0, places, start)
        hidden = of_pairs.take(padded.view(batch, n, width))  # (rows, width)
        kept = words.keys[-self.n_layers :], words.values[-self.n_layers :]
        hidden, _ = encoder.encode_entities(hidden, layout, *kept, alone=True)
        states = of_pairs.put(hidden).flatten(0, 1).index_select(0, places)  # (n_pairs, width)
        return self.classifier(self.dropout(states)).float()


class LikelyPairs:
    """Which pairs are to be read again, collected while all are scored: of millions it keeps a few.

    pairs (Tensor): Window, head row and tail row. Shape: (n_pairs, 3)
    most (Tensor): How many pairs of each window at most. Shape: (batch,)
    floor (float): The least probability of their best relation.
    """

    def __init__(self, pairs: Tensor, most: Tensor, floor: float) -> None:
        self.pairs, self.most, self.floor = pairs, most, floor
        self._places, self._logits = [pairs.new_zeros(0)], list[Tensor]()

    def add(self, places: Tensor, logits: Tensor) -> None:
        """places (Tensor): Some pairs. Shape: (n,). logits (Tensor): Their logits. Shape: (n, n_labels + 1)"""
        best = best_pairs(margins(logits), self.pairs[places], self.most, self.floor)
        self._places.append(places[best])
        self._logits.append(logits[best])

    def best(self) -> tuple[Tensor, Tensor]:
        """RETURNS (tuple[Tensor, Tensor]): The places in `pairs` of those to read, by window, and their logits. Shape:
        (n_read,), (n_read, n_labels + 1)"""
        places, logits = torch.cat(self._places), torch.cat(self._logits)
        best = best_pairs(margins(logits), self.pairs[places], self.most)
        return places[best], logits[best]


def margins(logits: Tensor) -> Tensor:
    """logits (Tensor): Shape: (n, n_labels + 1). RETURNS (Tensor): By how much the best relation's logit is above that
    of "none". Shape: (n,)"""
    return logits[:, 1:].amax(dim=1) - logits[:, 0]


def best_pairs(
    scores: Tensor, pairs: Tensor, most: Tensor, floor: float | None = None, gold: Tensor | None = None
) -> Tensor:
    """Choose the pairs of each window that are read again: the likeliest, in training behind those with a relation.

    scores (Tensor): Their `margins`. Shape: (n_pairs,)
    pairs (Tensor): Window, head row and tail row. Shape: (n_pairs, 3)
    most (Tensor): How many pairs of each window at most. Shape: (batch,)
    floor (float | None): The least probability of their best relation; None to leave out no pair.
    gold (Tensor | None): In training, 1 for pairs with a relation, 0 for those without, -1 to leave a pair out.
        Shape: (n_pairs,)
    RETURNS (Tensor): Their places in `pairs`, by window, the best first. Shape: (n_read,)
    """
    may = torch.ones_like(scores, dtype=torch.bool) if floor is None else scores.sigmoid() >= floor
    if gold is not None:
        may &= gold >= 0
        scores = scores + _GOLD * gold
    places = may.nonzero().squeeze(1)
    places = places[scores[places].argsort(descending=True, stable=True)]
    places = places[pairs[places, 0].argsort(stable=True)]
    window = pairs[places, 0]
    return places[_ranks(window, len(most)) < most[window]]


def _ranks(window: Tensor, batch: int) -> Tensor:
    """window (Tensor): Sorted. Shape: (n,). RETURNS (Tensor): Place of each among those of its window. Shape: (n,)"""
    counts = torch.bincount(window, minlength=batch)
    return torch.arange(len(window), device=window.device) - (counts.cumsum(0) - counts)[window]


def _lay_out(words: Layout, pairs: Tensor) -> tuple[Layout, Tensor]:
    """words (Layout): Of the words. pairs (Tensor): By window. Shape: (n_pairs, 3)
    RETURNS (tuple[Layout, Tensor]): With the pairs as entities, and the place of each in the flattened batch."""
    batch, window = words.words.shape[0], pairs[:, 0]
    counts = torch.bincount(window, minlength=batch)
    n = int(counts.max()) if len(pairs) else 0
    mask = torch.arange(n, device=window.device) < counts[:, None]  # (batch, n)
    layout = words.with_entities((batch, n), None if bool(mask.all()) else mask)
    return layout, window * n + _ranks(window, batch)
