"""Whether torch is recording a model: `torch.jit.trace`, `torch.export`, `torch.onnx.export` and `torch.compile`."""

from __future__ import annotations

import torch


def is_traced() -> bool:
    """RETURNS (bool): Whether what is computed is recorded, to be done again with inputs of other lengths and masks.
    Then nothing may be decided by a look at them: all is computed in the padded layout, in the same way."""
    is_tracing: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return is_tracing or torch.compiler.is_compiling()
