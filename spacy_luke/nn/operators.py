"""torch's operators that aren't public: products with weights that are arranged for the processor once.

torch has them for its own compiler, and may change or drop them in any release. So each is compared with a public
product once, on small matrices, before it is first used. Where it is missing or gives something else, we take the
public one.

What they pay for (`docs/SPEED.md`, AMD EPYC with AVX-512): in float32 a sentence of 30 tokens takes 0.4 of the time,
and in 8 bits 32 sentences take 0.46 of what they take in float32.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .processor import has_vnni

TYPICAL_ROWS = 512  # oneDNN asks for how many; weights arranged for one number serve all
_FAILURES = (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError)
_PLAIN: tuple[object, ...] = ("none", [], "")  # nothing is fused behind the product
logger = logging.getLogger("spacy_luke")


# --- float32 and bfloat16 ------------------------------------------------------------------


def arrange(weight: Tensor) -> Tensor:
    """Arrange weights for oneDNN. For few rows that costs more than multiplying, so it is done once.

    weight (Tensor): In float32 or bfloat16. Shape: (out, in)
    RETURNS (Tensor): For `multiply_arranged` alone.
    """
    arranged: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_ROWS)
    return arranged


def multiply_arranged(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """rows (Tensor): Of the weight's type. Shape: (rows, in). weight (Tensor): From `arrange`, or as it is, shape
    (out, in), which is slower for few rows. bias (Tensor | None): (out,)
    RETURNS (Tensor): Shape: (rows, out)"""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, *_PLAIN)
    return product


@cache
def can_arrange(dtype: torch.dtype) -> bool:
    """dtype (torch.dtype): float32 or bfloat16. RETURNS (bool): Whether to use the two functions above with it."""
    if not (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    ):
        return False
    rows, weight, bias = (part.to(dtype) for part in _small_product())
    most = 1e-4 if dtype == torch.float32 else 0.1
    return _agrees(
        f"products of arranged {dtype}",
        lambda: multiply_arranged(rows, arrange(weight), bias),
        lambda: F.linear(rows.float(), weight.float(), bias.float()),
        most,
    )


@cache
def can_multiply_plain() -> bool:
    """RETURNS (bool): Whether to use `multiply_arranged` with weights as they are."""
    rows, weight, bias = _small_product()
    return can_arrange(torch.float32) and _agrees(
        "products by oneDNN",
        lambda: multiply_arranged(rows, weight, bias),
        lambda: F.linear(rows, weight, bias),
        1e-4,
    )


# --- 8 bits --------------------------------------------------------------------------------


def arrange_int8(weight: Tensor) -> Tensor:
    """weight (Tensor): Signed, of 8 bits. Shape: (out, in). RETURNS (Tensor): For `multiply_int8` alone."""
    arranged: Tensor = torch.ops.onednn.qlinear_prepack(weight, None)
    return arranged


def multiply_int8(rows: Tensor, weight: Tensor, scales: Tensor, zeros: Tensor) -> Tensor:
    """Multiply 8 bits by 8 bits, and the result by a number for each output.

    rows (Tensor): Unsigned, of 8 bits. Shape: (rows, in)
    weight (Tensor): From `arrange_int8`.
    scales (Tensor): Shape: (out,)
    zeros (Tensor): Integer zeros. Shape: (out,)
    RETURNS (Tensor): In float32. Shape: (rows, out)
    """
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        rows, 1.0, 0, weight, scales, zeros, None, 1.0, 0, torch.float32, *_PLAIN
    )
    return product


@cache
def can_multiply_int8() -> bool:
    """RETURNS (bool): Whether to use the two functions above: the processor has instructions for such products, too."""
    if not has_vnni() or not can_arrange(torch.float32):
        return False
    rows, weight, bias = (part.mul(127).round() for part in _small_product())
    rows, scales = rows + 128, bias.abs() + 1
    zeros = torch.zeros(len(weight), dtype=torch.long, device="cpu")

    return _agrees(
        "products of 8 bits",
        lambda: multiply_int8(rows.to(torch.uint8), arrange_int8(weight.to(torch.int8)), scales, zeros),
        lambda: F.linear(rows, weight) * scales,
        1.0,  # of up to 100 million
    )


def arrange_range_int8(weight: Tensor, bias: Tensor) -> object:
    """Round weights to 8 bits, for products whose rows are rounded, too, over one range for all of them.

    weight (Tensor): In float32. Shape: (out, in)
    bias (Tensor): In float32. Shape: (out,)
    RETURNS (object): For `multiply_range_int8` alone.
    """
    scales = weight.abs().amax(dim=1).clamp(min=1e-12).double() / 127  # (out,)
    zeros = torch.zeros(len(weight), dtype=torch.long, device="cpu")
    with warnings.catch_warnings():
        # Tensors of quantized types are to go from torch, but nothing else that it has is as fast everywhere.
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        packed: object = torch.ops.quantized.linear_prepack(quantized, bias)
    return packed


def multiply_range_int8(rows: Tensor, weight: object) -> Tensor:
    """rows (Tensor): In float32. Shape: (rows, in). weight (object): From `arrange_range_int8`.
    RETURNS (Tensor): In float32. Shape: (rows, out)"""
    # Processors without instructions for such products add pairs of them in 16 bits, which 8 bits would overflow.
    product: Tensor = torch.ops.quantized.linear_dynamic(rows, weight, reduce_range=not has_vnni())
    return product


@cache
def can_multiply_range_int8() -> bool:
    """RETURNS (bool): Whether to use the two functions above."""
    rows, weight, bias = _small_product()
    return _agrees(
        "products of 8 bits over one range",
        lambda: multiply_range_int8(rows, arrange_range_int8(weight, bias)),
        lambda: F.linear(rows, weight, bias),
        0.3,
    )


# --- comparing -----------------------------------------------------------------------------


def _small_product() -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (tuple): Rows, weight and bias of numbers from -1 to 1, without drawing any."""
    numbers = torch.arange(7 * 64 + 48 * 64 + 48, device="cpu", dtype=torch.float32).mul(0.7).sin()
    rows, weight, bias = numbers.split([7 * 64, 48 * 64, 48])  # type: ignore[no-untyped-call]
    return rows.view(7, 64), weight.view(48, 64), bias


def _agrees(name: str, private: Callable[[], Tensor], public: Callable[[], Tensor], most: float) -> bool:
    """Whether two products are the same, but for rounding."""
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        wanted = public()
        try:
            found = private().float()
        except _FAILURES as error:  # it is missing, takes something else, or doesn't suit the processor
            logger.info("torch has no %s here: %s", name, error)
            return False
    same = found.shape == wanted.shape and bool(((found - wanted).abs() <= most).all())
    if not same:
        logger.warning("torch's %s differ from its public ones here, and aren't used.", name)
    return same
