"""What all heads have in common: the encoder, files of other tasks, and for most of them a classifier."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from ...batch import LukeInputs
from ...errors import Errors, Warnings
from ..config import LukeConfig
from ..layout import first_places, take_rows
from ..matching import fit_prefix
from ..model import LukeModel
from ..outputs import LukeModelOutput, ModelOutput
from ..pretrained import LukePreTrainedModel, init_module
from ..tracing import is_traced
from .losses import IGNORED, single_or_multi_label_loss
from .outputs import LabelOutput

JOINT = "LukeJointModel"
HEAD_CLASSES = (
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForSequenceClassification",
    "LukeForMultipleChoice",
    "LukeForTokenClassification",
    "LukeForQuestionAnswering",
    JOINT,
)
OutputT = TypeVar("OutputT", bound=ModelOutput)
UNTRAINED = "untrained"  # field of a saved configuration: parts of the model whose weights are random


class LukeHead(LukePreTrainedModel):
    """An encoder with something on top of it. config (LukeConfig): The model's configuration."""

    # Whether the published head's encoder has the pooling layer, even if the head doesn't use it.
    has_pooler: ClassVar[bool] = True

    def __init__(self, config: LukeConfig) -> None:
        super().__init__(config)
        self.luke = LukeModel(config, add_pooling_layer=self.has_pooler)

    def init_weights(self) -> None:
        """Draw new weights for the head; the encoder has drawn its own."""
        for name, module in self.named_children():
            if name != self.base_model_prefix:
                init_module(module, self.config.initializer_range)

    def encode(
        self,
        inputs: LukeInputs[Tensor],
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        *,
        words_needed: bool = True,
        padding_needed: bool = False,
    ) -> LukeModelOutput:
        """Run the encoder; arguments as in `LukeModel.forward`. RETURNS (LukeModelOutput): The states."""
        asked = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        needed = {"words_needed": words_needed, "padding_needed": padding_needed}
        return self.luke(**inputs.for_encoder(), **asked, return_dict=True, **needed)

    def make_output(
        self,
        kind: Callable[..., OutputT],
        states: LukeModelOutput,
        return_dict: bool | None,
        **values: Tensor | None,
    ) -> OutputT | tuple[Any, ...]:
        """Put what a head says together with the states that were asked for.

        kind (type): The output's class.
        states (LukeModelOutput): From the encoder.
        return_dict (bool | None): False for a tuple, None for what the configuration says.
        **values (Tensor | None): Losses and logits, by field.
        RETURNS (ModelOutput | tuple): The output.
        """
        between = {"hidden_states": states.hidden_states, "entity_hidden_states": states.entity_hidden_states}
        output = kind(**values, **between, attentions=states.attentions)
        wanted = self.config.return_dict if return_dict is None else return_dict
        return output if wanted else output.to_tuple()

    def mark_trained(self) -> None:
        """Note which new parts are about to learn: those that a gradient has reached."""
        if self.untrained:
            parts = {name: self.get_submodule(name) for name in self.untrained}
            self.untrained = tuple(name for name, part in parts.items() if not _has_learned(part))

    def saved_config(self) -> LukeConfig:
        """RETURNS (LukeConfig): The configuration as `config.json` has it, with the parts that are untrained."""
        config = super().saved_config()
        if self.untrained:
            setattr(config, UNTRAINED, list(self.untrained))
        return config

    def _load(
        self, weights: Mapping[str, Tensor], dtype: torch.dtype | None, ignore_mismatched_sizes: bool
    ) -> tuple[str, ...]:
        saved = saved_class(self.config)
        is_own = saved in {kind.__name__ for kind in type(self).__mro__}
        if not is_own and (saved is not None or not self.head_may_be_missing):
            # The head of another class may have the same names and shapes, but means something else.
            weights = fit_prefix(weights, self.base_model_prefix, is_base=True)
        missing = super()._load(weights, dtype, ignore_mismatched_sizes)
        if missing:
            origin = "" if is_own or saved is None else f" of a {saved}"
            message = Warnings.W201.format(model=type(self).__name__, parts=", ".join(missing), task=origin)
            warnings.warn(message, UserWarning, stacklevel=4)
        # From now on these fields are the model's; `saved_config` writes them.
        vars(self.config).pop("joint", None)
        parts = dict(self.named_modules()).keys() & set(vars(self.config).pop(UNTRAINED, ()))
        self.untrained = tuple(sorted({*self.untrained, *parts}))
        return missing


