"""The joint model as a thinc `Model`: a PyTorchWrapper around `nn.heads.joint.LukeJointModel`, with its tokenizer.

The architecture function runs on every `add_pipe` and on every load, so it reads and initializes nothing. Weights
come in one of three ways: from the saved pipeline, from a checkpoint when the pipe is initialized for training,
or from a checkpoint when the pipe is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from thinc.api import Model
from thinc.types import ArgsKwargs
from torch import Tensor

from ..errors import Errors
from ..inputs.batch import Arrays, Targets
from ..nn.config import LukeConfig
from ..nn.heads.base import JOINT
from ..nn.heads.joint.model import LukeJointModel
from ..nn.heads.joint.outputs import JointOutput
from ..nn.heads.joint.rows import EntityRows
from ..nn.joint_config import JointConfig
from ..nn.outputs import WordStates
from .loss import joint_loss
from .network import Network, build_model, tensors_of
from .shim import LukeShim
from .store import DEFAULT_CHECKPOINT, Checkpoint, how_to_use, load_shared


@dataclass(frozen=True)
class JointInput:
    """One question to the joint model; see `LukeJointModel.forward` for the fields."""

    inputs: Arrays
    states: WordStates | None = None
    rows: EntityRows | None = None
    find: bool = False
    relation_floor: float | None = None


@dataclass(frozen=True)
class JointSettings:
    """What the config says of a joint model, beside its weights; see `build_joint`."""

    checkpoint: str | None
    ner: bool
    labels: bool
    relations: bool
    multi_label: bool
    window: int | None
    overlap: int | None
    words_attend_to_entities: bool | None
    entities_attend_to_entities: bool | None

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(
            self.checkpoint,
            JOINT,
            words_attend_to_entities=self.words_attend_to_entities,
            entities_attend_to_entities=self.entities_attend_to_entities,
        )


class JointNetwork(Network):
    """The joint model: windows of words in, scores of spans, entities and pairs out."""

    @property
    def joint(self) -> JointConfig:
        """RETURNS (JointConfig): Labels and sizes of the heads of the weights."""
        return self.module.joint

    @property
    def module(self) -> LukeJointModel:
        """RETURNS (LukeJointModel): The torch module."""
        return cast(LukeJointModel, super().module)

    @property
    def width(self) -> int | None:
        """The width of word states, before there are weights, too, and without loading or downloading any.

        RETURNS (int | None): What the weights say, or else the configuration of the checkpoint; None where this
            machine has none to read.
        """
        if self.has_weights:
            return int(self.config.hidden_size)
        return checkpoint_width(self.model)

    @property
    def other_head(self) -> tuple[str, str] | None:
        """Whether the checkpoint has a published head, which says nothing here.

        RETURNS (tuple[str, str] | None): Its class, and what reads it.
        """
        saved = (self.config.architectures or [""])[0]
        use = how_to_use(saved)
        return (saved, use) if use else None

    def build_heads(self, joint: JointConfig) -> None:
        """Make heads for these labels; those whose labels don't change keep their weights.

        joint (JointConfig): The new configuration of the heads.
        """
        self.change(lambda module: module.build_heads(joint))

    def predict(self, batch: JointInput) -> JointOutput:
        """batch (JointInput): From `ask`. RETURNS (JointOutput): What the heads say."""
        return self.model.predict(batch)

    def ask(self, inputs: Arrays, **asked: Any) -> JointInput:
        """inputs (LukeInputs): A batch of windows. **asked (Any): See `JointInput`.
        RETURNS (JointInput): What the model takes."""
        return JointInput(inputs, **asked)

    def loss(self, outputs: Sequence[JointOutput], targets: Sequence[Targets]) -> Tensor | None:
        """outputs (Sequence[JointOutput]): What the heads said, by batch. targets (Sequence[Targets]): The gold.
        RETURNS (Tensor | None): The sum of the heads' losses, shape (); None if none of them spoke."""
        losses = joint_loss(outputs, targets, self.joint.multi_label) if outputs else {}
        return torch.stack(list(losses.values())).sum() if losses else None


