"""The non-linearities that a LUKE configuration may name in `hidden_act`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor

from ..errors import Errors

Activation = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {
    "gelu": F.gelu,  # exact (erf), as in the published checkpoints
    "gelu_new": partial(F.gelu, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
}


def get_activation(name: str | Activation) -> Activation:
    """name (str | Callable): One of the names in `ACTIVATIONS`, or the function itself.
    RETURNS (Callable): The function. RAISES (ValueError): If the name is unknown."""
    if callable(name):
        return name
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(Errors.L203.format(value=name, allowed=", ".join(sorted(ACTIVATIONS))))
    return ACTIVATIONS[name]
