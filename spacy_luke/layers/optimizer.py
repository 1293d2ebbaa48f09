"""torch's optimizers under the numbers of spaCy's, with large entity tables a row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from thinc.api import Optimizer
from torch import Tensor, nn

from ..nn.embeddings import LukeEntityEmbeddings
from ..nn.heads.masked_lm import LukeForMaskedLM

WELL_KNOWN = (
    "cpu",
    "cuda",
)  # devices where torch has sparse gradients and fused steps; Apple's have none or few
# In its first step Adam moves each weight by the whole rate. With this one it takes less than 0.01 of the default
# model's F1.
OPTIMIZER = {
    "@optimizers": "Adam.v1",
    "beta1": 0.9,
    "beta2": 0.999,
    "L2_is_weight_decay": True,
    "L2": 0.01,
    "grad_clip": 1.0,
    "use_averages": False,
    "eps": 1e-8,
    "learn_rate": 0.00001,
}
# One step of spaCy's default, 0.001, takes half of the default model's F1; one of 0.0001 on a document takes 0.02.
HIGHEST_RATE = 0.0003
NARROW = 128  # encoders below this width, which are made for tests, bear more
SPARSE_FROM = 4096  # entities; smaller tables are moved as a whole in no time


def sparse_tables(module: nn.Module) -> list[nn.Embedding]:
    """Entity tables of which a batch touches few rows, so that gradients of the others needn't exist.

    module (nn.Module): A model. One that predicts entities reads all rows of its table, and has none.
    RETURNS (list[nn.Embedding]): The tables.
    """
    if isinstance(module, LukeForMaskedLM):
        return []
    tables = [part.entity_embeddings for part in module.modules() if isinstance(part, LukeEntityEmbeddings)]
    return [
        table
        for table in tables
        if table.num_embeddings >= SPARSE_FROM and table.weight.device.type in WELL_KNOWN
    ]


class TorchOptimizer:
    """Fused AdamW (or what spaCy's optimizer asks for) for most parameters, its sparse kind for entity tables: rows
    that a step didn't read keep their weights, and don't decay.

    module (nn.Module): Whose parameters to move.
    heads (Sequence[str]): What the names of parameters begin with that learn at the heads' rate; empty for all
        that aren't the encoder's, and those of its pooling layer if it is as new as the head.
    head_scale (float): The heads' learning rate, as a multiple of the encoder's.
    optimizer (Optimizer): spaCy's optimizer.
    """

    def __init__(
        self, module: nn.Module, heads: Sequence[str], head_scale: float, optimizer: Optimizer
    ) -> None:
        self._params = list(module.parameters())
        tables = [table.weight for table in sparse_tables(module)]
        sparse = {id(table) for table in tables}
        groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
        for name, param in module.named_parameters():
            scale = head_scale if _is_head(module, name, tuple(heads)) else 1.0
            if id(param) not in sparse:
                groups.setdefault((scale, param.dim() > 1), []).append(param)  # biases and norms don't decay
        params: list[dict[str, Any]] = [
            {"params": p, "scale": s, "decays": d} for (s, d), p in groups.items()
        ]
        self.parts = [_make_dense(params, optimizer)]
        if tables:
            self.parts.append(_make_sparse([{"params": tables, "scale": 1.0}], optimizer))

    def step(self, optimizer: Optimizer) -> None:
        """Move the parameters by their gradients, which are gone then.

        optimizer (Optimizer): spaCy's optimizer; its current numbers are used.
        """
        if optimizer.grad_clip:
            clip(list(self._gradients()), float(optimizer.grad_clip))
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = float(optimizer.learn_rate) * group["scale"]
                if "betas" in group:
                    group["betas"] = (float(optimizer.b1), float(optimizer.b2))
                if "decays" in group:
                    group["weight_decay"] = float(optimizer.L2) if group["decays"] else 0.0
            part.step()
            part.zero_grad(set_to_none=True)

    def _gradients(self) -> Iterator[Tensor]:
        """All numbers of the gradients; of tables, those of the rows that were read."""
        for param in self._params:
            if param.grad is not None and param.grad.is_sparse:
                param.grad = param.grad.coalesce()
                yield param.grad.values()
            elif param.grad is not None:
                yield param.grad


def ruins(optimizer: Optimizer, width: int) -> bool:
    """optimizer (Optimizer): spaCy's optimizer. width (int): Of the encoder's states.
    RETURNS (bool): Whether a step of it ruins a pretrained encoder. Gradient descent moves little at any usual rate."""
    return width >= NARROW and optimizer.learn_rate > HIGHEST_RATE and not _is_plain(optimizer)


@torch.no_grad()
def clip(gradients: Sequence[Tensor], most: float) -> None:
    """Shrink gradients in place, all alike, if they are too large together; as `torch.nn.utils.clip_grad_norm_`.

    gradients (Sequence[Tensor]): The gradients.
    most (float): Most that the root of the sum of all squares may be.
    """
    if not gradients:
        return
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
    norm = torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device) for norm in norms]))
    scale = (most / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.to(gradient.device))


def _is_head(module: nn.Module, name: str, heads: tuple[str, ...]) -> bool:
    """Whether a parameter learns at the heads' rate."""
    if heads:
        return name.startswith(heads)
    new = tuple(f"{part}." for part in getattr(module, "untrained", ()))  # of the encoder: its pooling layer
    return name.startswith(new) or not name.startswith("luke.")


def _make_dense(params: list[dict[str, Any]], optimizer: Optimizer) -> torch.optim.Optimizer:
    options: dict[str, Any] = {"eps": float(optimizer.eps)}
    if optimizer.use_radam:
        return torch.optim.RAdam(params, decoupled_weight_decay=optimizer.L2_is_weight_decay, **options)
    fused = all(param.device.type in WELL_KNOWN for group in params for param in group["params"])
    if _is_plain(optimizer):  # weight decay is the same thing as L2 then
        return torch.optim.SGD(params, fused=fused)
    kind = torch.optim.AdamW if optimizer.L2_is_weight_decay else torch.optim.Adam
    return kind(params, fused=fused, **options)


def _make_sparse(params: list[dict[str, Any]], optimizer: Optimizer) -> torch.optim.Optimizer:
    if _is_plain(optimizer):
        return torch.optim.SGD(params)
    return torch.optim.SparseAdam(params, eps=float(optimizer.eps))


def _is_plain(optimizer: Optimizer) -> bool:
    """Whether it is gradient descent without moments, as thinc decides it: `SGD.v1` sets both betas to 0."""
    return not optimizer.use_radam and not (optimizer.b1 > 0 and optimizer.b2 > 0)
