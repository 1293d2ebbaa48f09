"""What the processor can do."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ..errors import Warnings


@cache
def mkl_leaves_avx512() -> bool:
    """RETURNS (bool): Whether torch's float32 products could use AVX-512, but not by MKL."""
    is_amds = "AuthenticAMD" in _describe_processor()
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return is_amds and bool(has_onednn) and torch.backends.cpu.get_cpu_capability() == "AVX512"


@cache
def _describe_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.read_text(encoding="utf8") if cpuinfo.exists() else platform.processor()


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
