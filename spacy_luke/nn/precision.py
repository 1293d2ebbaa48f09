"""Faster matrix products for inference: the encoder's weights arranged for the processor, in 32, 16 or 8 bits."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import Errors
from .embeddings import LukeEmbeddings, LukeEntityEmbeddings
from .encoder import LukeEncoder, LukeOutput
from .linear import has_int8, has_onednn, has_vnni, lacks_bfloat16, warn_of_slow_bfloat16
from .paging import page_out

TYPICAL_ROWS = 512  # oneDNN asks for how many; weights arranged for one number serve all


class InferenceLinear(nn.Module):
    """A linear layer with weights of its own making, which takes and gives float32. It can't be trained or saved.

    linear (nn.Linear): The layer whose weights it copies.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.eval()

    def forward(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)
        RAISES (ValueError): In training."""
        if self.training:
            raise ValueError(Errors.L291)
        return self.multiply(rows)

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        raise NotImplementedError

    def __deepcopy__(self, memo: object) -> InferenceLinear:
        return self  # nobody changes its weights, and torch can't copy those that oneDNN arranged

    def _save_to_state_dict(self, destination: object, prefix: str, keep_vars: bool) -> None:
        raise ValueError(Errors.L291)


class Float32Linear(InferenceLinear):
    """The same products as before, by oneDNN with weights that are arranged once: for few rows arranging them costs
    more than multiplying. torch offers that to its compiler only; measured on a processor with AVX-512, a
    sentence of 30 tokens takes less than half the time, and no public way comes near.

    linear (nn.Linear): The layer whose weights it copies.
    """

    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        weight = linear.weight.detach().float()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_ROWS)
        self.register_buffer("bias", linear.bias.detach().float())

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.packed, self.bias, "none", [], "")
        return product


class BFloat16Linear(InferenceLinear):
    """Inputs and weights of bfloat16: fast where the processor has instructions for it, and slow where not.

    linear (nn.Linear): The layer whose weights it copies.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        self.register_buffer("weight", linear.weight.detach().bfloat16())
        self.register_buffer("bias", linear.bias.detach().bfloat16())

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        return F.linear(rows.bfloat16(), self.weight, self.bias).to(rows.dtype)


class Int8Linear(InferenceLinear):
    """Weights of 8 bits with a scale for each output, inputs of 8 bits over the range of each row, so that a token with
    outliers takes nothing from the others, and what is hardly negative (behind GELU) not half of the numbers. torch
    offers such products to its compiler only; what it offers to all has one range for all rows (`RangeInt8Linear`).

        row = lowest + scale * numbers,   so   row @ weight = scale * (numbers @ weight) + lowest * sums of the weight

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

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        if not len(rows):
            return rows.new_zeros(0, self.out_features)
        rows = rows.float()  # half precision would round what has 8 bits already
        lowest = rows.amin(dim=1, keepdim=True)  # (rows, 1)
        scale = (rows.amax(dim=1, keepdim=True) - lowest).clamp_(min=1e-12).div_(255)
        numbers = (
            (rows - lowest).div_(scale).add_(0.5).to(torch.uint8)
        )  # the half makes rounding of cutting off
        alone: tuple[object, ...] = ("none", [], "")  # nothing is fused behind the product
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            numbers, 1.0, 0, self.packed, self.scales, self.zeros, None, 1.0, 0, torch.float32, *alone
        )
        return torch.addcmul(self.bias, product, scale).addcmul_(lowest, self.sums)


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

    def multiply(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, in). RETURNS (Tensor): Shape: (rows, out)"""
        product: Tensor = torch.ops.quantized.linear_dynamic(rows, self.packed, reduce_range=not has_vnni())
        return product


PRECISIONS = ("float32", "bfloat16", "int8")


def check_precision(name: str) -> None:
    """name (str): What a user asks for. RAISES (ValueError): If it isn't one of `PRECISIONS`."""
    if name not in PRECISIONS:
        raise ValueError(Errors.L292.format(value=name, allowed=", ".join(PRECISIONS)))


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
                if kind is BFloat16Linear:  # which may go on with the very weights
                    setattr(parent, child, kind(module))
                else:
                    setattr(parent, child, kind(_in_float32(module, room)))
                    _let_go(module.weight)


def _room_for(encoder: LukeEncoder) -> Tensor:
    """Room for the largest weight that is to be converted. Used for all, it comes from memory once: what is taken and
    freed for each lies between what stays, so that the process keeps a tenth more than it needs."""
    stored = [weight for weight in encoder.parameters() if weight.dtype != torch.float32]
    return torch.empty(max((weight.numel() for weight in stored), default=0), dtype=torch.float32)


def _in_float32(linear: nn.Linear, room: Tensor) -> nn.Linear:
    """The layer, or for weights of another type a stand-in, whose weights lie in the room until the next one's."""
    weight = linear.weight.detach()
    if weight.dtype == torch.float32:
        return linear
    stand_in = nn.Linear(linear.in_features, linear.out_features, device="meta")
    converted = room[: weight.numel()].view_as(weight).copy_(weight)
    stand_in.weight = nn.Parameter(converted, requires_grad=False)
    stand_in.bias = nn.Parameter(linear.bias.detach().float(), requires_grad=False)
    return stand_in


def predict_in_float32(model: nn.Module) -> None:
    """Exchange the weights of other types in a model that predicts. The word and the entity table stay as they are:
    rows are converted once they are looked up, so that of a table that is mapped from a file only these are read.

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
    """A weight that is kept as it was stored, mapped from a file, has been copied and is needed only for training."""
    if weight.dtype != torch.float32 and weight.device.type == "cpu":
        page_out(weight)


def _kind_of(parent: nn.Module, name: str) -> type[InferenceLinear] | None:
    """What takes the place of a module's linear layers; None leaves them as they are."""
    if name == "bfloat16":
        return BFloat16Linear
    if name == "int8" and has_int8():
        return Int8Linear
    # The second product of the feed-forward network has inputs with outliers, beside which one range leaves little of
    # all others: with it in 8 bits twice as many decisions of the default model change.
    if name == "int8" and not isinstance(parent, LukeOutput):
        return RangeInt8Linear
    if name == "int8" and not lacks_bfloat16():
        return BFloat16Linear
    return Float32Linear if has_onednn() else None
