"""Linear layers that only predict: weights arranged for the processor, in 32, 16 or 8 bits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import Errors
from .linear import has_onednn, has_vnni, multiplies_bfloat16

TYPICAL_ROWS = 512  # oneDNN asks for how many; weights arranged for one number serve all


@dataclass(frozen=True)
class Rows8:
    """Rows in 8 bits over the range of each: `row = scale * numbers + lowest`.

    numbers (Tensor): Unsigned. Shape: (rows, width)
    scale, lowest (Tensor): Of each row. Shape: (rows, 1)
    """

    numbers: Tensor
    scale: Tensor
    lowest: Tensor

    def __getitem__(self, some: slice) -> Rows8:
        return Rows8(self.numbers[some], self.scale[some], self.lowest[some])


class InferenceLinear(nn.Module):
    """A linear layer with weights of its own making. It can't be trained or saved.

    linear (nn.Linear): The layer whose weights it copies.
    """

    arranged = True  # for the processor: these weights can't go elsewhere

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.eval()

    def forward(self, rows: Tensor | Rows8) -> Tensor:
        """rows (Tensor | Rows8): As they are or prepared. Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)
        RAISES (ValueError): In training."""
        if self.training:
            raise ValueError(Errors.L291)
        return self.multiply(self.prepare(rows))

    def prepare(self, rows: Any) -> Any:
        """Convert rows, once for all layers of the same kind that multiply them.

        rows (Tensor | Rows8): Shape: (rows, in)
        RETURNS (Tensor | Rows8): What `multiply` takes.
        """
        return rows

    def multiply(self, rows: Any) -> Tensor:
        """rows (Tensor | Rows8): Prepared. Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        raise NotImplementedError

    def __deepcopy__(self, memo: object) -> InferenceLinear:
        return self  # nobody changes its weights, and torch can't copy those that oneDNN arranged

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> InferenceLinear:
        if self.arranged and fn(torch.empty(0)).device.type != "cpu":
            raise ValueError(Errors.L294)
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call,no-any-return]

    def _save_to_state_dict(self, destination: object, prefix: str, keep_vars: bool) -> None:
        raise ValueError(Errors.L291)


def arrange(weight: Tensor) -> Tensor:
    """Arrange weights for oneDNN, once: for few rows that costs more than multiplying. torch offers it to its compiler
    only; measured on a processor with AVX-512, a sentence of 30 tokens takes less than half the time, and no public way
    comes near.

    weight (Tensor): In float32 or bfloat16. Shape: (out, in)
    RETURNS (Tensor): For `multiply_arranged` alone.
    """
    arranged: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_ROWS)
    return arranged