class LabelHead(LukeHead):
    """A head that gives labels: dropout and a linear layer on features of the encoder's states.

    A subclass says which features (`features`) and, if it is not by the labels' shape, which loss (`loss`).

    config (LukeConfig): The model's configuration.
    RAISES (ValueError): If there are no labels.
    """

    output_class: ClassVar[type[LabelOutput]]
    needs_words: ClassVar[bool] = True  # whether `features` looks at the states of words
    n_states: ClassVar[int] = 1  # how many states make a row of features
    n_labels: ClassVar[int | None] = None  # width of the logits; None means `config.num_labels`
    has_bias: ClassVar[bool] = True  # of the linear layer
    has_own_dropout: ClassVar[bool] = False  # whether `config.classifier_dropout` counts, if there is one

    def __init__(self, config: LukeConfig) -> None:
        count = config.num_labels if self.n_labels is None else self.n_labels
        if count < 1:
            name = type(self).__name__
            raise ValueError(Errors.L264.format(model=name, needed="one or more", found=0, example=2))
        super().__init__(config)
        self.num_labels = count
        own = config.classifier_dropout if self.has_own_dropout else None
        self.dropout = nn.Dropout(config.hidden_dropout_prob if own is None else own)
        self.classifier = nn.Linear(config.hidden_size * self.n_states, count, bias=self.has_bias)
        self.init_weights()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        entity_ids: Tensor | None = None,
        entity_attention_mask: Tensor | None = None,
        entity_token_type_ids: Tensor | None = None,
        entity_position_ids: Tensor | None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LabelOutput | tuple[Any, ...]:
        """Score the labels. The inputs are those of `LukeModel.forward`.

        labels (Tensor | None): The right answers, for a loss; see `loss`.
        RETURNS (LabelOutput | tuple): The logits, the loss if labels are given, and states as asked for.
        RAISES (ValueError): If an input or the labels are missing or have the wrong shape.
        """
        words = input_ids, attention_mask, token_type_ids, position_ids
        entities = entity_ids, entity_attention_mask, entity_token_type_ids, entity_position_ids
        inputs = LukeInputs(*words, *entities, head_mask, inputs_embeds)
        return self.answer(inputs, labels, output_attentions, output_hidden_states, return_dict)

    def set_labels(self, labels: Sequence[str], problem_type: str | None = None) -> None:
        """Replace the classifier by a new one, which is random and counts as untrained.

        labels (Sequence[str]): The names of its labels.
        problem_type (str | None): What the loss is; see `LukeConfig`.
        """
        self.num_labels = len(labels)
        self.config = LukeConfig.from_dict(
            self.config.to_dict(), id2label=dict(enumerate(labels)), problem_type=problem_type
        )
        old = self.classifier
        self.classifier = nn.Linear(old.in_features, self.num_labels, bias=self.has_bias).to(old.weight)
        init_module(self.classifier, self.config.initializer_range)
        self.untrained = tuple(sorted({*self.untrained, "classifier"}))

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """Choose what is labelled. states (LukeModelOutput): From the encoder. inputs (LukeInputs): Its inputs.
        RETURNS (Tensor): Shape: (..., n_states * width)"""
        raise NotImplementedError

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compare the logits with the right answers.

        logits (Tensor): Shape: (..., labels)
        labels (Tensor): A class for each row, shape (...), -100 for none; or for several labels a row, 0 or 1
            for each, shape (..., labels).
        RETURNS (Tensor): Shape: ()
        RAISES (ValueError): If shape or values do not fit the logits. (TypeError): if classes are no integers.
        """
        return single_or_multi_label_loss(logits, labels)

    def reads_padding(self, inputs: LukeInputs[Tensor], labels: Tensor | None) -> bool:
        """Whether a caller wants something of padding, e.g. by labels for it: then its states are computed as
        transformers does. If not, no logit or loss depends on them.

        inputs (LukeInputs): The encoder's inputs. labels (Tensor | None): The right answers.
        RETURNS (bool): Whether states of padding are read.
        """
        return False

    def hide_padding(self, logits: Tensor, inputs: LukeInputs[Tensor]) -> Tensor:
        """Keep scores of padding out of a softmax over places. logits (Tensor): From `score`.
        RETURNS (Tensor): The same without them, if there is such a softmax."""
        return logits

    def score(self, features: Tensor) -> Tensor:
        """features (Tensor): Shape: (..., n_states * width). RETURNS (Tensor): Logits (..., labels)"""
        return self.classifier(self.dropout(features))

    def answer(
        self,
        inputs: LukeInputs[Tensor],
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LabelOutput | tuple[Any, ...]:
        """What `forward` does with its inputs; other arguments as there. RETURNS (LabelOutput | tuple): See there."""
        reads_padding = self.reads_padding(inputs, labels)
        needed = {"words_needed": self.needs_words, "padding_needed": reads_padding}
        states = self.encode(inputs, output_attentions, output_hidden_states, **needed)
        logits = self.score(self.features(states, inputs))
        logits = logits if reads_padding else self.hide_padding(logits, inputs)
        loss = None if labels is None else self.loss(logits, labels)
        return self.make_output(self.output_class, states, return_dict, loss=loss, logits=logits)


def saved_class(config: LukeConfig) -> str | None:
    """config (LukeConfig): A checkpoint's. RETURNS (str | None): Its class, if it is one of `HEAD_CLASSES`."""
    if hasattr(config, "joint"):
        return JOINT
    names = getattr(config, "architectures", None) or ()
    return next((name for name in names if name in HEAD_CLASSES), None)


