"""The published heads on text as thinc `Model`s: a PyTorchWrapper around one of `nn.heads`, with its tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from thinc.api import Model
from thinc.types import ArgsKwargs
from torch import Tensor

from ..inputs.batch import Arrays
from ..inputs.texts import TextLayout
from ..nn.heads.base import LabelHead, LukeHead
from . import head_loss
from .network import OVERLAP, Network, build_model, convert_logits, tensors_of
from .shim import LukeShim
from .store import Checkpoint, load_shared

LEAST_WINDOW = 6  # something of each of two texts, and the special tokens between them


@dataclass(frozen=True)
class HeadSettings:
    """What the config says of a head, beside its weights.

    task (str): The published class.
    checkpoint (str | None): Where weights come from if no saved pipeline brings them; None for the default model.
    """

    task: str
    checkpoint: str | None

    @property
    def overrides(self) -> dict[str, bool | None]:
        """RETURNS (dict[str, bool | None]): Switches of the `LukeConfig`; None for what the weights were saved with."""
        return {}

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(self.checkpoint, self.task)

    def fit(self, module: LukeHead) -> LukeHead:
        """RETURNS (LukeHead): See `weights.set_weights`: the module as it is."""
        return module


@dataclass(frozen=True)
class WindowSettings(HeadSettings):
    """With what is said of windows; see `network`."""

    window: int | None
    overlap: int | None


class HeadNetwork(Network):
    """A published head with its labels."""

    @property
    def untrained(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The parts of the head whose weights are random."""
        return self.module.untrained

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (tuple[str, ...]): The labels, in the order of the logits."""
        return tuple(self.config.id2label.values())

    @property
    def words_see_entities(self) -> bool:
        """RETURNS (bool): Whether entities make a difference to what is said of words."""
        return bool(self.config.words_attend_to_entities)

    @property
    def reads_case(self) -> bool:
        """RETURNS (bool): Whether token types say the case of words."""
        return bool(getattr(self.config, "case_token_types", False))

    def set_labels(self, labels: Sequence[str], problem_type: str | None = None) -> None:
        """Make a new head.

        labels (Sequence[str]): Its labels.
        problem_type (str | None): What they mean; see `LukeConfig`.
        """
        self.change(lambda module: cast(LabelHead, module).set_labels(labels, problem_type))

    def _overlap(self, size: int) -> int:
        """Configs of earlier versions say 128 for the default, which was at most half of a window."""
        return min(OVERLAP, size // 2) if self.settings.overlap == OVERLAP else super()._overlap(size)


class TextNetwork(HeadNetwork):
    """A head on text, with its losses."""

    text_loss = staticmethod(head_loss.text_loss)
    choice_loss = staticmethod(head_loss.choice_loss)
    token_loss = staticmethod(head_loss.token_loss)
    answer_loss = staticmethod(head_loss.answer_loss)
    join_rows = staticmethod(head_loss.join_rows)

    @property
    def problem_type(self) -> str:
        """RETURNS (str): What the labels mean; see `LukeConfig`. If it doesn't say, one label is a number."""
        number = "regression" if self.config.num_labels == 1 else "single_label_classification"
        return str(self.config.problem_type or number)

    def layout(self, *, doc_first: bool, by_token: bool) -> TextLayout:
        """How documents are laid out.

        doc_first (bool): Whether the document stands before the text beside it.
        by_token (bool): Whether to tokenize each token on its own; models that read the case of words need it anyhow.
        RETURNS (TextLayout): The layout.
        RAISES (ValueError): If the model's config asks for what the model can't read.
        """
        size, overlap = self.window_sizes(LEAST_WINDOW)
        return TextLayout(self.tokenizer, size + 2, overlap, doc_first, by_token or self.reads_case)


def head_architecture(task: str) -> Callable[..., Model[Arrays, Tensor]]:
    """Make the architecture function of a published class; they differ in nothing else.

    task (str): The class, such as "LukeForSequenceClassification".
    RETURNS (Callable): The function.
    """

    def build(
        checkpoint: str | None = None,
        window: int | None = None,
        overlap: int | None = None,
        head_learn_rate_scale: float = 10.0,
        mixed_precision: bool = False,
        dtype: str = "float32",
        max_length: int | None = None,
    ) -> Model[Arrays, Tensor]:
        """LUKE with a published head. A text beside the document has up to half of a window; windows that it makes
        smaller share half of them at most. A pooling layer that the checkpoint lacks learns at the head's rate.

        max_length (int | None): The same as `window`, with two special tokens, in configs of earlier versions.
        RETURNS (Model[Arrays, Tensor]): It gives logits: (rows, labels) for texts, (rows, length, labels) for tokens,
            (rows, length, 2) for questions, (rows, 1) for choices. Further arguments: see `network`.
        """
        size = window if max_length is None else max_length - 2
        settings = WindowSettings(task, checkpoint, size, overlap)
        shim = LukeShim(head_learn_rate_scale, mixed_precision, dtype)
        choices = _convert_choices if task == "LukeForMultipleChoice" else None
        return build_model("luke_head", TextNetwork, settings, shim, choices, convert_outputs)

    return build


build_sequence_classification = head_architecture("LukeForSequenceClassification")
build_token_classification = head_architecture("LukeForTokenClassification")
build_question_answering = head_architecture("LukeForQuestionAnswering")
build_multiple_choice = head_architecture("LukeForMultipleChoice")


# --- between numpy and torch ---------------------------------------------------------------


def _convert_choices(
    model: Model[Any, Any], batch: Arrays, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    """Each row as a question with one choice."""
    inputs = tensors_of(model, batch).map(lambda tensor: tensor.unsqueeze(1))  # (rows, ...) -> (rows, 1, ...)
    return ArgsKwargs((), {**inputs.present(), "return_dict": True}), lambda _: batch


def convert_outputs(
    model: Model[Any, Any], outputs: tuple[Any, Any], is_train: bool
) -> tuple[Tensor, Callable[[Tensor], ArgsKwargs]]:
    """The logits of a published output, start and end of an answer beside each other; see `convert_logits`."""
    output, ends = outputs[1], ("start_logits", "end_logits")
    logits = output["logits"] if "logits" in output else torch.stack([output[end] for end in ends], -1)
    return convert_logits(model, (outputs[0], logits), is_train)
