"""The relation head: a directed pair of entities and the words that both look at.

    hidden(h, t) = gelu(W_h h + W_t t + (P_h h) * (P_t t) + W_c context(h, t) + distance(h, t))
    logits(h, t) = W hidden(h, t)                       index 0 is the learned "none"

The context of a pair is what both entities attend to in the last layer: the product of their attention over
the words, as in ATLOP's localized context pooling (Zhou et al., 2021, 3.2). Everything but the product, the
context and the last layer is computed once an entity, not once a pair.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...linear import Linear, multiply

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

    def forward(
        self, words: Tensor, entities: Tensor, attention: Tensor, extents: Tensor, pairs: Tensor
    ) -> Tensor:
        """Score pairs.

        words (Tensor): Word states. Shape: (batch, length, hidden)
        entities (Tensor): Entity states. Shape: (batch, n_mentions, hidden)
        attention (Tensor): How much each entity attends to each word. Shape: (batch, n_mentions, length)
        extents (Tensor): First and last-plus-one piece of each entity. Shape: (batch, n_mentions, 2)
        pairs (Tensor): Window, head row and tail row. Shape: (n_pairs, 3)
        RETURNS (Tensor): Logits. Shape: (n_pairs, n_labels + 1)
        """
        chunks = list(self._chunks(words, entities, attention, extents, pairs))
        if not chunks:
            return words.new_zeros((0, self.classifier.out_features), dtype=torch.float32)
        order = torch.cat([index for index, _ in chunks])
        restored = torch.empty_like(order)
        restored[order] = torch.arange(len(order), device=order.device)
        return torch.cat([logits for _, logits in chunks])[restored]

    def above(
        self,
        floor: float,
        words: Tensor,
        entities: Tensor,
        attention: Tensor,
        extents: Tensor,
        pairs: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Score pairs, and keep only what is probable: thousands of mentions make millions of pairs.

        floor (float): Relations have to be more probable: the sigmoid of their margin over "none".
        words, entities, attention, extents, pairs (Tensor): As in `forward`.
        RETURNS (tuple[Tensor, Tensor, Tensor]): Row of the pair, label and probability of each relation, by pair
            and label. Shape: (n_relations,) each
        """
        kept = []
        for index, logits in self._chunks(words, entities, attention, extents, pairs):
            scores = (logits[:, 1:] - logits[:, :1]).sigmoid()  # (n, n_labels)
            row, label = (scores > floor).nonzero(as_tuple=True)
            kept.append((index[row], label, scores[row, label]))
        if not kept:
            nothing = pairs.new_zeros(0)
            return nothing, nothing, words.new_zeros(0, dtype=torch.float32)
        rows, labels, scores = (torch.cat(column) for column in zip(*kept, strict=True))
        order = torch.argsort(rows, stable=True)
        return rows[order], labels[order], scores[order]

    def _chunks(
        self, words: Tensor, entities: Tensor, attention: Tensor, extents: Tensor, pairs: Tensor
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows of `pairs` with their logits, some at a time, each time of one window."""
        head, tail = self.head(entities), self.tail(entities)  # (batch, n_mentions, 2 * width)
        context = self.context(words)  # (batch, length, width)
        order = torch.argsort(pairs[:, 0], stable=True)
        for window, rows in _by_window(pairs, order):
            for index in torch.split(rows, _CHUNK):
                yield index, self._score(window, index, head, tail, context, attention, extents, pairs)

    def _score(
        self,
        window: int,
        index: Tensor,
        head: Tensor,
        tail: Tensor,
        context: Tensor,
        attention: Tensor,
        extents: Tensor,
        pairs: Tensor,
    ) -> Tensor:
        h, t = pairs[index, 1], pairs[index, 2]
        add_h, mul_h = head[window].chunk(2, dim=-1)  # (n_mentions, width) each
        add_t, mul_t = tail[window].chunk(2, dim=-1)
        near = self.distance(distance_classes(extents[window, h], extents[window, t]))
        looked, which = common_context(attention[window], context[window], h, t)
        hidden = torch.addcmul(
            _rows(add_h, h) + _rows(add_t, t), _rows(mul_h, h), _rows(mul_t, t)
        )  # (n, width)
        hidden = hidden + _rows(looked, which) + near
        logits: Tensor = self.classifier(self.dropout(F.gelu(self.norm(hidden))))
        return logits.float()


def common_context(attention: Tensor, context: Tensor, head: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
    """The words that two entities both look at, computed once for both directions of a pair.

    attention (Tensor): How much each entity attends to each word. Shape: (n_mentions, length)
    context (Tensor): Word states. Shape: (length, width)
    head, tail (Tensor): Entities of each pair. Shape: (n_pairs,)
    RETURNS (tuple[Tensor, Tensor]): Mean word states, by the product of the attentions, shape (n_different, width), and
        which of them each pair has, shape (n_pairs,).
    """
    keys, which = torch.unique(
        torch.minimum(head, tail) * len(attention) + torch.maximum(head, tail), return_inverse=True
    )
    first, second = keys // len(attention), keys % len(attention)
    shared = _rows(attention, first) * _rows(attention, second)  # (n_different, length)
    total = shared.sum(dim=-1, keepdim=True).clamp(min=1e-12)
    return multiply(shared.to(context.dtype), context.T) / total.to(context.dtype), which


def _rows(matrix: Tensor, index: Tensor) -> Tensor:
    """matrix[index], which copies whole rows, several times as fast."""
    return matrix.index_select(0, index)


def _by_window(pairs: Tensor, order: Tensor) -> list[tuple[int, Tensor]]:
    """Row numbers of the pairs of each window."""
    windows, counts = torch.unique_consecutive(pairs[order, 0], return_counts=True)
    return list(zip(windows.tolist(), torch.split(order, counts.tolist()), strict=True))


def distance_classes(head: Tensor, tail: Tensor) -> Tensor:
    """Class of the distance between two mentions: its power of two, and who comes first.

    head, tail (Tensor): First and last-plus-one piece. Shape: (n_pairs, 2)
    RETURNS (Tensor): Classes below 2 * 10. Shape: (n_pairs,)
    """
    gap = (torch.maximum(head[:, 0], tail[:, 0]) - torch.minimum(head[:, 1], tail[:, 1])).clamp(min=0)
    power = torch.log2(gap.clamp(min=1).float()).floor().long() + 1
    power = torch.where(gap == 0, torch.zeros_like(power), power).clamp(max=_N_DISTANCES - 1)
    return power + _N_DISTANCES * (head[:, 0] > tail[:, 0]).long()
