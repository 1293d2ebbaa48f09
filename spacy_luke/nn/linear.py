"""Linear layers in float32 at the rate that the processor can do."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .operators import can_multiply_plain, multiply_arranged
from .processor import mkl_leaves_avx512
from .tracing import is_traced

CONVOLVE_FROM = 128  # rows; for fewer, arranging the weights anew costs as much as it spares
FEW, LARGE = 32, 1 << 20  # rows, and numbers of a weight; MKL is faster for few rows and small weights

ROUND = 16  # rows; oneDNN's gradients of weights take three times as long where their number has few divisors


class Linear(nn.Linear):
    """A linear layer whose products are those of `multiply`."""

    def forward(self, input: Tensor) -> Tensor:
        """input (Tensor): Shape: (..., in). RETURNS (Tensor): Shape: (..., out)"""
        return multiply(input, self.weight, self.bias)


def multiply(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply as `F.linear` does, by oneDNN where MKL would leave AVX-512 unused. Nothing of the weight is kept, so
    whatever changes it is seen at once.

    torch's float32 products are MKL's, which chooses its instructions by the processor's maker: on AMD's with AVX-512
    they reach half the rate of oneDNN's, or two thirds (`docs/SPEED.md`: 46% and 69% of what oneDNN reaches over 32
    equal sentences), in training too.

    input (Tensor): Shape: (..., in)
    weight (Tensor): Shape: (out, in)
    bias (Tensor | None): Shape: (out,)
    RETURNS (Tensor): Shape: (..., out)
    """
    if not _suits_onednn(input, weight):
        return F.linear(input, weight, bias)
    rows = input.flatten(0, -2)  # (..., in) -> (rows, in)
    n_rows = len(rows)
    has_gradients = torch.is_grad_enabled()
    if not has_gradients and can_multiply_plain():
        if n_rows < FEW and weight.numel() < LARGE:
            return F.linear(input, weight, bias)
        product = multiply_arranged(rows, weight, bias)
    elif n_rows < CONVOLVE_FROM:
        return F.linear(input, weight, bias)
    else:
        rows = F.pad(rows, (0, 0, 0, -n_rows % ROUND)) if has_gradients else rows
        product = _multiply_by_onednn(rows, weight, bias)[:n_rows]
    return product.view(*input.shape[:-1], len(weight))  # (rows, out) -> (..., out)


def _multiply_by_onednn(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """torch takes oneDNN for convolutions. A linear layer is one over an image of a single column, with a kernel of a
    single point.

    rows (Tensor): Shape: (rows, in)
    RETURNS (Tensor): Shape: (rows, out)
    """
    n_rows, width = rows.shape
    image = rows.view(1, n_rows, 1, width).permute(0, 3, 1, 2)  # (1, in, rows, 1), channels last in memory
    # The dilation changes nothing about a single point, but with it torch takes oneDNN for one thread, too.
    product = F.conv2d(image, weight[:, :, None, None], bias, dilation=2)  # (1, out, rows, 1)
    return product.permute(0, 2, 3, 1).reshape(n_rows, len(weight))


def _suits_onednn(input: Tensor, weight: Tensor) -> bool:
    return (
        not is_traced()
        and input.numel() > 0
        and input.dtype == weight.dtype == torch.float32
        and input.device.type == "cpu"
        and input.is_contiguous()
        and mkl_leaves_avx512()
        and not torch.is_autocast_enabled("cpu")
    )
