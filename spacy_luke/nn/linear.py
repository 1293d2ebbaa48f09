"""Linear layers in float32 at the rate that the processor can do."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import Warnings

CONVOLVE_FROM = 128  # rows; for fewer, arranging the weights anew costs as much as it spares

ROUND = 16  # rows; oneDNN's gradients of weights take three times as long where their number has few divisors


class Linear(nn.Linear):
    """A linear layer whose products are those of `multiply`."""

    def forward(self, input: Tensor) -> Tensor:
        """input (Tensor): Shape: (..., in). RETURNS (Tensor): Shape: (..., out)"""
        return multiply(input, self.weight, self.bias)


def multiply(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply as `F.linear` does, by oneDNN for many rows where MKL would leave AVX-512 unused.

    torch's float32 products are MKL's, which chooses its instructions by the processor's maker: on AMD's they reach
    half the rate of oneDNN's or less, in training too. torch takes oneDNN for convolutions, and a linear layer is
    one over an image of a single column, whose kernel is one point.

    input (Tensor): Shape: (..., in)
    weight (Tensor): Shape: (out, in)
    bias (Tensor | None): Shape: (out,)
    RETURNS (Tensor): Shape: (..., out)
    """
    if not _convolves(input, weight):
        return F.linear(input, weight, bias)
    rows = input.flatten(0, -2)  # (..., in) -> (rows, in)
    n_rows, width = rows.shape
    if torch.is_grad_enabled():
        rows = F.pad(rows, (0, 0, 0, -n_rows % ROUND))
    image = rows.view(1, len(rows), 1, width).permute(0, 3, 1, 2)  # (1, in, rows, 1), channels last in memory
    # The dilation changes nothing about a single point, but with it torch takes oneDNN for one thread, too.
    product = F.conv2d(image, weight[:, :, None, None], bias, dilation=2)  # (1, out, rows, 1)
    product = product.permute(0, 2, 3, 1).reshape(len(rows), len(weight))[:n_rows]
    return product.view(*input.shape[:-1], len(weight))  # (rows, out) -> (..., out)


def _convolves(input: Tensor, weight: Tensor) -> bool:
    return (
        input.numel() >= CONVOLVE_FROM * input.shape[-1]
        and input.dtype == weight.dtype == torch.float32
        and input.device.type == "cpu"
        and input.is_contiguous()
        and mkl_leaves_avx512()
        and not torch.is_autocast_enabled("cpu")
    )


@cache
def mkl_leaves_avx512() -> bool:
    """RETURNS (bool): Whether torch's float32 products could use AVX-512, but not by MKL."""
    is_amds = "AuthenticAMD" in _describe_processor()
    return is_amds and has_onednn() and torch.backends.cpu.get_cpu_capability() == "AVX512"


@cache
def _describe_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.read_text(encoding="utf8") if cpuinfo.exists() else platform.processor()


@cache
def has_onednn() -> bool:
    """RETURNS (bool): Whether torch has oneDNN's products with weights that are arranged once, for x86."""
    return (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


@cache
def multiplies_bfloat16() -> bool:
    """RETURNS (bool): Whether oneDNN has products of bfloat16 for this processor. Elsewhere torch's own take eight
    times as long as those of float32."""
    return has_onednn() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def processor_instructions() -> Mapping[str, Any]:
    """RETURNS (Mapping[str, Any]): Which instructions the processor has, by torch's names, beside other facts about it;
    nothing with older releases of torch, which don't tell."""
    return torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}


@cache
def has_vnni() -> bool:
    """RETURNS (bool): Whether the processor adds products of 8 bits in 32."""
    known = processor_instructions()
    return any(known.get(name, False) for name in ("avx512_vnni", "avx_vnni"))


@cache
def has_int8() -> bool:
    """RETURNS (bool): Whether torch has oneDNN's products of 8 bits, and the processor instructions for them."""
    if not (has_vnni() and has_onednn() and hasattr(torch.ops.onednn, "qlinear_pointwise")):
        return False
    return len(torch.ops.onednn.qlinear_pointwise.default._schema.arguments) == 13  # as `precision` calls it


@cache
def lacks_bfloat16() -> bool:
    """RETURNS (bool): Whether products of bfloat16 are slower than those of float32: without instructions for them, and
    on Intel's processors that have AVX-512's but no AMX (seen: half the rate)."""
    known = processor_instructions()
    quick = ["amx_bf16", "avx10_2", "bf16", "sve_bf16"]
    if "GenuineIntel" not in _describe_processor():
        quick.append("avx512_bf16")
    return bool(known) and not any(known.get(name, False) for name in quick)


def warn_of_slow_bfloat16(device: torch.device) -> None:
    """device (torch.device): Where products of bfloat16 are about to be computed."""
    if device.type == "cpu" and lacks_bfloat16():
        warnings.warn(Warnings.W202, stacklevel=3)
