"""What the encoder and every head on it have in common: configuration, new weights, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import Errors
from ..files import replacing
from ..types import PathOrStr
from .checkpoint import SAFE_NAMES, load_weights, save_weights
from .config import LukeConfig, load_config_file
from .hub import in_variant, refuse_unknown, resolve_checkpoint, take_hub_options
from .matching import fit_weights
from .precision import set_precision
from .tables import ModelWithTables

if TYPE_CHECKING:
    from typing_extensions import Self


class LukePreTrainedModel(ModelWithTables):
    """Base of `LukeModel` and of the heads. A head puts its encoder at the attribute `luke` (`base_model_prefix`), adds
    its own modules, and calls `init_weights`.

    config (LukeConfig): The model's configuration.
    """

    # Arguments of __init__ besides the configuration; `from_pretrained` passes them on.
    init_options: ClassVar[tuple[str, ...]] = ()
    # Whether the tables are factors of products, not only read by rows: then they are of one type with the rest.
    multiplies_tables: ClassVar[bool] = False
    # Whether a checkpoint may lack the head, which is new then.
    head_may_be_missing: ClassVar[bool] = True
    # Modules that `from_pretrained` found no weights for: a new head, whose answers mean nothing yet.
    untrained: tuple[str, ...] = ()
    # What other libraries ask of any model.
    config_class = LukeConfig
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    framework = "pt"
    _keys_to_ignore_on_save: ClassVar[None] = None
    _tied_weights_keys: ClassVar[list[str] | None] = None
    _no_split_modules: ClassVar[list[str]] = ["LukeLayer", "LukeEmbeddings", "LukeEntityEmbeddings"]

    @classmethod
    def _from_config(cls, config: LukeConfig, **options: Any) -> Self:
        """What `AutoModel` calls. config (LukeConfig): The configuration. **options (Any): See `from_pretrained`.
        RETURNS (LukePreTrainedModel): A new model."""
        take_hub_options(options)
        dtype = options.pop("torch_dtype", None)
        model = cls(_change(config, options) if options else config)
        return model if dtype is None else model.to(_dtype(dtype))

    @property
    def name_or_path(self) -> str:
        """RETURNS (str): Where the configuration says that the model comes from, or ""."""
        return str(getattr(self.config, "_name_or_path", ""))

    def num_parameters(self, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """only_trainable (bool): Whether to leave out frozen ones. exclude_embeddings (bool): Whether to leave out
        tables. RETURNS (int): Number of weights; shared ones count once."""
        tables = {id(part.weight) for part in self.modules() if isinstance(part, nn.Embedding)}
        left_out = tables if exclude_embeddings else set()
        counted = (weight for weight in self.parameters() if id(weight) not in left_out)
        return sum(weight.numel() for weight in counted if weight.requires_grad or not only_trainable)

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """return_buffers (bool): Whether buffers count. RETURNS (int): Bytes of the weights."""
        parts = [*self.parameters(), *(self.buffers() if return_buffers else ())]
        return sum(part.nbytes for part in parts)

    def can_generate(self) -> bool:
        """RETURNS (bool): False; LUKE writes no text."""
        return False

    @property
    def dtype(self) -> torch.dtype:
        """RETURNS (torch.dtype): Type of the weights."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """RETURNS (torch.device): Where the weights are."""
        return next(self.parameters()).device

    def init_weights(self) -> None:
        """Draw new weights as RoBERTa does: normal with `initializer_range`, biases and padding rows zero."""
        init_module(self, self.config.initializer_range)

    def set_precision(self, name: str) -> None:
        """Arrange the encoder for fast inference from now on: the model can't be trained or saved any more.

        name (str): "float32" for equal results, "bfloat16" or "int8" for lower precision. States stay float32.
        RAISES (ValueError): If the name is unknown, or int8 is asked for elsewhere than on a processor.
        """
        set_precision(self, name)

    # --- training ------------------------------------------------------------------------

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Keep only the states between the layers while `forward` trains, and compute the rest again for the gradients:
        less memory, a third more time, the same numbers.

        gradient_checkpointing_kwargs (Mapping[str, Any] | None): Arguments of `torch.utils.checkpoint.checkpoint`;
            None means `use_reentrant=False`.
        """
        given = gradient_checkpointing_kwargs or {}
        self.base_model.encoder.checkpointing = {"use_reentrant": False, **given}

    def gradient_checkpointing_disable(self) -> None:
        """Keep everything again."""
        self.base_model.encoder.checkpointing = None

    @property
    def is_gradient_checkpointing(self) -> bool:
        """RETURNS (bool): Whether gradient checkpointing is on."""
        return self.base_model.encoder.checkpointing is not None

    def prune_heads(self, heads_to_prune: Mapping[int, Sequence[int]]) -> None:
        """Not possible, as in transformers: `head_mask` of `forward` silences heads.
        heads_to_prune (Mapping[int, Sequence[int]]): Of each layer. RAISES (NotImplementedError): Always."""
        raise NotImplementedError(Errors.L242.format(heads=dict(heads_to_prune)))

    # --- files ---------------------------------------------------------------------------

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: PathOrStr,
        *,
        config: LukeConfig | PathOrStr | None = None,
        dtype: torch.dtype | str | None = None,
        ignore_mismatched_sizes: bool = False,
        state_dict: Mapping[str, torch.Tensor] | None = None,
        variant: str | None = None,
        use_safetensors: bool | None = None,
        device_map: Any = None,
        output_loading_info: bool = False,
        **overrides: Any,
    ) -> Self:
        """Load a checkpoint: a folder in the published format, or a name on the Hugging Face hub.

        Every weight must fit; only heads may be missing (they are new then, see `untrained`) or left over.

        name_or_path (str | os.PathLike): The folder or name.
        config (LukeConfig | str | os.PathLike | None): A configuration instead of the checkpoint's own.
        dtype (torch.dtype | str | None): Type to convert the weights to, such as torch.bfloat16 or "bfloat16"; "auto"
            for that in which they are stored; None means float32. `torch_dtype` is its older name.
        ignore_mismatched_sizes (bool): Whether a head of another size, e.g. for other labels, counts as missing. If
            not it is an error, as anything else of another size is.
        state_dict (Mapping[str, Tensor] | None): Weights instead of the checkpoint's own.
        variant, use_safetensors: Which files of weights to read; see `load_weights`.
        device_map (Any): A device for the model, or "auto" for a GPU if there is one.
        output_loading_info (bool): Whether to return what was missing, too.
        **overrides (Any): Fields of the configuration to change; further arguments of the class, e.g.
            `add_pooling_layer` of `LukeModel`; and `revision`, `cache_dir`, `local_files_only`, `subfolder`, `token`
            and `force_download`, see `resolve_checkpoint`. Arguments of transformers that mean nothing here are
            ignored.
        RETURNS (LukePreTrainedModel): The model in evaluation mode; with `output_loading_info` a tuple of it and a
            dict, whose "missing_keys" are the weights that are new.
        RAISES (ValueError): If the checkpoint is damaged or doesn't fit. (CheckpointError): If it is missing.
            (TypeError): If a field is unknown.
        """
        where = take_hub_options(overrides)
        dtype = overrides.pop("torch_dtype", dtype)
        options = {name: overrides.pop(name) for name in cls.init_options if name in overrides}
        files: dict[str, Any] = {"variant": variant, "use_safetensors": use_safetensors}
        folder = resolve_checkpoint(name_or_path, **where, **files)
        if config is None:
            config = LukeConfig.from_dict(load_config_file(folder))
        elif not isinstance(config, LukeConfig):
            config = LukeConfig.from_pretrained(config, **{**where, "subfolder": ""})
        weights = load_weights(folder, variant, use_safetensors) if state_dict is None else state_dict
        found = _stored_dtype(config, weights) if dtype == "auto" else _dtype(dtype)
        model = cls.from_state(_change(config, overrides), weights, found, ignore_mismatched_sizes, **options)
        model = model if device_map is None else model.to(_device(device_map))
        if output_loading_info:
            return model, _loading_info(model)  # type: ignore[return-value]
        return model

    @classmethod
    def from_state(
        cls,
        config: LukeConfig,
        weights: Mapping[str, torch.Tensor],
        dtype: torch.dtype | None = None,
        ignore_mismatched_sizes: bool = False,
        **options: Any,
    ) -> Self:
        """Put the weights of a checkpoint into a new model.

        config (LukeConfig): The checkpoint's configuration; the model keeps this very object.
        weights (Mapping[str, Tensor]): Its weights by name.
        dtype (torch.dtype | None): Type to convert the weights to; None keeps those that they have, but for models that
            multiply by their tables. Then it takes no memory to load what is mapped from a file, but
            `predict_in_float32` or `float` has to come before use.
        ignore_mismatched_sizes (bool): See `from_pretrained`.
        **options (Any): Further arguments of the class.
        RETURNS (LukePreTrainedModel): The model in evaluation mode.
        RAISES (ValueError): If they do not fit.
        """
        with torch.device("meta"), NothingDrawn():  # no memory or random numbers for what is replaced
            model = cls(config, **options)
        if dtype is None and cls.multiplies_tables:
            dtype = torch.float32
        model._load(weights, dtype, ignore_mismatched_sizes)
        return model.eval()

    def _load(
        self, weights: Mapping[str, torch.Tensor], dtype: torch.dtype | None, ignore_mismatched_sizes: bool
    ) -> tuple[str, ...]:
        """Take over weights. RETURNS (tuple[str, ...]): Modules that there are none for, which are new."""
        state, missing = fit_weights(
            weights,
            self.state_dict(),
            self.base_model_prefix,
            is_base=not hasattr(self, self.base_model_prefix),
            tied=self.tied_weights(),
            head_may_be_missing=self.head_may_be_missing,
            ignore_mismatched_sizes=ignore_mismatched_sizes,
        )
        for name in missing:
            module = self.get_submodule(name).to_empty(device="cpu").to(dtype)
            init_module(module, self.config.initializer_range)
        if dtype is not None:
            # One after the other: what was read of a mapped one is given back before the next one is read.
            state = {name: state.pop(name).to(dtype) for name in list(state)}
        self.load_state_dict(state, strict=False, assign=True)
        self.untrained = tuple(sorted({*self.untrained, *missing}))
        return missing

    def save_pretrained(
        self,
        path: PathOrStr,
        is_main_process: bool = True,
        state_dict: Mapping[str, torch.Tensor] | None = None,
        *,
        safe_serialization: bool = True,
        variant: str | None = None,
        **options: Any,
    ) -> None:
        """Write `config.json` and `model.safetensors`; transformers loads the folder, too.

        path (str | os.PathLike): The folder; made if it does not exist.
        is_main_process (bool): False in all but one of several processes: they write nothing.
        state_dict (Mapping[str, Tensor] | None): Weights to write instead of the model's, by the same names.
        safe_serialization (bool): False for torch's pickle format, `pytorch_model.bin`.
        variant (str | None): A word for the name of the weights' file, e.g. "fp16".
        **options (Any): Arguments of transformers that mean nothing here: all weights go into one file, whatever
            `max_shard_size` is.
        RAISES (ValueError): If the path is a file, or the configuration cannot be written as JSON. (TypeError): If an
            option is unknown.
        """
        refuse_unknown(options)
        if not is_main_process:
            return
        folder = Path(path)
        if folder.is_file():
            raise ValueError(Errors.L221.format(path=folder))
        weights = self.saved_weights(state_dict)
        # What would be read instead of pickles goes.
        gone = () if safe_serialization else [in_variant(name, variant) for name in SAFE_NAMES]
        with replacing(folder, without=gone) as fresh:
            self.saved_config().save_pretrained(fresh)
            save_weights(fresh, weights, variant, safe_serialization)
        self.config.architectures = [type(self).__name__]

    def saved_config(self) -> LukeConfig:
        """RETURNS (LukeConfig): The configuration as `config.json` has it."""
        dtype = str(self.dtype).removeprefix("torch.")
        record = {"architectures": [type(self).__name__], "torch_dtype": dtype}
        return LukeConfig.from_dict(self.config.to_dict(), **record)

    def saved_weights(self, weights: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
        """weights (Mapping[str, Tensor] | None): Weights by name; None for those of the model.
        RETURNS (dict[str, Tensor]): All but those that are another one's."""
        tied = self.tied_weights()
        named = self.state_dict() if weights is None else weights
        return {name: w for name, w in named.items() if name not in tied}


class NothingDrawn(TorchFunctionMode):
    """Inside it, drawing random weights does nothing. On the meta device it would have no effect but to import 795
    modules of torch and sympy, which takes 1.4 seconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """func (Callable): What torch is about to call. RETURNS (Any): Its result; None if it is skipped."""
        is_drawing = getattr(func, "__name__", "") in {"normal_", "uniform_", "kaiming_uniform_"}
        return None if is_drawing else func(*args, **(kwargs or {}))


@torch.no_grad()
def init_module(module: nn.Module, std: float) -> None:
    """Draw new weights for a module and all below it, normal ones; biases and padding rows are zero, norms one.
    module (nn.Module): The module. std (float): Standard deviation."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Embedding)):
            part.weight.normal_(std=std)
        bias = getattr(part, "bias", None)
        if isinstance(bias, nn.Parameter):
            bias.zero_()
        if isinstance(part, nn.Embedding) and part.padding_idx is not None:
            part.weight[part.padding_idx].zero_()
        if isinstance(part, nn.LayerNorm):
            part.reset_parameters()
    for (
        part
    ) in module.modules():  # when all weights are drawn, heads whose first answers shall be "none" say so
        getattr(part, "start_from_none", lambda: None)()


def _change(config: LukeConfig, changes: dict[str, Any]) -> LukeConfig:
    """A copy with other values; a field that the configuration lacks is a mistake."""
    unknown = sorted(name for name in changes if not hasattr(config, name))
    if unknown:
        raise TypeError(Errors.L241.format(names=", ".join(unknown)))
    return LukeConfig.from_dict(config.to_dict(), **changes)


def _dtype(value: torch.dtype | str | None) -> torch.dtype:
    value = torch.float32 if value is None else value
    found = getattr(torch, value, value) if isinstance(value, str) else value
    if isinstance(found, torch.dtype):
        return found
    allowed = 'a type of torch, e.g. torch.bfloat16 or "bfloat16", or null for float32'
    raise TypeError(Errors.L201.format(name="dtype", value=value, allowed=allowed))


def _loading_info(model: LukePreTrainedModel) -> dict[str, list[str]]:
    """What transformers tells of a loaded model. What doesn't fit is an error here."""
    new = tuple(f"{part}." for part in model.untrained)
    missing = [name for name in model.state_dict() if name.startswith(new)] if new else []
    return {"missing_keys": missing, "unexpected_keys": [], "mismatched_keys": [], "error_msgs": []}


def _stored_dtype(config: LukeConfig, weights: Mapping[str, torch.Tensor]) -> torch.dtype:
    """The type that a checkpoint says it has, or that of its weights."""
    named = getattr(config, "torch_dtype", None)
    if named is not None:
        return _dtype(named)
    return next((w.dtype for w in weights.values() if w.is_floating_point()), torch.float32)


def _device(device_map: Any) -> torch.device:
    """The one device of a device map: its name or number, "auto" and the like, or a dict from parts to devices."""
    devices = set(device_map.values()) if isinstance(device_map, Mapping) else {device_map}
    only: Any = devices.pop() if len(devices) == 1 else None
    if only in ("auto", "balanced", "balanced_low_0", "sequential"):
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(only)
    except (RuntimeError, TypeError) as error:
        raise ValueError(Errors.L244.format(value=device_map)) from error