def multiply_arranged(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """rows (Tensor): Of the weight's type. Shape: (rows, in). weight (Tensor): From `arrange`. bias (Tensor): (out,)
    RETURNS (Tensor): Shape: (rows, out)"""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product


class Float32Linear(InferenceLinear):
    """The same products as before, by oneDNN.

    linear (nn.Linear): The layer whose weights it copies.
    """

    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        self.packed = arrange(linear.weight.detach().float())
        self.register_buffer("bias", linear.bias.detach().float())

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        return multiply_arranged(rows, self.packed, self.bias)


class BFloat16Linear(InferenceLinear):
    """Inputs, weights and outputs of bfloat16: fast where the processor has instructions for it. Where oneDNN has none
    to use, the same inputs and weights are multiplied in float32.
    On a processor oneDNN arranges the weights once.

    linear (nn.Linear): The layer whose weights it copies.
    """

    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        weight, bias = linear.weight.detach().bfloat16(), linear.bias.detach().bfloat16()
        self.arranged = weight.device.type == "cpu" and has_onednn()
        self.multiplied_as = torch.bfloat16 if not self.arranged or multiplies_bfloat16() else torch.float32
        if self.arranged:
            self.weight = arrange(weight.to(self.multiplied_as))
        else:
            self.register_buffer("weight", weight)
        self.register_buffer("bias", bias.to(self.multiplied_as))

    def prepare(self, rows: Any) -> Any:
        """rows (Tensor): Of any type. RETURNS (Tensor): In bfloat16, or rounded to it."""
        return rows.bfloat16().to(self.multiplied_as)

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Prepared. Shape: (rows, in). RETURNS (Tensor): Of the same type. Shape: (rows, out)"""
        if not self.arranged:
            return F.linear(rows, self.weight, self.bias)
        return multiply_arranged(rows, self.weight, self.bias)


class Int8Linear(InferenceLinear):
    """Weights of 8 bits with a scale for each output, inputs of 8 bits over the range of each row, so that a token with
    outliers takes nothing from the others, and what is hardly negative (behind GELU) not half of the numbers. torch
    offers such products to its compiler only; what it offers to all has one range for all rows (`RangeInt8Linear`).

        row = scale * numbers + lowest,   so   row @ weight = scale * (numbers @ weight) + lowest * sums of the weight

    linear (nn.Linear): The layer whose weights it copies.
    """

    scales: Tensor
    zeros: Tensor
    sums: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        weight = linear.weight.detach().float()
        scales = weight.abs().amax(dim=1).clamp(min=1e-12) / 127  # (out,)
        numbers = (weight / scales[:, None]).round()
        self.packed = torch.ops.onednn.qlinear_prepack(numbers.to(torch.int8), None)
        self.register_buffer("scales", scales)
        self.register_buffer("zeros", torch.zeros(len(weight), dtype=torch.long))
        self.register_buffer("sums", numbers.sum(dim=1) * scales)  # (out,)
        self.register_buffer("bias", linear.bias.detach().float())

    def prepare(self, rows: Any) -> Any:
        """rows (Tensor | Rows8): Shape: (rows, in). RETURNS (Rows8): In 8 bits."""
        return rows if isinstance(rows, Rows8) else round_rows(rows.float())

    def multiply(self, rows: Rows8) -> Tensor:
        """rows (Rows8): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        numbers, scale, lowest = rows.numbers, rows.scale, rows.lowest
        if not len(numbers):
            return scale.new_zeros(0, self.out_features)
        alone: tuple[object, ...] = ("none", [], "")  # nothing is fused behind the product
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            numbers, 1.0, 0, self.packed, self.scales, self.zeros, None, 1.0, 0, torch.float32, *alone
        )
        # In its own memory: behind the product more time goes by with fetching and storing than with computing.
        return product.mul_(scale).addcmul_(lowest, self.sums).add_(self.bias)


class RangeInt8Linear(InferenceLinear):
    """What there is for other processors: inputs are scaled by the range of all rows, to 8 bits, or to 7: processors
    without instructions for such products add pairs of them in 16 bits, which 8 would overflow.

    linear (nn.Linear): The layer whose weights it copies.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        weight = linear.weight.detach().float()
        scales = weight.abs().amax(dim=1).clamp(min=1e-12).double() / 127  # (out,)
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():
            # Tensors of quantized types are to go from torch, but nothing else that it has is as fast everywhere.
            warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
            quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
            self.packed = torch.ops.quantized.linear_prepack(quantized, linear.bias.detach().float())

    def prepare(self, rows: Any) -> Any:
        """rows (Tensor): Of any type. RETURNS (Tensor): In float32."""
        return rows.float()

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        product: Tensor = torch.ops.quantized.linear_dynamic(rows, self.packed, reduce_range=not has_vnni())
        return product


def round_rows(rows: Tensor) -> Rows8:
    """Round each row to 8 bits over its own range.

    rows (Tensor): In float32. Shape: (rows, width)
    RETURNS (Rows8): The same in 8 bits.
    """
    lowest = rows.amin(dim=1, keepdim=True)  # (rows, 1)
    steps = 255 / (rows.amax(dim=1, keepdim=True) - lowest).clamp_(min=1e-12)  # per unit
    # torch makes signed numbers of float32 several times as fast as unsigned ones. Their first bit is the other way.
    signed = rows.mul(steps).sub_(lowest * steps + 128).round_().to(torch.int8)
    return Rows8(signed.bitwise_xor_(-128).view(torch.uint8), steps.reciprocal_(), lowest)