def _has_learned(part: nn.Module) -> bool:
    """Whether a gradient has reached a part: all of it, for it may share a weight with another one that learns, and
    more than zeros, which are what remains of a batch without anything for it."""
    grads = [param.grad for param in part.parameters() if param.requires_grad]
    found = [grad for grad in grads if grad is not None]
    return len(found) == len(grads) and any(bool(grad.any()) for grad in found)


def labels_padding(labels: Tensor | None, mask: Tensor | None) -> bool:
    """labels (Tensor | None): Of places. Shape: (batch, places) or (batch, places, labels)
    mask (Tensor | None): 0 for padding. Shape: (batch, places)
    RETURNS (bool): Whether padding has labels that count."""
    if (
        labels is None or mask is None or labels.shape[:2] != mask.shape
    ):  # a wrong shape is the loss's concern
        return False
    return bool((labels[mask.to(labels.device) == 0] != IGNORED).any())


def first_entities(model: nn.Module, states: LukeModelOutput, mask: Tensor | None, count: int) -> Tensor:
    """model (Module): The head. states (LukeModelOutput): From the encoder.
    mask (Tensor | None): 0 for padding. Shape: (batch, entities). count (int): How many entities of each text.
    RETURNS (Tensor): States of the first ones that are no padding. Shape: (batch, count, width)
    RAISES (ValueError): If a text has not even padding for them."""
    entities = require_entities(model, states, count)
    return entities[:, :count] if mask is None else take_rows(entities, first_places(mask, count))


def lacks_entities(mask: Tensor | None, count: int) -> bool:
    """mask (Tensor | None): 0 for padding. Shape: (batch, entities). count (int): How many entities are needed.
    RETURNS (bool): Whether a text has fewer, so that padding is read. While torch records, it may have."""
    return mask is not None and (is_traced() or bool((mask.ne(0).sum(dim=1) < count).any()))


def require_entities(model: nn.Module, states: LukeModelOutput, least: int) -> Tensor:
    """model (Module): The head, to name it in the error. states (LukeModelOutput): From the encoder.
    least (int): How many entities a text must have. RETURNS (Tensor): Their states. Shape: (batch, entities, width)
    RAISES (ValueError): If there are fewer."""
    entities = states.entity_last_hidden_state
    found = 0 if entities is None else entities.shape[1]
    if entities is None or found < least:
        needed = f"entity_ids and entity_position_ids of {max(least, 1)} or more entities a text"
        got = "are missing" if entities is None else f"have {found}"
        raise ValueError(Errors.L261.format(model=type(model).__name__, needed=needed, got=got))
    return entities
