"""The torch side of a pipe, as its task sees it.

An architecture function puts its kind of network into the attributes of the thinc model that it makes, and the pipe
makes one of its model. So a task needs no import of torch: it asks its `network` for weights, labels, inputs, scores
and losses.

Architecture functions run on every `add_pipe` and on every load, so they read and initialize nothing: weights come from
the saved pipeline, or from a checkpoint at `initialize` or at first use (see `weights`). What they have in common:

checkpoint (str | None): A folder or a hub name of the published class that the architecture is for; None for the model
    that ships with the package, of which other heads than its own take the encoder.
window (int | None): Most pieces of an input, special tokens not counted; None for all that the encoder has. Longer
    documents are read in windows.
overlap (int | None): Pieces that consecutive windows share at least; None for 128, or a third of a smaller window.
head_learn_rate_scale (float): The head's learning rate, as a multiple of the encoder's.
mixed_precision (bool): Train in bfloat16.
dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
RETURNS (Model): The model, without weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs
from torch import Tensor

from ..batch import LukeInputs
from ..errors import Errors
from ..inputs.batch import Arrays, window_batch
from ..inputs.pieces import encode_docs
from ..inputs.windows import Window, make_windows
from . import weights
from .optimizer import OPTIMIZER
from .saving import Saved
from .shim import LukeShim
from .threads import Runner

if TYPE_CHECKING:
    from ..nn.heads.base import LukeHead
    from ..tokenizer import BaseTokenizer

OVERLAP = 128
# What the authors of the checkpoints call the label that says "none".
OUTSIDE = ("NIL", "O", "no_relation")


class Network(Saved):
    """Weights and tokenizer of a model of ours.

    model (Model): What an architecture function made.
    """

    optimizer = OPTIMIZER  # for pipelines that name no other

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
    def no_relation(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): Labels that say "none": what `outside` of the config names, or the usual ones."""
        outside = getattr(self.settings, "outside", None)
        return OUTSIDE if outside is None else (outside,)

    @property
    def tokenizer(self) -> BaseTokenizer:
        """RETURNS (BaseTokenizer): The tokenizer that belongs to the weights."""
        return weights.get_tokenizer(self.model)

    def change(self, change: Callable[[Any], Any]) -> None:
        """Change the module, after a copy if other pipes use it too; the optimizer begins anew.

        change (Callable): What to do with the module.
        """
        weights.get_module(self.model)
        shim = weights.get_shim(self.model)
        change(shim.own_module())
        shim.forget_optimizer()

    # --- running ---------------------------------------------------------------------------

    def predict(self, batch: Any) -> Any:
        """batch (Any): What the model takes. RETURNS (Any): What it says, without gradients."""
        return self.model.predict(batch).cpu().numpy()

    def runner(self, budget: int) -> Runner:
        """budget (int): Most tokens that are read at the same time, padding included.
        RETURNS (Runner): Predicts batches, several at the same time where that is faster."""
        return Runner(self.model, self.predict, budget)

    def begin_update(self, batch: Any, *, recompute: bool) -> tuple[Any, Callable[[Any], Any]]:
        """batch (Any): What the model takes. recompute (bool): Don't keep inner states for the backward pass, compute
        them again. RETURNS (tuple): What the model says, and the callback for its gradients."""
        shim = weights.get_shim(self.model)
        shim.dropout, shim.recompute = self.model.attrs["dropout_rate"], recompute
        return self.model.begin_update(batch)

    # --- sizes -----------------------------------------------------------------------------

    def window_sizes(self, least: int = 1) -> tuple[int, int]:
        """How documents are cut: the settings `window` and `overlap`, or their defaults.

        least (int): Fewest pieces of a window that are of use.
        RETURNS (tuple[int, int]): Window and overlap.
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
        forward,
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


def forward(model: Model[Any, Any], batch: Any, is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    """As thinc's wrapper of PyTorch. For a list of Docs, as `spacy debug model` gives it, word states are the answer:
    what a head is asked about them, only its pipe knows."""
    if isinstance(batch, list):
        return _word_states(model, batch), lambda _: batch
    answer: tuple[Any, Callable[[Any], Any]] = pytorch_forward(model, batch, is_train)
    return answer


def _word_states(model: Model[Any, Any], docs: Sequence[Doc]) -> list[NDArray[np.float32]]:
    """RETURNS (list[ndarray]): The encoder's states of each document's first window, special tokens included."""
    tokenizer, size = weights.get_tokenizer(model), weights.most_pieces(model)
    pieces = encode_docs(docs, tokenizer)
    windows = [next(iter(make_windows(i, p, size, 0)), Window(i, 0, 0)) for i, p in enumerate(pieces)]
    inputs = tensors_of(model, window_batch(windows, pieces, tokenizer).inputs)
    with torch.no_grad():
        luke: Any = weights.get_shim(model).predictor.luke
        states = luke(inputs.input_ids, inputs.attention_mask, inputs.token_type_ids).last_hidden_state
    return [row[: len(window) + 2].float().cpu().numpy() for row, window in zip(states, windows, strict=True)]


def tensors_of(model: Model[Any, Any], batch: Arrays) -> LukeInputs[Tensor]:
    """RETURNS (LukeInputs): A batch as tensors where the weights are. Token types only if the model reads the case of
    words by them."""
    module = weights.get_module(model)
    if not getattr(module.config, "case_token_types", False):
        batch = replace(batch, token_type_ids=None)
    return batch.map(partial(torch.as_tensor, device=module.device))


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
