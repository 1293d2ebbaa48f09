"""The relation head: a directed pair of entities and the words that both look at.

    hidden(h, t) = gelu(W_h h + W_t t + (P_h h) * (P_t t) + W_c context(h, t) + distance(h, t))
    logits(h, t) = W hidden(h, t)                       index 0 is the learned "none"

The context of a pair is what both entities attend to in the last layer: the product of their attention over
the words, as in ATLOP's localized context pooling (Zhou et al., 2021, 3.2). Everything but the product, the
context and the last layer is computed once an entity, not once a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...linear import Linear, multiply
from .pairs import LikelyPairs
from .rows import EntityRows
from .taught import TaughtPairs

_N_DISTANCES = 10  # 0, 1, 2-3, 4-7, ..., 256 and more pieces between the mentions
_NONE_BIAS = 3.0
_CHUNK = 8192  # pairs at a time: bounds memory at chunk * (length + 2 * width + n_labels) floats


class RelationHead(nn.Module):
    """Scores directed pairs of entities.

    hidden_size (int): Width of the states.
    width (int): Width of the hidden layer.
    n_labels (int): Number of relations, "none" (index 0) not counted.
    dropout (float): Dropout before the classifier.
    """

    def __init__(self, hidden_size: int, width: int, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.head = Linear(hidden_size, 2 * width)  # the additive and the multiplicative part
        self.tail = Linear(hidden_size, 2 * width)
        self.context = Linear(hidden_size, width)
        self.distance = nn.Embedding(2 * _N_DISTANCES, width)  # head first, tail first
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = Linear(width, n_labels + 1)

    def start_from_none(self) -> None:
        """Begin as nearly all pairs are: not related. Otherwise half of all labels would hold at first."""
        nn.init.constant_(self.classifier.bias[:1], _NONE_BIAS)

    @torch.no_grad()
    def rescale(self, slope: float, shifts: Tensor) -> None:
        """Scale and shift what it says, once for all.

        slope (float): Factor of all logits.
        shifts (Tensor): What is added to those of the relations afterwards. Shape: (n_labels,)
        """
        self.classifier.weight.mul_(slope)
        self.classifier.bias.mul_(slope)
        self.classifier.bias[1:] += shifts.to(self.classifier.bias)

    def forward(self, rows: EntityRows, pairs: Tensor) -> Tensor:
        """Score pairs.

        rows (EntityRows): The entities, with their attention.
        pairs (Tensor): Window, head row and tail row. Shape: (n_pairs, 3)
        RETURNS (Tensor): Logits. Shape: (n_pairs, n_labels + 1)
        """
        chunks = [(index, self._logits(states)) for index, states in self._chunks(rows, pairs)]
        if not chunks:
            return rows.states.new_zeros((0, self.classifier.out_features), dtype=torch.float32)
        return _in_order(chunks)

    def states(self, rows: EntityRows, pairs: Tensor) -> Tensor:
        """The states that pairs are scored by; arguments as for `forward`.

        RETURNS (Tensor): Shape: (n_pairs, width)
        """
        chunks = list(self._chunks(rows, pairs))
        return (
            _in_order(chunks).float()
            if chunks
            else rows.states.new_zeros((0, self.norm.weight.numel())).float()
        )

    def above(
        self,
        floor: float,
        rows: EntityRows,
        pairs: Tensor,
        likely: LikelyPairs | None = None,
        taught: TaughtPairs | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Score pairs, and keep only what is probable: thousands of mentions make millions of pairs.

        floor (float): The least probability of a relation: the sigmoid of its margin over "none".
        rows (EntityRows): The entities, with their attention.
        pairs (Tensor): Window, head row and tail row. Shape: (n_pairs, 3)
        likely (LikelyPairs | None): Is shown all logits.
        taught (TaughtPairs | None): Is shown all states.
        RETURNS (tuple[Tensor, Tensor, Tensor]): Row of the pair, label and probability of each relation, by pair
            and label. Shape: (n_relations,) each
        """
        kept = []
        for index, states in self._chunks(rows, pairs):
            logits = self._logits(states)
            if likely is not None:
                likely.add(index, logits)
            if taught is not None:
                taught.add(index, states)
            pair, label, scores = probable(logits, floor)
            kept.append((index[pair], label, scores))
        if not kept:
            nothing = pairs.new_zeros(0)
            return nothing, nothing, rows.states.new_zeros(0, dtype=torch.float32)
        places, labels, scores = (torch.cat(column) for column in zip(*kept, strict=True))
        order = torch.argsort(places, stable=True)
        return places[order], labels[order], scores[order]

    def _chunks(self, rows: EntityRows, pairs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Places in `pairs` with their states, some at a time, each time of one window."""
        head, tail = self.head(rows.states), self.tail(rows.states)  # (batch, n_entities, 2 * width)
        context = self.context(rows.words)  # (batch, length, width)
        parts = (head, tail, context, cast(Tensor, rows.attention), rows.start, rows.end)
        for window, places in _by_window(pairs):
            of_window = [part[window] for part in parts]
            for index in torch.split(places, _CHUNK):
                yield index, self._states(pairs[index, 1], pairs[index, 2], *of_window)

    def _states(self, h: Tensor, t: Tensor, *of_window: Tensor) -> Tensor:
        head, tail, context, attention, start, end = of_window
        add_h, mul_h = head.chunk(2, dim=-1)  # (n_entities, width) each
        add_t, mul_t = tail.chunk(2, dim=-1)
        near = self.distance(distance_classes(start, end, h, t))
        looked, which = common_context(attention, context, h, t)
        added = _rows(add_h, h) + _rows(add_t, t)
        hidden = torch.addcmul(added, _rows(mul_h, h), _rows(mul_t, t))  # (n, width)
        hidden = hidden + _rows(looked, which) + near
        return F.gelu(self.norm(hidden))

    def _logits(self, states: Tensor) -> Tensor:
        return self.classifier(self.dropout(states)).float()


def _in_order(chunks: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """chunks (Sequence): Places with their values. RETURNS (Tensor): The values of place 0, 1, ..."""
    order = torch.cat([index for index, _ in chunks])
    restored = torch.empty_like(order)
    restored[order] = torch.arange(len(order), device=order.device)
    return torch.cat([values for _, values in chunks])[restored]


def probable(logits: Tensor, floor: float) -> tuple[Tensor, Tensor, Tensor]:
    """Find the relations that are at least as probable as a floor.

    logits (Tensor): Shape: (n_pairs, n_labels + 1)
    floor (float): The least probability.
    RETURNS (tuple[Tensor, Tensor, Tensor]): Pair, label and probability of each. Shape: (n_relations,) each
    """
    scores = (logits[:, 1:] - logits[:, :1]).sigmoid()  # (n_pairs, n_labels)
    pair, label = (scores >= floor).nonzero(as_tuple=True)
    return pair, label, scores[pair, label]


def common_context(attention: Tensor, context: Tensor, head: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
    """The words that two entities both look at, computed once for both directions of a pair.

    attention (Tensor): How much each entity attends to each word. Shape: (n_mentions, length)
    context (Tensor): Word states. Shape: (length, width)
    head, tail (Tensor): Entities of each pair. Shape: (n_pairs,)
    RETURNS (tuple[Tensor, Tensor]): Mean word states, by the product of the attentions, shape (n_different, width), and
        which of them each pair has, shape (n_pairs,).
    """
    both = torch.minimum(head, tail) * len(attention) + torch.maximum(head, tail)
    keys, which = torch.unique(both, return_inverse=True)
    first, second = keys // len(attention), keys % len(attention)
    shared = _rows(attention, first) * _rows(attention, second)  # (n_different, length)
    total = shared.sum(dim=-1, keepdim=True).clamp(min=1e-12)
    return multiply(shared.to(context.dtype), context.T) / total.to(context.dtype), which


def _rows(matrix: Tensor, index: Tensor) -> Tensor:
    """matrix[index], which copies whole rows, several times as fast."""
    return matrix.index_select(0, index)


def _by_window(pairs: Tensor) -> list[tuple[int, Tensor]]:
    """Places of the pairs of each window."""
    order = torch.argsort(pairs[:, 0], stable=True)
    windows, counts = torch.unique_consecutive(pairs[order, 0], return_counts=True)
    return list(zip(windows.tolist(), torch.split(order, counts.tolist()), strict=True))


def distance_classes(start: Tensor, end: Tensor, head: Tensor, tail: Tensor) -> Tensor:
    """Class of the distance between two entities: its power of two, and who comes first.

    start, end (Tensor): First and last word of each entity. Shape: (n_entities,)
    head, tail (Tensor): Entities of each pair. Shape: (n_pairs,)
    RETURNS (Tensor): Classes below 2 * 10. Shape: (n_pairs,)
    """
    first, second = start[head], start[tail]
    gap = (torch.maximum(first, second) - torch.minimum(end[head], end[tail]) - 1).clamp(min=0)
    power = torch.log2(gap.clamp(min=1).float()).floor().long() + 1
    power = torch.where(gap == 0, torch.zeros_like(power), power).clamp(max=_N_DISTANCES - 1)
    return power + _N_DISTANCES * (first > second).long()
