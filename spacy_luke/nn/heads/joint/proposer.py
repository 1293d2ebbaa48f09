"""The learned pre-filter: which spans of a window are worth an entity token.

Every span up to a width gets a score from word states alone, a bilinear form of its first and its last piece:

    score(i, j) = a . s_i + b . e_j + s_i . e_j / sqrt(d) + c[j - i]

Only the best are encoded as entities, so the number of these expensive rows grows with that of tokens and
not with the number of spans.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...linear import Linear

_NONE_SCORE = -4.0
NEVER = -1e4  # far below any trained score, and safe in half precision


class SpanProposer(nn.Module):
    """Scores all spans of a window from its word states.

    hidden_size (int): Width of the word states.
    width (int): Width of the start and end vectors.
    max_span_width (int): Widest span, in tokens.
    """

    def __init__(self, hidden_size: int, width: int, max_span_width: int) -> None:
        super().__init__()
        self.start = Linear(hidden_size, width + 1)
        self.end = Linear(hidden_size, width + 1)
        self.span_width = nn.Parameter(torch.zeros(max_span_width))

    def start_from_none(self) -> None:
        """Begin as nearly all spans are: not worth a look. Otherwise these would be most of the first loss."""
        nn.init.constant_(self.span_width, _NONE_SCORE)

    def resize(self, max_span_width: int) -> None:
        """Score spans up to another width. Those that are wider than before begin as the widest ones did.

        max_span_width (int): Widest span, in tokens.
        """
        old = self.span_width.detach()
        if max_span_width != len(old):
            widths = torch.arange(max_span_width, device=old.device).clamp(max=len(old) - 1)
            self.span_width = nn.Parameter(old[widths])

    def forward(self, first: Tensor, last: Tensor, mask: Tensor) -> Tensor:
        """Score the spans that start at each token.

        first (Tensor): State of each token's first piece. Shape: (batch, n_tokens, hidden)
        last (Tensor): State of each token's last piece. Shape: (batch, n_tokens, hidden)
        mask (Tensor): True for real tokens. Shape: (batch, n_tokens)
        RETURNS (Tensor): Score of the span of tokens t..t + w at [:, t, w]; very low where there is none.
            Shape: (batch, n_tokens, max_span_width)
        """
        start, start_bias = self.start(first).split([self.start.out_features - 1, 1], dim=-1)
        end, end_bias = self.end(last).split([self.end.out_features - 1, 1], dim=-1)
        n_tokens, n_widths = mask.shape[1], len(self.span_width)
        starts, widths = (torch.arange(n, device=mask.device) for n in (n_tokens, n_widths))
        ends = starts[:, None] + widths
        exists = ends < n_tokens
        ends = ends.clamp(max=max(n_tokens - 1, 0))  # (n_tokens, n_widths)
        # Band of the full start-by-end matrix: n_tokens is a few hundred, so the product is cheaper than a gather.
        full = start @ end.transpose(1, 2) / math.sqrt(start.shape[-1])  # (batch, n_tokens, n_tokens)
        scores = full.gather(2, ends.expand(len(mask), -1, -1))  # (batch, n_tokens, n_widths)
        scores = scores + start_bias + end_bias.squeeze(-1)[:, ends] + self.span_width
        exists = exists & mask[:, :, None] & mask[:, ends]
        return scores.float().masked_fill(~exists, NEVER)


def best_spans(
    scores: Tensor, mask: Tensor, per_token: float, floor: float = 0.0, margin: float = math.inf
) -> tuple[Tensor, Tensor]:
    """Keep the best spans of each window.

    scores (Tensor): Output of the `SpanProposer`. Shape: (batch, n_tokens, max_span_width)
    mask (Tensor): True for real tokens. Shape: (batch, n_tokens)
    per_token (float): How many to keep at most, as a share of each window's tokens.
    floor (float): Only spans whose score is at least as probable as this.
    margin (float): Only spans whose score is at most so much lower than the highest one of those they overlap with.
    RETURNS (tuple[Tensor, Tensor]): First and last token of the kept spans, shape (batch, n_spans, 2), and
        which of them are real, shape (batch, n_spans).
    """
    batch, n_tokens, n_widths = scores.shape
    budget = (mask.sum(1) * per_token).ceil().long()  # (batch,)
    n_spans = min(int(budget.max()) if batch else 0, n_tokens * n_widths)
    values, index = scores.reshape(batch, n_tokens * n_widths).topk(n_spans, dim=1)  # (batch, n_spans)
    start, width = index // max(n_widths, 1), index % max(n_widths, 1)
    rank = torch.arange(n_spans, device=scores.device)
    least = max(NEVER / 2, math.log(floor / (1 - floor)) if floor > 0 else -math.inf)
    real = (rank < budget[:, None]) & (values > least)
    spans = torch.stack([start, start + width], dim=-1)
    if margin < math.inf:
        real &= values >= _highest_overlapping(spans, values, real) - margin
        order = real.int().argsort(dim=1, descending=True, stable=True)  # the real ones first, best first
        real, spans = real.gather(1, order), spans.gather(1, order[..., None].expand_as(spans))
    n_real = int(real.sum(dim=1).max()) if batch else 0
    spans, real = spans[:, :n_real], real[:, :n_real]
    return spans.masked_fill(~real[..., None], 0), real  # the others may reach beyond the window


def _highest_overlapping(spans: Tensor, values: Tensor, real: Tensor) -> Tensor:
    """spans (Tensor): First and last token. Shape: (batch, n_spans, 2). values, real (Tensor): Shape: (batch, n_spans)
    RETURNS (Tensor): The highest score among the real spans that share a token with each. Shape: (batch, n_spans)"""
    first, last = spans.unbind(dim=-1)
    # (batch, n_spans, n_spans)
    overlap = (first[:, :, None] <= last[:, None]) & (last[:, :, None] >= first[:, None])
    rivals = torch.where(overlap & real[:, None], values[:, None], NEVER)
    return rivals.amax(dim=-1) if values.shape[1] else values  # without spans there is no maximum
