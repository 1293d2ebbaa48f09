"""From arrays to tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..batch import LukeInputs


def to_tensors(inputs: LukeInputs[Any], device: torch.device) -> LukeInputs[Tensor]:
    """Bring a batch to where a model is.

    inputs (LukeInputs): Arrays of numpy, or tensors.
    device (torch.device): The model's.
    RETURNS (LukeInputs): Tensors there.
    """
    return inputs.map(lambda array: torch.as_tensor(array).to(device))
