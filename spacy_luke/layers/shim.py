"""The shim between a model of ours and thinc: lazy loading, torch's optimizer, mixed precision, dropout, averages."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

import torch
from thinc.api import Optimizer, PyTorchShim
from thinc.types import ArgsKwargs
from thinc.util import get_torch_default_device, torch2xp, xp2torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..errors import Warnings
from ..nn.heads.base import LukeHead
from ..nn.precision import check_precision, copy_for_prediction
from ..nn.processor import warn_of_slow_bfloat16
from .optimizer import TorchOptimizer, ruins, sparse_tables

_ONE_AT_A_TIME = Lock()  # several threads may ask for the same predictor first


class LukeShim(PyTorchShim):  # type: ignore[misc]
    """A PyTorchShim that trains with torch's fused AdamW under spaCy's schedules.

    thinc's own shim hands each parameter to thinc's optimizer, one at a time and as dense arrays. Here the
    numbers of spaCy's optimizer (rate, betas, decay, clipping) drive torch's (`TorchOptimizer`), with a higher rate
    for heads, which start from nothing, than for the encoder.

    head_learn_rate_scale (float): The heads' learning rate, as a multiple of the encoder's.
    mixed_precision (bool): Train in bfloat16 where torch's autocast allows it; predictions follow `dtype` alone.
    dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
    method (str): The module's method that is run.
    heads (Sequence[str]): What the names of parameters begin with that learn at the heads' rate; empty for all
        that aren't the encoder's.
    """

    def __init__(
        self,
        head_learn_rate_scale: float,
        mixed_precision: bool,
        dtype: str,
        method: str = "__call__",
        heads: Sequence[str] = (),
    ) -> None:
        super().__init__(None)
        check_precision(dtype)
        self.dtype = dtype
        self._predictor: LukeHead | None = None  # has products of its own; gone as soon as weights change
        self.method = method
        self.heads = tuple(heads)
        self.head_learn_rate_scale = head_learn_rate_scale
        self.bfloat16 = mixed_precision
        self.shared = False
        self.dropout: float | None = None  # rate of all dropout layers in training; None for their own
        self.recompute = False  # compute inner states again for the backward pass, instead of keeping them
        self._torch_optimizer: TorchOptimizer | None = None
        self._steps = 0
        self._warned = False  # of a rate that ruins the encoder

    @property
    def module(self) -> LukeHead | None:
        """The module, or None until there are weights."""
        return self._model

    def set_module(self, model: LukeHead, *, shared: bool) -> None:
        """Put weights in.

        model (LukeHead): The module.
        shared (bool): Whether other pipes use the same module; training then makes a copy first.
        """
        # What other pipes use may be in the types that it is stored in. What is trained isn't.
        self._model = model if shared else model.to(get_torch_default_device(), torch.float32)
        self._model.eval()
        self.shared = shared
        self.forget_optimizer()

    def own_module(self) -> LukeHead:
        """RETURNS (LukeHead): The module, after a copy if other pipes use it too."""
        if self.shared:
            self.set_module(copy.deepcopy(self._model), shared=False)
        module: LukeHead = self._model
        return module

    def change_sharing(self, change: Callable[[LukeHead], Any]) -> None:
        """Change a copy of the module that shares all its weights with the old one, and use it from now on.

        change (Callable): What to do with the copy; the weights themselves must stay as they are.
        """
        same = {id(weight): weight for weight in self._model.parameters()}
        module: LukeHead = copy.deepcopy(self._model, same)
        change(module)
        self.set_module(module, shared=True)  # it has to be copied before it is trained

    def forget_optimizer(self) -> None:
        """Start with a fresh optimizer, because parameters were replaced."""
        self._torch_optimizer = None
        self._predictor = None

    def __getstate__(self) -> dict[str, Any]:
        # Made anew: the first for the processor that it is loaded on, the second, twice the weights, by the next step.
        return {**self.__dict__, "_predictor": None, "_torch_optimizer": None}

    # --- running ---------------------------------------------------------------------------

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the module without gradients."""
        with torch.no_grad():
            return getattr(self.predictor, self.method)(*inputs.args, **inputs.kwargs)

    @property
    def predictor(self) -> LukeHead:
        """The module with other products in its encoder, in float32 otherwise; weights that have no need to be
        converted are the same in memory, and so are the tables."""
        with _ONE_AT_A_TIME:
            if self._predictor is None:
                self._predictor = copy_for_prediction(self._model, self.dtype)
            return self._predictor

    def begin_update(self, inputs: ArgsKwargs) -> tuple[Any, Callable[..., Any]]:
        """Run the module with gradients.

        inputs (ArgsKwargs): What the module's forward takes.
        RETURNS (tuple): The output and a callback that takes ArgsKwargs for `torch.autograd.backward`.
        """
        module, rate, mixed = self.own_module(), self.dropout, self.bfloat16
        if mixed:
            warn_of_slow_bfloat16(self.device)

        def run(*_: Tensor) -> Any:
            autocast = torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed)
            with _training(module, rate), autocast:
                return getattr(module, self.method)(*inputs.args, **inputs.kwargs)

        # The checkpoint restores the random state of the devices that it sees arguments on: it is shown a weight.
        output = checkpoint(run, next(module.parameters()), use_reentrant=False) if self.recompute else run()

        def backprop(grads: ArgsKwargs) -> None:
            torch.autograd.backward(*grads.args, **grads.kwargs)

        return output, backprop

    # --- updating --------------------------------------------------------------------------

    def finish_update(self, optimizer: Optimizer) -> None:
        """Take one step with the gradients that are there.

        optimizer (Optimizer): spaCy's optimizer; its current numbers and its averages are used.
        """
        if self._model is None or all(p.grad is None for p in self._model.parameters()):
            return
        if self._torch_optimizer is None:
            scale = self.head_learn_rate_scale
            self._torch_optimizer = TorchOptimizer(self._model, self.heads, scale, optimizer)
        if not self._warned and ruins(optimizer, self._model.config.hidden_size):
            self._warned = True
            warnings.warn(Warnings.W309.format(rate=float(optimizer.learn_rate)), stacklevel=2)
        self._model.mark_trained()
        self._torch_optimizer.step(optimizer)
        self._predictor = None
        if optimizer.averages is not None:
            self._average(optimizer)

    def _average(self, optimizer: Optimizer) -> None:
        """Keep running averages where thinc keeps them, with thinc's own warm-up of the decay."""
        key = f"pytorch_{self.id}_"
        self._steps += 1
        decay = min(0.9999, (1.0 + self._steps) / (10.0 + self._steps))
        for name, param in self._model.named_parameters():
            average = optimizer.averages.get(key + name)
            if average is None:
                optimizer.averages[key + name] = torch2xp(param.detach().clone())
            else:
                # In its own memory where thinc's arrays share it with torch. On Apple's devices they don't.
                moved = xp2torch(average, device=param.device).lerp_(param.detach(), 1.0 - decay)
                optimizer.averages[key + name] = torch2xp(moved)

    def training_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """What the next step depends on, beside spaCy's schedules.

        optimizer (Optimizer): spaCy's optimizer, which has the averages.
        RETURNS (dict[str, Any]): For `restore_training` in another process. The tensors are those in use.
        """
        parts = [] if self._torch_optimizer is None else self._torch_optimizer.parts
        key = f"pytorch_{self.id}_"
        averages = {} if optimizer.averages is None else optimizer.averages
        return {
            "weights": self._model.state_dict(),
            "moments": [part.state_dict() for part in parts],
            "averages": {name.removeprefix(key): average for name, average in averages.items()},
            "steps": self._steps,
        }

    def restore_training(self, state: Mapping[str, Any], optimizer: Optimizer) -> None:
        """Go on from a state of the same model.

        state (Mapping[str, Any]): From `training_state`.
        optimizer (Optimizer): spaCy's optimizer, of the same kind.
        """
        self.own_module().load_state_dict(state["weights"])
        self._model.mark_trained()
        self.forget_optimizer()
        scale = self.head_learn_rate_scale
        self._torch_optimizer = TorchOptimizer(self._model, self.heads, scale, optimizer)
        for part, moments in zip(self._torch_optimizer.parts, state["moments"], strict=True):
            part.load_state_dict(moments)
        if optimizer.averages is not None:
            optimizer.averages.update(
                {f"pytorch_{self.id}_{name}": value for name, value in state["averages"].items()}
            )
        self._steps = state["steps"]

    @contextlib.contextmanager
    def use_params(self, params: Mapping[Any, Any]) -> Iterator[None]:
        """Run with averaged parameters."""
        key = f"pytorch_{self.id}_"
        new = {k[len(key) :]: v for k, v in params.items() if isinstance(k, str) and k.startswith(key)}
        if not new:
            yield
            return
        module = self.own_module()
        named = dict(module.named_parameters())
        backup = {name: named[name].detach().clone() for name in new}
        _assign(named, {name: xp2torch(value, device=self.device) for name, value in new.items()})
        self._predictor = None
        try:
            yield
        finally:
            _assign(named, backup)
            self._predictor = None

    def copy(self) -> LukeShim:
        """RETURNS (LukeShim): A copy with weights of its own."""
        scale, mixed = self.head_learn_rate_scale, self.bfloat16
        copied = LukeShim(scale, mixed, self.dtype, self.method, self.heads)
        if self._model is not None:
            copied.set_module(copy.deepcopy(self._model), shared=False)
        return copied


def _assign(named: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in values.items():
            named[name].copy_(value)


@contextlib.contextmanager
def _training(module: nn.Module, rate: float | None) -> Iterator[None]:
    """Run in training mode, with one rate in all dropout layers: `training.dropout` of spaCy's config.

    Layers that the model's configuration switches off stay off: attention without dropout has a faster kernel.
    """
    layers = [m for m in module.modules() if isinstance(m, nn.Dropout) and m.p > 0]
    before = [layer.p for layer in layers]
    tables = sparse_tables(module)
    for table in tables:
        table.sparse = True
    for layer in layers:
        layer.p = layer.p if rate is None else rate
    module.train()
    try:
        yield
    finally:
        module.eval()
        for layer, p in zip(layers, before, strict=True):
            layer.p = p
        for table in tables:
            table.sparse = False
