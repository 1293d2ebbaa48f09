"""Linear layers for prediction: weights arranged for the processor, in 32, 16 or 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import Errors
from .operators import (
    arrange,
    arrange_int8,
    arrange_range_int8,
    can_arrange,
    multiply_arranged,
    multiply_int8,
    multiply_range_int8,
)


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
    """A linear layer whose weights have another form. It can't be trained or saved.

    weight (Tensor): The weight, of any type, which is copied. Shape: (out, in)
    bias (Tensor): The bias. Shape: (out,)
    """

    arranged = True  # for the CPU: these weights can't move to another device

    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.register_buffer("bias", bias.detach().float())
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
        return self  # its weights never change, and torch can't copy those that oneDNN arranged

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> InferenceLinear:
        if self.arranged and fn(torch.empty(0)).device.type != "cpu":
            raise ValueError(Errors.L294)
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call,no-any-return]

    def _save_to_state_dict(self, destination: object, prefix: str, keep_vars: bool) -> None:
        raise ValueError(Errors.L291)


class Float32Linear(InferenceLinear):
    """The same products as before, by oneDNN.

    weight, bias (Tensor): See `InferenceLinear`.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight, bias)
        self.packed = arrange(weight.detach().float())

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        return multiply_arranged(rows, self.packed, self.bias)


class BFloat16Linear(InferenceLinear):
    """Inputs, weights and outputs of bfloat16: fast where the processor has instructions for it. On CPUs without any,
    the rounded inputs and weights are multiplied in float32.

    weight, bias (Tensor): See `InferenceLinear`.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight, bias)
        weight = weight.detach().bfloat16()
        types = [dtype for dtype in (torch.bfloat16, torch.float32) if can_arrange(dtype)]
        self.arranged = weight.device.type == "cpu" and bool(types)
        self.multiplied_as = types[0] if self.arranged else torch.bfloat16
        if self.arranged:
            self.weight = arrange(weight.to(self.multiplied_as))
        else:
            self.register_buffer("weight", weight)
        self.bias = bias.detach().bfloat16().to(self.multiplied_as)

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
    outliers takes nothing from the others, and values that are almost all positive (behind GELU) use all 256 numbers.

        row = scale * numbers + lowest,   so   row @ weight = scale * (numbers @ weight) + lowest * sums of the weight

    weight, bias (Tensor): See `InferenceLinear`.
    """

    scales: Tensor
    zeros: Tensor
    sums: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight, bias)
        weight = weight.detach().float()
        scales = weight.abs().amax(dim=1).clamp(min=1e-12) / 127  # (out,)
        numbers = (weight / scales[:, None]).round()
        self.packed = arrange_int8(numbers.to(torch.int8))
        self.register_buffer("scales", scales)
        self.register_buffer("zeros", torch.zeros(len(weight), dtype=torch.long))
        self.register_buffer("sums", numbers.sum(dim=1) * scales)  # (out,)

    def prepare(self, rows: Any) -> Any:
        """rows (Tensor | Rows8): Shape: (rows, in). RETURNS (Rows8): In 8 bits."""
        return rows if isinstance(rows, Rows8) else round_rows(rows.float())

    def multiply(self, rows: Rows8) -> Tensor:
        """rows (Rows8): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        numbers, scale, lowest = rows.numbers, rows.scale, rows.lowest
        if not len(numbers):
            return scale.new_zeros(0, self.out_features)
        product = multiply_int8(numbers, self.packed, self.scales, self.zeros)
        # In its own memory: behind the product more time goes by with fetching and storing than with computing.
        return product.mul_(scale).addcmul_(lowest, self.sums).add_(self.bias)


class RangeInt8Linear(InferenceLinear):
    """What there is for other processors: inputs of 8 bits, or of 7, over the range of all rows.

    weight, bias (Tensor): See `InferenceLinear`.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight, bias)
        self.packed = arrange_range_int8(weight.detach().float(), self.bias)

    def prepare(self, rows: Any) -> Any:
        """rows (Tensor): Of any type. RETURNS (Tensor): In float32."""
        return rows.float()

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        return multiply_range_int8(rows, self.packed)


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
