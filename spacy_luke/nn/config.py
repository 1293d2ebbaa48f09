"""The description of a LUKE network: sizes, switches, labels."""

from __future__ import annotations

import copy
import inspect
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from ..errors import Errors
from ..files import read_json, replacing
from .activations import Activation, get_activation
from .hub import (
    HUB_OPTIONS,
    IGNORED,
    CheckpointError,
    refuse_unknown,
    resolve_checkpoint,
    take_hub_options,
)

CONFIG_NAME = "config.json"
# Of any size; and of layers, which are modules before a weight is compared with them.
MOST, MOST_LAYERS = 2**31 - 1, 1000


class LukeConfig:
    """Configuration of a LUKE model (Yamada et al. 2020, section 3).

    Fields that are not listed here are kept as attributes and saved again, so that a configuration
    survives the way through this class unchanged.

    vocab_size (int): Number of word tokens.
    entity_vocab_size (int): Number of entities, [PAD], [UNK], [MASK] (and [MASK2]) included.
    hidden_size (int): Width of the word and entity states.
    entity_emb_size (int): Width of the entity table. Projected to `hidden_size` if the two differ.
    num_hidden_layers (int): Number of transformer layers.
    num_attention_heads (int): Number of heads; divides `hidden_size`.
    intermediate_size (int): Width of the feed-forward layers.
    hidden_act (str | Callable): "gelu", "gelu_new", "relu", "silu" or a function.
    hidden_dropout_prob (float): Dropout on embeddings and layer outputs, in [0, 1].
    attention_probs_dropout_prob (float): Dropout on attention probabilities, in [0, 1].
    max_position_embeddings (int): Rows of the position tables. Word positions start at
        `pad_token_id + 1`, so a text may have `max_position_embeddings - pad_token_id - 1` tokens.
    type_vocab_size (int): Number of token types.
    initializer_range (float): Standard deviation of newly made weights.
    layer_norm_eps (float): Epsilon of the layer norms.
    use_entity_aware_attention (bool): Pick the query matrix by the kinds of the two tokens (section 3.2).
    classifier_dropout (float | None): Dropout of the classification heads; None means `hidden_dropout_prob`.
    pad_token_id (int): Id of the padding word token.
    bos_token_id (int | None): Id of the token that starts a text.
    eos_token_id (int | None): Id of the token that ends a text.
    words_attend_to_entities (bool): If false, words attend only to words: their states do not depend on the
        entity inputs and can be computed once for any number of entities. Published models: true.
    entities_attend_to_entities (bool): If false, an entity attends to the words and itself, to no other entity.
        Published models: true.
    output_attentions (bool): Default of the argument of `LukeModel.forward`.
    output_hidden_states (bool): Default of the argument of `LukeModel.forward`.
    return_dict (bool): Default of the argument of `LukeModel.forward`.
    problem_type (str | None): Loss of `LukeForSequenceClassification`: "regression",
        "single_label_classification" or "multi_label_classification"; None means told by the labels.
    tie_word_embeddings (bool): Whether `LukeForMaskedLM` scores words with the word table itself.
    num_labels (int | None): Number of labels of a head. By default as many as `id2label` has, or 2.
    id2label (Mapping[int | str, str] | None): Label of each class. Keys may be strings, as in JSON.
    label2id (Mapping[str, int] | None): The inverse. Made from `id2label` if not given.
    **kwargs (Any): Further fields.
    RAISES (ValueError): If a value is out of its range. (TypeError): if it has the wrong type.
    """

    model_type = "luke"
    # What other libraries ask of any configuration; a `config.json` may say something else.
    architectures: list[str] | None = None
    attribute_map: ClassVar[dict[str, str]] = {}
    is_composition: ClassVar[bool] = False
    is_decoder: bool = False
    is_encoder_decoder: bool = False
    keys_to_ignore_at_inference: ClassVar[list[str]] = []
    torch_dtype: torch.dtype | str | None = None
    torchscript: bool = False

    def __init__(
        self,
        vocab_size: int = 50267,
        entity_vocab_size: int = 500000,
        hidden_size: int = 768,
        entity_emb_size: int = 256,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        intermediate_size: int = 3072,
        hidden_act: str | Activation = "gelu",
        hidden_dropout_prob: float = 0.1,
        attention_probs_dropout_prob: float = 0.1,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        initializer_range: float = 0.02,
        layer_norm_eps: float = 1e-12,
        use_entity_aware_attention: bool = True,
        classifier_dropout: float | None = None,
        pad_token_id: int = 1,
        bos_token_id: int | None = 0,
        eos_token_id: int | None = 2,
        *,
        words_attend_to_entities: bool = True,
        entities_attend_to_entities: bool = True,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        return_dict: bool = True,
        problem_type: str | None = None,
        tie_word_embeddings: bool = True,
        num_labels: int | None = None,
        id2label: Mapping[int | str, str] | Mapping[int, str] | Mapping[str, str] | None = None,
        label2id: Mapping[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.entity_vocab_size = entity_vocab_size
        self.hidden_size = hidden_size
        self.entity_emb_size = entity_emb_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.hidden_act = hidden_act
        self.hidden_dropout_prob = hidden_dropout_prob
        self.attention_probs_dropout_prob = attention_probs_dropout_prob
        self.max_position_embeddings = max_position_embeddings
        self.type_vocab_size = type_vocab_size
        self.initializer_range = initializer_range
        self.layer_norm_eps = layer_norm_eps
        self.use_entity_aware_attention = use_entity_aware_attention
        self.classifier_dropout = classifier_dropout
        self.pad_token_id = pad_token_id
        self.bos_token_id = bos_token_id
        self.eos_token_id = eos_token_id
        self.words_attend_to_entities = words_attend_to_entities
        self.entities_attend_to_entities = entities_attend_to_entities
        self.output_attentions = output_attentions
        self.output_hidden_states = output_hidden_states
        self.return_dict = return_dict
        self.problem_type = problem_type
        self.tie_word_embeddings = tie_word_embeddings
        self.id2label = _parse_labels(id2label, num_labels)
        if not isinstance(label2id, (Mapping, type(None))):
            raise TypeError(Errors.L201.format(name="label2id", value=label2id, allowed="null or a dict"))
        self.label2id = _inverse(self.id2label) if label2id is None else dict(label2id)
        for name, value in kwargs.items():
            if name not in _NO_FIELDS:
                setattr(self, name, value)
        self._find_dtype()
        self.validate()

    @property
    def num_labels(self) -> int:
        """RETURNS (int): Number of labels of a head. Setting another gives new names to all labels."""
        return len(self.id2label)

    @num_labels.setter
    def num_labels(self, count: int) -> None:
        if count != len(self.id2label):
            self.id2label = _parse_labels(None, count)
            self.label2id = _inverse(self.id2label)

    def _find_dtype(self) -> None:
        """The type of the weights is a name in JSON."""
        value = self.torch_dtype
        if value == "auto":  # an order to a loader
            del self.torch_dtype
        elif isinstance(value, str):
            self.torch_dtype = getattr(torch, value.removeprefix("torch."), value)

    @property
    def use_return_dict(self) -> bool:
        """RETURNS (bool): Whether `forward` returns a `ModelOutput` unless told otherwise."""
        return self.return_dict

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LukeConfig) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    if TYPE_CHECKING:  # fields that this class does not know

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"

    def validate(self) -> None:
        """Check every field that a model is built from.

        RAISES (ValueError): If a value is out of its range. (TypeError): if it has the wrong type.
        """
        for name, kind in _FIELD_TYPES.items():
            value = getattr(self, name)
            if kind == "int":
                _check_int(name, value, least=0 if name == "pad_token_id" else 1)
            elif kind == "bool" and not isinstance(value, bool):
                raise TypeError(Errors.L201.format(name=name, value=value, allowed="true or false"))
            elif kind == "float" or (kind == "float | None" and value is not None):
                most = 1.0 if "dropout" in name else math.inf
                _check(name, value, (int, float), 0, most, f"a number from 0 to {most:g}")
        names = getattr(self, "architectures", None) or []
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            allowed = "null or a list of names of classes"
            raise TypeError(Errors.L201.format(name="architectures", value=names, allowed=allowed))
        problem = self.problem_type
        if problem not in (None, *PROBLEM_TYPES):
            allowed = f"null or one of {', '.join(PROBLEM_TYPES)}"
            raise ValueError(Errors.L201.format(name="problem_type", value=problem, allowed=allowed))
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(Errors.L204.format(width=self.hidden_size, heads=self.num_attention_heads))
        limit = min(self.vocab_size, self.max_position_embeddings - 1)
        if self.pad_token_id >= limit:  # the pad id is a row of the word table and of the position table
            allowed = f"0 to {limit - 1}"
            raise ValueError(
                Errors.L201.format(name="pad_token_id", value=self.pad_token_id, allowed=allowed)
            )
        get_activation(self.hidden_act)

    def get_text_config(self, decoder: bool = False) -> LukeConfig:
        """decoder (bool): Ignored. RETURNS (LukeConfig): This one: LUKE reads nothing but texts."""
        return self

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change some fields. changes (Mapping[str, Any]): Their values.
        RAISES (ValueError): If a value is out of its range. (TypeError): if it has the wrong type."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.validate()

    # --- conversion ----------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **overrides: Any) -> LukeConfig:
        """Make a configuration from the content of a `config.json`.

        data (Mapping[str, Any]): The fields; what is missing takes its default.
        **overrides (Any): Fields that replace those of `data`.
        RETURNS (LukeConfig): The configuration.
        RAISES (ValueError): If `model_type` names another architecture or a value is not allowed.
        """
        kind = data.get("model_type", cls.model_type)
        if kind != cls.model_type:
            raise ValueError(Errors.L205.format(kind=kind))
        merged = {**data, **overrides}
        if "num_labels" in overrides and "id2label" not in overrides:
            merged.pop("id2label", None)
        if "label2id" not in overrides and {"num_labels", "id2label"} & set(overrides):
            merged.pop("label2id", None)
        return cls(**copy.deepcopy(merged))

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All fields, unknown ones included, independent of this object."""
        fields = {**copy.deepcopy(vars(self)), "model_type": self.model_type}
        if isinstance(self.torch_dtype, torch.dtype):
            fields["torch_dtype"] = str(self.torch_dtype).removeprefix("torch.")
        return fields

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        **overrides: Any,
    ) -> LukeConfig:
        """Read the configuration of a checkpoint.

        name_or_path (str | os.PathLike): A folder with a `config.json`, or a name on the Hugging Face hub.
        **overrides (Any): Fields that replace those of the file; and `revision`, `cache_dir`, `local_files_only`,
            `subfolder`, `token` and `force_download`, see `resolve_checkpoint`.
        RETURNS (LukeConfig): The configuration.
        RAISES (ValueError): If its `config.json` cannot be read. (CheckpointError): If there is no such checkpoint.
        """
        where = take_hub_options(overrides)
        folder = resolve_checkpoint(name_or_path, patterns=(CONFIG_NAME,), **where)
        return cls.from_dict(load_config_file(folder), **overrides)

    def save_pretrained(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write `config.json`. path (str | os.PathLike): The folder; made if it does not exist.
        **options (Any): Arguments of transformers that mean nothing here, such as `token`.
        RAISES (ValueError): See `to_json_string`. (TypeError): If an option is unknown."""
        refuse_unknown(options)
        text = self.to_json_string()  # before a folder is made
        with replacing(path) as folder:
            (folder / CONFIG_NAME).write_text(text, encoding="utf8")

    @classmethod
    def from_json_file(cls, path: str | os.PathLike[str], **overrides: Any) -> LukeConfig:
        """path (str | os.PathLike): A file of any name. **overrides (Any): Fields that replace those of the file.
        RETURNS (LukeConfig): The configuration. RAISES (ValueError): If it is missing or can't be read."""
        return cls.from_dict(load_config_file(Path(path).parent, Path(path).name), **overrides)

    def to_json_file(self, path: str | os.PathLike[str]) -> None:
        """path (str | os.PathLike): A file of any name, to write. RAISES (ValueError): See `to_json_string`."""
        Path(path).write_text(self.to_json_string(), encoding="utf8")

    def to_json_string(self) -> str:
        """RETURNS (str): The content of a `config.json`.
        RAISES (ValueError): If a field cannot be written as JSON, e.g. a function in `hidden_act`."""
        try:
            return json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        except TypeError as error:
            raise ValueError(Errors.L206.format(reason=error)) from error


# What a `config.json` may have that is none of a model's fields. Earlier versions stored arguments of loaders, a token
# among them.
_NO_FIELDS = frozenset({*HUB_OPTIONS, *IGNORED, "use_auth_token", "device_map", "model_type"})
PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")
# The type of each field, as the signature says it.
_FIELD_TYPES = {
    name: parameter.annotation
    for name, parameter in inspect.signature(LukeConfig).parameters.items()
    if name not in ("num_labels", "kwargs")
}


def load_config_file(folder: Path, name: str = CONFIG_NAME) -> dict[str, Any]:
    """Read the `config.json` of a folder. name (str): Another name of the file.
    RETURNS (dict[str, Any]): Its fields. RAISES (ValueError): If it is missing or is not a JSON object."""
    path = folder / name
    if not path.is_file():
        raise CheckpointError(Errors.L207.format(file=name, folder=folder))
    data = read_json(path)
    if not isinstance(data, dict):
        raise ValueError(Errors.L113.format(path=path, error="it is not a JSON object"))
    return data


def _parse_labels(id2label: Mapping[Any, str] | None, num_labels: int | None) -> dict[int, str]:
    if id2label is None:
        count = 2 if num_labels is None else num_labels
        _check_int("num_labels", count, least=0)
        return {i: f"LABEL_{i}" for i in range(count)}
    try:
        labels = {int(i): label for i, label in id2label.items()}
        hash(tuple(labels.values()))  # they are keys of label2id
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(Errors.L209.format(value=id2label)) from error
    if sorted(labels) != list(range(len(labels))):
        raise ValueError(Errors.L209.format(value=id2label))
    if num_labels is not None and num_labels != len(labels):
        allowed = f"{len(labels)}, the number of labels in id2label"
        raise ValueError(Errors.L201.format(name="num_labels", value=num_labels, allowed=allowed))
    return dict(sorted(labels.items()))


def _inverse(labels: Mapping[int, str]) -> dict[str, int]:
    return {label: i for i, label in labels.items()}


def _check_int(name: str, value: Any, *, least: int) -> None:
    most = MOST_LAYERS if name == "num_hidden_layers" else MOST
    _check(name, value, int, least, most, f"an integer from {least} to {most}")


def _check(name: str, value: Any, kinds: Any, least: float, most: float, allowed: str) -> None:
    message = Errors.L201.format(name=name, value=value, allowed=allowed)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(message)
    if not least <= value <= most:
        raise ValueError(message)
