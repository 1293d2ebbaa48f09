"""What a figure about speed depends on, beside the code."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from spacy_luke.nn.processor import processor_instructions

# What products of matrices are computed with, as torch names it.
INSTRUCTIONS = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


def describe_machine() -> dict[str, Any]:
    """Describe the machine and the libraries, for the record beside figures.

    RETURNS (dict[str, Any]): The processor's model, its instructions for products, cores, threads in use, and versions.
    """
    return {
        "cpu": _cpu(),
        "instructions": _instructions(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "spacy", "thinc")},
    }


def _instructions() -> list[str]:
    known = processor_instructions()
    return [name for name in INSTRUCTIONS if known.get(name, False)]


def _cpu() -> str:
    """The model's name; Linux tells it in a file, other systems by `platform`."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