def checkpoint_width(model: Model[Any, Any]) -> int | None:
    """The width that word states will have, before there are weights, and without loading or downloading any.

    model (Model): From `build_joint`.
    RETURNS (int | None): What the configuration of the checkpoint says; None where this machine has none to read.
    """
    try:
        name = model.attrs["settings"].checkpoint or DEFAULT_CHECKPOINT
        return LukeConfig.from_pretrained(name, local_files_only=True).hidden_size
    except (TypeError, ValueError):  # a saved pipeline's weights need no checkpoint
        return None


def build_joint(
    checkpoint: str | None = None,
    ner: bool = True,
    labels: bool = True,
    relations: bool = True,
    multi_label: bool = False,
    window: int | None = None,
    overlap: int | None = None,
    words_attend_to_entities: bool | None = None,
    entities_attend_to_entities: bool | None = None,
    head_learn_rate_scale: float = 10.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[JointInput, JointOutput]:
    """Registered as `spacy-luke.Joint.v1`: LUKE with heads for spans, entities and relations.

    checkpoint (str | None): A folder or a hub name; None for the model that ships with the package.
    ner (bool): Score candidate spans, to find entities.
    labels (bool): Label entities.
    relations (bool): Relate pairs of entities.
    multi_label (bool): Whether an entity can have several labels at once, when new labels are trained.
    window (int | None): Pieces of a window, special tokens not counted; None for all the encoder has.
    overlap (int | None): Pieces that consecutive windows share at least: two mentions this close are always
        related. None for 128, or a third of a smaller window.
    words_attend_to_entities (bool | None): None for what the checkpoint was trained with.
    entities_attend_to_entities (bool | None): None for what the checkpoint was trained with.
    head_learn_rate_scale (float): The heads' learning rate, as a multiple of the encoder's.
    mixed_precision (bool): Train in bfloat16.
    dtype (str): Precision of the encoder's products in prediction, whatever trains: "float32", "bfloat16" or "int8".
    RETURNS (Model[JointInput, JointOutput]): The model, without weights.
    """
    settings = JointSettings(
        checkpoint,
        ner,
        labels,
        relations,
        multi_label,
        window,
        overlap,
        words_attend_to_entities,
        entities_attend_to_entities,
    )
    return build_model(
        "luke_joint",
        JointNetwork,
        settings,
        LukeShim(None, head_learn_rate_scale, mixed_precision, dtype=dtype),
        _convert_inputs,
        _convert_outputs,
        replace_listener_cfg=_refuse_replacing,
    )


def _refuse_replacing(config: Any, listener_config: Any) -> Any:
    """What `nlp.replace_listeners` calls first, before it changes anything."""
    raise ValueError(Errors.L308)


# --- between numpy and torch ---------------------------------------------------------------


def _convert_inputs(
    model: Model[Any, Any], question: JointInput, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    kwargs = {**vars(question), "inputs": tensors_of(model, question.inputs)}
    return ArgsKwargs(args=(), kwargs=kwargs), lambda _: question


_DIFFERENTIABLE = (
    "word_states",
    "proposal_scores",
    "span_logits",
    "entity_states",
    "label_logits",
    "pair_logits",
)


def _convert_outputs(
    model: Model[Any, Any], outputs: tuple[Any, JointOutput], is_train: bool
) -> tuple[JointOutput, Callable[[JointOutput], ArgsKwargs]]:
    """In training, hand out leaves: what reads them accumulates in their `.grad`, which goes back at once."""
    output = outputs[1]
    if not is_train:
        return output, lambda _: ArgsKwargs((), {})
    values = {name: getattr(output, name) for name in _DIFFERENTIABLE if getattr(output, name) is not None}
    leaves = JointOutput(
        candidates=output.candidates, **{n: value.detach().requires_grad_() for n, value in values.items()}
    )

    def to_torch(answered: JointOutput) -> ArgsKwargs:
        pairs = [(value, getattr(answered, name).grad) for name, value in values.items()]
        read = [(value, grad) for value, grad in pairs if grad is not None]
        return ArgsKwargs(
            args=([value for value, _ in read],), kwargs={"grad_tensors": [grad for _, grad in read]}
        )

    return leaves, to_torch
