"""Encoded entities, to be used again for the same places."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class EntityRows:
    """Encoded entities at some places of a batch of windows.

    start, end (Tensor): First and last word. Shape: (batch, n)
    mask (Tensor): True for real rows. Shape: (batch, n)
    words (Tensor): States of the words beside them. Shape: (batch, words, hidden)
    states (Tensor): States of the entities. Shape: (batch, n, hidden)
    attention (Tensor | None): Their attention to the words in the last layer, if that was asked for.
        Shape: (batch, n, words)
    """

    start: Tensor
    end: Tensor
    mask: Tensor
    words: Tensor
    states: Tensor
    attention: Tensor | None

    def take(self, start: Tensor, end: Tensor, mask: Tensor) -> EntityRows | None:
        """Pick the rows at some places, if all of these are among them.

        start, end (Tensor): Shape: (batch, m)
        mask (Tensor): True for places, False for padding. Shape: (batch, m)
        RETURNS (EntityRows | None): The rows at these places; None if one of them is missing.
        """
        same = (start[:, :, None] == self.start[:, None]) & (end[:, :, None] == self.end[:, None])
        same &= self.mask[:, None]  # (batch, m, n)
        if self.start.shape[1] == 0 or not bool((same.any(dim=-1) | ~mask).all()):
            return None
        window = torch.arange(len(start), device=start.device)[:, None]  # (batch, 1)
        row = same.int().argmax(dim=-1)  # (batch, m)
        attention = None if self.attention is None else self.attention[window, row]
        return EntityRows(start, end, mask, self.words, self.states[window, row], attention)

    def join(self, others: EntityRows) -> EntityRows:
        """others (EntityRows): Rows beside the same words. RETURNS (EntityRows): All of them."""
        kept = (self.attention, others.attention)
        attention = None if kept[0] is None or kept[1] is None else torch.cat([kept[0], kept[1]], dim=1)
        start, end = torch.cat([self.start, others.start], dim=1), torch.cat([self.end, others.end], dim=1)
        mask, states = (
            torch.cat([self.mask, others.mask], dim=1),
            torch.cat([self.states, others.states], dim=1),
        )
        return EntityRows(start, end, mask, self.words, states, attention)
