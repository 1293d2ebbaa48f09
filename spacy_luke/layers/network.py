"""The torch side of a pipe, as its task sees it.

An architecture function puts its kind of network into the attributes of the thinc model that it makes, and the pipe
makes one of its model. So a task needs no import of torch: it asks its `network` for weights, labels, inputs, scores
and losses. Weights are loaded when something first needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs
from torch import Tensor

from ..batch import LukeInputs
from ..errors import Errors
from ..inputs.batch import Arrays
from . import saving, weights
from .shim import LukeShim
from .threads import Runner

if TYPE_CHECKING:
    from ..nn.heads.base import LukeHead
    from ..tokenizer import LukeTokenizer

OVERLAP = 128


class Network:
    """Weights and tokenizer of a model of ours.

    model (Model): What an architecture function made.
    """

    def __init__(self, model: Model[Any, Any]) -> None:
        self.model = model
        self.settings: Any = model.attrs["settings"]  # what the model's config says beside its weights

    @property
    def has_weights(self) -> bool:
        """RETURNS (bool): Whether weights are loaded."""
        return weights.has_weights(self.model)

    @property
    def module(self) -> LukeHead:
        """RETURNS (LukeHead): The torch module."""
        return weights.get_module(self.model)

    @property
    def config(self) -> Any:
        """RETURNS (LukeConfig): The configuration of the weights."""
        return self.module.config

    @property
    def tokenizer(self) -> LukeTokenizer:
        """RETURNS (LukeTokenizer): The tokenizer that belongs to the weights."""
        return weights.get_tokenizer(self.model)

    @property
    def shim(self) -> LukeShim:
        """RETURNS (LukeShim): What holds the module."""
        return cast(LukeShim, self.model.shims[0])

    def change(self, change: Callable[[Any], Any]) -> None:
        """Change the module, after a copy if other pipes use it too; the optimizer begins anew.

        change (Callable): What to do with the module.
        """
        weights.get_module(self.model)
        change(self.shim.own_module())
        self.shim.forget_optimizer()

    # --- running ---------------------------------------------------------------------------

    def predict(self, batch: Any) -> Any:
        """batch (Any): What the model takes. RETURNS (Any): What it says, without gradients."""
        return self.model.predict(batch).cpu().numpy()

    def runner(self, budget: int) -> Runner:
        """budget (int): Most tokens that are read at the same time, padding included.
        RETURNS (Runner): Predicts batches, several at the same time where that is faster."""
        return Runner(self.model, self.predict, budget)

    def begin_update(self, batch: Any, *, recompute: bool) -> tuple[Any, Callable[[Any], Any]]:
        """Run the model with gradients.

        batch (Any): What the model takes.
        recompute (bool): Keep no inner states for the backward pass but compute them again then.
        RETURNS (tuple): What the model says, and the callback for its gradients.
        """
        self.shim.dropout, self.shim.recompute = self.model.attrs["dropout_rate"], recompute
        return self.model.begin_update(batch)

    # --- sizes -----------------------------------------------------------------------------

    def window_sizes(self, least: int = 1) -> tuple[int, int]:
        """How documents are cut: the settings `window` and `overlap`.

        least (int): Fewest pieces of a window that are of use.
        RETURNS (tuple[int, int]): Most pieces of a window, without the special tokens around it, and pieces that
            consecutive windows share at least: 128 or a third of a smaller window, if the config doesn't tell.
        RAISES (ValueError): If the config asks for larger windows than the encoder can read, or too small ones.
        """
        window = self.settings.window
        most = weights.most_pieces(self.model)
        if window is not None and not least <= window <= most:
            raise ValueError(Errors.L321.format(window=window, least=least, most=most))
        size = most if window is None else window
        overlap = self._overlap(size)
        if not 0 <= overlap < size:
            raise ValueError(Errors.L301.format(size=size, overlap=overlap))
        return size, overlap

    def _overlap(self, size: int) -> int:
        overlap: int | None = self.settings.overlap
        return min(OVERLAP, size // 3) if overlap is None else overlap

    # --- storing ---------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Configuration, weights and tokenizer."""
        return saving.model_to_bytes(self.model)

    def from_bytes(self, data: bytes) -> None:
        """data (bytes): From `to_bytes`."""
        saving.model_from_bytes(self.model, data)

    def to_disk(self, folder: Path) -> None:
        """folder (Path): Where to write weights and tokenizer in the published directory format."""
        saving.model_to_disk(self.model, folder)

    def from_disk(self, folder: Path) -> None:
        """folder (Path): What `to_disk` wrote."""
        saving.model_from_disk(self.model, folder)


def build_model(
    name: str,
    network: type[Network],
    settings: Any,
    shim: LukeShim,
    convert_inputs: Callable[..., Any] | None = None,
    convert_outputs: Callable[..., Any] | None = None,
    **attrs: Any,
) -> Model[Any, Any]:
    """Make a thinc model without weights: a PyTorchWrapper around a torch module.

    name (str): Its name.
    network (type[Network]): What tasks see of it.
    settings (Any): What the config says of it; `load()` gives the weights when they are needed.
    shim (LukeShim): Holds the module.
    convert_inputs (Callable | None): Turns a batch into the module's arguments; None for a published head's.
    convert_outputs (Callable | None): Turns its output into what tasks take; None for logits.
    **attrs (Any): Further attributes.
    RETURNS (Model): The model.
    """
    return Model(
        name,
        pytorch_forward,
        attrs={
            "convert_inputs": convert_inputs or convert_published,
            "convert_outputs": convert_outputs or convert_logits,
            "dropout_rate": None,
            "network": network,
            "settings": settings,
            "tokenizer": None,
            **attrs,
        },
        shims=[shim],
        dims={"nI": None, "nO": None},
    )


def tensors_of(model: Model[Any, Any], batch: Arrays) -> LukeInputs[Tensor]:
    """Bring a batch to where the weights are.

    model (Model): The model.
    batch (LukeInputs): Arrays.
    RETURNS (LukeInputs): Tensors. Token types only if the model reads the case of words by them.
    """
    module = weights.get_module(model)
    if not getattr(module.config, "case_token_types", False):
        batch = replace(batch, token_type_ids=None)
    return batch.map(lambda array: torch.as_tensor(array).to(module.device))


def convert_published(
    model: Model[Any, Any], batch: Arrays, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    """A batch as arguments of a published head."""
    return ArgsKwargs((), {**tensors_of(model, batch).present(), "return_dict": True}), lambda _: batch


def convert_logits(
    model: Model[Any, Any], outputs: tuple[Any, Tensor], is_train: bool
) -> tuple[Tensor, Callable[[Tensor], ArgsKwargs]]:
    """In training, hand out a leaf: a loss accumulates in its `.grad`, which goes back at once."""
    logits = outputs[1].float()
    if not is_train:
        return logits, lambda _: ArgsKwargs((), {})

    def to_torch(answered: Tensor) -> ArgsKwargs:
        learned = answered.grad is not None  # else there was nothing to learn
        grads = [answered.grad] if learned else []
        return ArgsKwargs(args=([logits] if learned else [],), kwargs={"grad_tensors": grads})

    return logits.detach().requires_grad_(), to_torch
