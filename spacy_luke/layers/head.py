"""The published heads on text as thinc `Model`s: a PyTorchWrapper around one of `nn.heads`, with its tokenizer.

The architecture functions run on every `add_pipe` and on every load, so they read and initialize nothing; see
`weights` for where weights come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs
from torch import Tensor

from ..errors import Errors
from ..inputs.texts import TextBatch, TextReader
from ..nn.heads.base import LabelHead, LukeHead
from . import weights
from .shim import LukeShim
from .store import Checkpoint, load_shared

MIN_LENGTH = 8  # special tokens, and something of each of two texts


@dataclass(frozen=True)
class HeadSettings:
    """What the config says of a head, beside its weights.

    task (str): The published class.
    checkpoint (str | None): Where weights come from if no saved pipeline brings them; None for the default model.
    max_length (int | None): Most pieces of an input; None for all the encoder's positions.
    overlap (int): Pieces that consecutive windows share at least.
    """

    task: str
    checkpoint: str | None
    max_length: int | None
    overlap: int

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(self.checkpoint, self.task)


def head_architecture(task: str) -> Callable[..., Model[TextBatch, Tensor]]:
    """Make the architecture function of a published class; they differ in nothing else.

    task (str): The class, such as "LukeForSequenceClassification".
    RETURNS (Callable): The function.
    """

    def build(
        checkpoint: str | None = None,
        max_length: int | None = None,
        overlap: int = 128,
        head_learn_rate_scale: float = 10.0,
        mixed_precision: bool = False,
        dtype: str = "float32",
    ) -> Model[TextBatch, Tensor]:
        """LUKE with a published head.

        checkpoint (str | None): A folder or a hub name; None for the encoder of the model that ships with the
            package, with a new head.
        max_length (int | None): Most pieces of an input, special tokens included; None for all that the encoder
            has. Longer documents are read in windows.
        overlap (int): Pieces that consecutive windows share at least, or half of a smaller window.
        head_learn_rate_scale (float): The head's learning rate, as a multiple of the encoder's. A pooling layer that
            the checkpoint lacks learns at the head's, too.
        mixed_precision (bool): Train and predict in bfloat16.
        dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
        RETURNS (Model[TextBatch, Tensor]): The model, without weights. It gives logits: (rows, labels) for texts,
            (rows, length, labels) for tokens, (rows, length, 2) for questions, (rows, 1) for choices.
        """
        return Model(
            "luke_head",
            pytorch_forward,
            attrs={
                "convert_inputs": _convert_inputs,
                "convert_outputs": convert_outputs,
                "dropout_rate": None,
                "settings": HeadSettings(task, checkpoint, max_length, overlap),
                "tokenizer": None,
            },
            shims=[LukeShim(None, head_learn_rate_scale, mixed_precision, dtype=dtype)],
            dims={"nI": None, "nO": None},
        )

    return build


build_sequence_classification = head_architecture("LukeForSequenceClassification")
build_token_classification = head_architecture("LukeForTokenClassification")
build_question_answering = head_architecture("LukeForQuestionAnswering")
build_multiple_choice = head_architecture("LukeForMultipleChoice")


def get_head(model: Model[Any, Any]) -> LukeHead:
    """RETURNS (LukeHead): The torch module behind the thinc model; see `weights.get_module`."""
    return weights.get_module(model)


def head_labels(model: Model[Any, Any]) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The labels of the head, in the order of its logits."""
    return tuple(get_head(model).config.id2label.values())


def problem_type(model: Model[Any, Any]) -> str:
    """RETURNS (str): What the head's labels mean: "regression", "single_label_classification" or
    "multi_label_classification"."""
    config = get_head(model).config
    return config.problem_type or ("regression" if config.num_labels == 1 else "single_label_classification")


def set_labels(model: Model[Any, Any], labels: Sequence[str], problem_type: str | None = None) -> None:
    """Give the model a new head for these labels.

    model (Model): From a `head_architecture`, with labels.
    labels (Sequence[str]): The labels.
    problem_type (str | None): What they mean; see `LukeConfig`.
    """
    get_head(model)
    shim = cast(LukeShim, model.shims[0])
    cast(LabelHead, shim.own_module()).set_labels(labels, problem_type)
    shim.forget_optimizer()


def text_reader(model: Model[Any, Any], *, doc_first: bool, by_token: bool) -> TextReader:
    """How documents are laid out for a model.

    model (Model): From a `head_architecture`.
    doc_first (bool): Whether the document stands before the text beside it.
    by_token (bool): Whether to tokenize each token on its own; models that read the case of words need it anyhow.
    RETURNS (TextReader): The reader.
    RAISES (ValueError): If the model's config asks for what the model can't read.
    """
    settings: HeadSettings = model.attrs["settings"]
    most = weights.most_pieces(model, n_special=0)
    longest = most if settings.max_length is None else settings.max_length
    if not MIN_LENGTH <= longest <= most:
        raise ValueError(
            Errors.L436.format(name="max_length", allowed=f"from {MIN_LENGTH} to {most} here", value=longest)
        )
    if settings.overlap < 0:
        raise ValueError(Errors.L436.format(name="overlap", allowed="0 or more", value=settings.overlap))
    by_token = by_token or getattr(get_head(model).config, "case_token_types", False)
    return TextReader(weights.get_tokenizer(model), longest, settings.overlap, doc_first, by_token)


# --- between numpy and torch ---------------------------------------------------------------


def _convert_inputs(
    model: Model[Any, Any], batch: TextBatch, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    module = get_head(model)
    kwargs = {"input_ids": torch.from_numpy(batch.ids), "attention_mask": torch.from_numpy(batch.mask).long()}
    if getattr(module.config, "case_token_types", False):
        kwargs["token_type_ids"] = torch.from_numpy(batch.cases)
    if batch.entity_ids.shape[1]:
        kwargs["entity_ids"] = torch.from_numpy(batch.entity_ids)
        kwargs["entity_position_ids"] = torch.from_numpy(batch.entity_positions)
        kwargs["entity_attention_mask"] = torch.from_numpy(batch.entity_mask).long()
    if model.attrs["settings"].task == "LukeForMultipleChoice":
        kwargs = {
            name: tensor.unsqueeze(1) for name, tensor in kwargs.items()
        }  # a row is a question with one choice
    kwargs = {name: tensor.to(module.device) for name, tensor in kwargs.items()}
    if is_train:
        shim = cast(LukeShim, model.shims[0])
        shim.dropout, shim.recompute = model.attrs["dropout_rate"], batch.recompute
    return ArgsKwargs(args=(), kwargs={**kwargs, "return_dict": True}), lambda _: batch


def convert_outputs(
    model: Model[Any, Any], outputs: tuple[Any, Any], is_train: bool
) -> tuple[Tensor, Callable[[Tensor], ArgsKwargs]]:
    """In training, hand out a leaf: a loss accumulates in its `.grad`, which goes back at once."""
    output = outputs[1]
    logits = (
        output["logits"]
        if "logits" in output
        else torch.stack([output["start_logits"], output["end_logits"]], -1)
    )
    logits = logits.float()
    if not is_train:
        return logits, lambda _: ArgsKwargs((), {})

    def to_torch(answered: Tensor) -> ArgsKwargs:
        return ArgsKwargs(args=([logits],), kwargs={"grad_tensors": [answered.grad]})

    return logits.detach().requires_grad_(), to_torch
