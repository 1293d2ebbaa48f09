"""The precision of prediction: which linear layers replace those of the encoder, in 32, 16 or 8 bits."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..errors import Errors
from .checkpoint import MAPPED_FROM
from .embeddings import LukeEmbeddings, LukeEntityEmbeddings
from .encoder import LukeEncoder, LukeOutput
from .inference import BFloat16Linear, Float32Linear, InferenceLinear, Int8Linear, RangeInt8Linear
from .operators import can_arrange, can_multiply_int8, can_multiply_range_int8
from .paging import page_out
from .processor import lacks_bfloat16, warn_of_slow_bfloat16

PRECISIONS = ("float32", "bfloat16", "int8")
ModuleT = TypeVar("ModuleT", bound=nn.Module)


def check_precision(name: str) -> None:
    """name (str): What a user asks for. RAISES (ValueError): If it isn't one of `PRECISIONS`."""
    if name not in PRECISIONS:
        raise ValueError(Errors.L292.format(value=name, allowed=", ".join(PRECISIONS)))


def copy_for_prediction(model: ModuleT, name: str) -> ModuleT:
    """Copy a model for `set_precision` and `predict_in_float32`. What these leave as it is isn't copied: the tensors
    of both models are the same in memory.

    model (nn.Module): A model with weights as they were stored.
    name (str): One of `PRECISIONS`.
    RETURNS (nn.Module): The copy.
    """
    not_to_copy = {id(weight): weight for weight in model.parameters()}
    copied = copy.deepcopy(model, not_to_copy)
    set_precision(copied, name)
    predict_in_float32(copied)
    return copied


def set_precision(model: nn.Module, name: str) -> None:
    """Exchange the linear layers of all encoders in a model. For inference: they can't be trained or saved.

    model (nn.Module): A model with float32 weights, or such as `predict_in_float32` converts afterwards.
    name (str): One of `PRECISIONS`; "float32" leaves them as they are where nothing is known to be faster.
    RAISES (ValueError): If the name is unknown, or int8 is asked for elsewhere than on a processor.
    """
    check_precision(name)
    elsewhere = any(weight.device.type not in ("cpu", "meta") for weight in model.parameters())
    if name == "int8" and elsewhere:
        raise ValueError(Errors.L293)
    if name == "bfloat16" and not elsewhere:
        warn_of_slow_bfloat16(torch.device("cpu"))
    if name == "float32" and elsewhere:
        return
    for encoder in [part for part in model.modules() if isinstance(part, LukeEncoder)]:
        room = _room_for(encoder)
        for parent in list(encoder.modules()):
            for child, module in list(parent.named_children()):
                kind = _kind_of(parent, name)
                if not isinstance(module, nn.Linear) or kind is None:
                    continue
                weight = module.weight.detach()
                other = kind(weight if kind is BFloat16Linear else _in_float32(weight, room), module.bias)
                setattr(parent, child, other)
                if other.arranged:  # else it may go on with the very weights
                    _let_go(module.weight)


def _room_for(encoder: LukeEncoder) -> Tensor:
    """Room for the largest weight that is to be converted. Used for all, it comes from memory once; what is taken and
    freed for each lies between what stays, which the process keeps: 541 MB instead of up to 625 (base size)."""
    stored = [weight for weight in encoder.parameters() if weight.dtype != torch.float32]
    return torch.empty(max((weight.numel() for weight in stored), default=0), dtype=torch.float32)


def _in_float32(weight: Tensor, room: Tensor) -> Tensor:
    """The weight, converted in the room if it is of another type: it stays there until the next one comes."""
    return weight if weight.dtype == torch.float32 else room[: weight.numel()].view_as(weight).copy_(weight)


def predict_in_float32(model: nn.Module) -> None:
    """Convert the weights of a model for prediction. The word and the entity table stay as they are: rows are converted
    when they are looked up, so that only these are loaded of a table that is mapped from a file.

    model (nn.Module): A model with weights as they were stored. Weights that it shares with others stay theirs.
    """
    tables = {
        id(part.word_embeddings if isinstance(part, LukeEmbeddings) else part.entity_embeddings)
        for part in model.modules()
        if isinstance(part, (LukeEmbeddings, LukeEntityEmbeddings))
    }
    for part in model.modules():
        for name, weight in part.named_parameters(recurse=False):
            if weight.dtype != torch.float32 and id(part) not in tables:
                setattr(part, name, nn.Parameter(weight.detach().float(), requires_grad=False))
                _let_go(weight)


def _let_go(weight: Tensor) -> None:
    """Free the memory of a stored weight: it has been converted, and only training will need it again."""
    if weight.dtype != torch.float32 and weight.device.type == "cpu" and weight.nbytes >= MAPPED_FROM:
        page_out(weight)


def _kind_of(parent: nn.Module, name: str) -> type[InferenceLinear] | None:
    """What replaces a module's linear layers; None leaves them as they are."""
    if name == "bfloat16":
        return BFloat16Linear
    if name == "int8" and can_multiply_int8():
        return Int8Linear
    # The second product of the feed-forward network has inputs with outliers, beside which one range leaves little of
    # all others: with it in 8 bits twice as many decisions of the default model change.
    if name == "int8" and not isinstance(parent, LukeOutput) and can_multiply_range_int8():
        return RangeInt8Linear
    if name == "int8" and not lacks_bfloat16():
        return BFloat16Linear
    return Float32Linear if can_arrange(torch.float32) else None
