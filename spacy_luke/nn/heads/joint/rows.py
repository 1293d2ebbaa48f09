"""Entity rows that were read once, for those who ask about the same places again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class EntityRows:
    """What entities at some places of a batch of windows have read.

    extents (Tensor): First and last-plus-one piece. Shape: (batch, n, 2)
    mask (Tensor): True for real rows. Shape: (batch, n)
    states (Tensor): Shape: (batch, n, hidden)
    attention (Tensor): How much of each word they read in the last layer. Shape: (batch, n, words)
    """

    extents: Tensor
    mask: Tensor
    states: Tensor
    attention: Tensor

    def take(self, extents: Tensor, mask: Tensor) -> tuple[Tensor, Tensor] | None:
        """Pick the rows at other places, if all of these were read.

        extents (Tensor): Shape: (batch, m, 2)
        mask (Tensor): True for places that must have been read. Shape: (batch, m)
        RETURNS (tuple[Tensor, Tensor] | None): States, shape (batch, m, hidden), and attention, shape
            (batch, m, words); None if a place is new.
        """
        same = (extents[:, :, None] == self.extents[:, None]).all(dim=-1) & self.mask[
            :, None
        ]  # (batch, m, n)
        if self.extents.shape[1] == 0 or not bool((same.any(dim=-1) | ~mask).all()):
            return None
        window = torch.arange(len(extents), device=extents.device)[:, None]  # (batch, 1)
        row = same.int().argmax(dim=-1)  # (batch, m)
        return self.states[window, row], self.attention[window, row]
