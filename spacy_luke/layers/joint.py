"""The joint model as a thinc `Model`: a PyTorchWrapper around `nn.heads.joint.LukeJointModel`, with its tokenizer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import ArgsKwargs
from torch import Tensor

from ..errors import Errors
from ..inputs.batch import Arrays, Targets
from ..nn.config import LukeConfig
from ..nn.heads.base import JOINT, LukeHead
from ..nn.heads.joint.model import LukeJointModel
from ..nn.heads.joint.outputs import JointOutput
from ..nn.heads.joint.rows import EntityRows
from ..nn.heads.joint.taught import RULES, taught_widths
from ..nn.joint_config import JointConfig
from ..nn.outputs import WordStates
from . import weights
from .background import load_background, load_tables
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
    describe: bool = False


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
    outside: str | None
    max_span_width: int | None
    pair_layers: int | None

    @property
    def overrides(self) -> dict[str, bool | None]:
        """RETURNS (dict[str, bool | None]): See `HeadSettings.overrides`."""
        names = ("words_attend_to_entities", "entities_attend_to_entities")
        return {name: getattr(self, name) for name in names}

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(self.checkpoint, JOINT, **self.overrides)

    def fit(self, module: LukeHead) -> LukeHead:
        """See `weights.set_weights`: heads of the sizes that the config says."""
        joint = cast(LukeJointModel, module).joint
        sizes = {name: getattr(self, name) for name in ("max_span_width", "pair_layers")}
        fitted = joint.with_changes(**{name: size for name, size in sizes.items() if size is not None})
        if fitted == joint:
            return module
        fitting = cast(LukeJointModel, copy.deepcopy(module))
        fitting.build_heads(fitted)
        return fitting


class JointNetwork(Network):
    """The joint model: windows of words in, scores of spans, entities and pairs out."""

    ask = JointInput  # what the model takes, for tasks, which import nothing of `layers`
    taught_rules = RULES
    hard_negatives = 0.0  # see `threshold_loss`; what trains may set it

    @property
    def joint(self) -> JointConfig:
        """RETURNS (JointConfig): Labels and sizes of the heads of the weights."""
        return cast(LukeJointModel, self.module).joint

    @property
    def width(self) -> int | None:
        """RETURNS (int | None): Width of word states. Without weights it is what the checkpoint's configuration says;
        None where this machine has none to read. Nothing is loaded or downloaded for it."""
        if self.has_weights:
            return int(self.config.hidden_size)
        try:
            name = self.settings.checkpoint or DEFAULT_CHECKPOINT
            return LukeConfig.from_pretrained(name, local_files_only=True).hidden_size
        except (TypeError, ValueError):  # a saved pipeline's weights need no checkpoint
            return None

    @property
    def other_head(self) -> tuple[str, str] | None:
        """RETURNS (tuple[str, str] | None): Class of the checkpoint's published head, which says nothing here, and what
        reads it; None if it has none."""
        saved = (self.config.architectures or [""])[0]
        use = how_to_use(saved)
        return (saved, use) if use else None

    def build_heads(self, joint: JointConfig) -> None:
        """joint (JointConfig): Configuration to make heads for; those whose labels stay the same keep their weights."""
        self.change(lambda module: module.build_heads(joint))

    def teach(self, taught: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> None:
        """Put labels beside the heads. Other pipes with the same weights don't see them.

        taught (Mapping[str, Any]): See `JointConfig.taught`.
        values (Mapping[str, Mapping[str, ndarray]]): Rows and examples, see `LukeJointModel.set_taught`.
        """
        weights.get_module(self.model)
        weights.get_shim(self.model).change_sharing(
            lambda module: cast(LukeJointModel, module).set_taught(
                taught,
                {
                    task: {name: torch.as_tensor(v) for name, v in part.items()}
                    for task, part in values.items()
                },
            )
        )

    def taught_values(self, task: str) -> dict[str, Any]:
        """task (str): A task. RETURNS (dict[str, ndarray]): What `teach` put there; empty if nothing was taught."""
        taught = cast(LukeJointModel, self.module).taught
        found = taught[task].state_dict() if task in taught else {}
        return {name: value.float().cpu().numpy() for name, value in found.items()}

    @property
    def taught_widths(self) -> dict[str, int]:
        """RETURNS (dict[str, int]): Widths of the states that labels are taught on, by task."""
        return taught_widths(self.joint, self.config.hidden_size)

    def background(self) -> dict[str, NDArray[np.float32]]:
        """RETURNS (dict[str, ndarray]): States of general text that ship with these weights, by task; of shape
        (0, width) if there are none."""
        module = cast(LukeJointModel, self.module)
        found = next((states for folder in self._homes if (states := load_background(folder, module))), {})
        nothing = {task: np.zeros((0, width), dtype=np.float32) for task, width in self.taught_widths.items()}
        return {**nothing, **found}

    @property
    def taught_tables(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): What simulated teaching tells, by task, of these weights or of the default model;
        empty if there is nothing."""
        return next((tables for folder in self._homes if (tables := load_tables(folder))), {})

    @property
    def _homes(self) -> list[Path]:
        """Where weights like these may come from: a saved pipeline's are often those of the default model."""
        own = self.settings.checkpoint
        return [DEFAULT_CHECKPOINT] if own is None else [Path(own), DEFAULT_CHECKPOINT]

    def predict(self, batch: JointInput) -> JointOutput:
        """batch (JointInput): From `ask`. RETURNS (JointOutput): What the heads say."""
        return self.model.predict(batch)

    def loss(self, outputs: Sequence[JointOutput], targets: Sequence[Targets]) -> Tensor | None:
        """outputs (Sequence[JointOutput]): What the heads said, by batch. targets (Sequence[Targets]): The gold.
        RETURNS (Tensor | None): The sum of the heads' losses, shape (); None if none of them spoke."""
        losses = joint_loss(outputs, targets, self.joint.multi_label, self.hard_negatives) if outputs else {}
        return torch.stack(list(losses.values())).sum() if losses else None


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
    outside: str | None = None,
    max_span_width: int | None = None,
    pair_layers: int | None = None,
    head_learn_rate_scale: float = 10.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[JointInput, JointOutput]:
    """Registered as `spacy-luke.Joint.v1`: LUKE with heads for spans, entities and relations. Two mentions within
    `overlap` pieces are always related. For further arguments see `network`.

    ner (bool): Score candidate spans, to find entities.
    labels (bool): Label entities.
    relations (bool): Relate pairs of entities.
    multi_label (bool): Whether an entity can have several labels at once, when new labels are trained.
    words_attend_to_entities (bool | None): None for what the checkpoint was trained with.
    entities_attend_to_entities (bool | None): None for what the checkpoint was trained with.
    outside (str | None): The label of gold relations that says that there is none; None for `NIL`, `O` or
        `no_relation`.
    max_span_width (int | None): Most tokens of an entity that is found; None for what the checkpoint was trained with.
    pair_layers (int | None): Through how many of the encoder's last layers likely pairs read the words once more, to
        relate them by what stands between; 0 for none, None for what the checkpoint has.
    """
    if max_span_width is not None and max_span_width < 1:
        allowed = "1 or more, or null"
        raise ValueError(Errors.L436.format(name="max_span_width", allowed=allowed, value=max_span_width))
    attends = words_attend_to_entities, entities_attend_to_entities
    sizes = max_span_width, pair_layers
    settings = JointSettings(
        checkpoint, ner, labels, relations, multi_label, window, overlap, *attends, outside, *sizes
    )
    shim = LukeShim(head_learn_rate_scale, mixed_precision, dtype)
    attrs = {"replace_listener_cfg": _refuse_replacing}
    return build_model("luke_joint", JointNetwork, settings, shim, _convert_inputs, _convert_outputs, **attrs)


def _refuse_replacing(config: Any, listener_config: Any) -> Any:
    """What `nlp.replace_listeners` calls first, before it changes anything."""
    raise ValueError(Errors.L308)


# --- between numpy and torch ---------------------------------------------------------------


def _convert_inputs(
    model: Model[Any, Any], question: JointInput, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    kwargs = {**vars(question), "inputs": tensors_of(model, question.inputs)}
    return ArgsKwargs(args=(), kwargs=kwargs), lambda _: question


_OF_WORDS = ("word_states", "proposal_scores", "span_logits")
_OF_ENTITIES = ("entity_states", "label_logits", "pair_logits", "read_logits")


def _convert_outputs(
    model: Model[Any, Any], outputs: tuple[Any, JointOutput], is_train: bool
) -> tuple[JointOutput, Callable[[JointOutput], ArgsKwargs]]:
    """In training, hand out leaves: what reads them accumulates in their `.grad`, which goes back at once."""
    output = outputs[1]
    if not is_train:
        return output, lambda _: ArgsKwargs((), {})
    names = [name for name in (*_OF_WORDS, *_OF_ENTITIES) if getattr(output, name) is not None]
    values = {name: getattr(output, name) for name in names}
    leaves = {name: value.detach().requires_grad_() for name, value in values.items()}

    def to_torch(answered: JointOutput) -> ArgsKwargs:
        grads = {name: getattr(answered, name).grad for name in names}
        read = [name for name in names if grads[name] is not None]
        kwargs = {"grad_tensors": [grads[name] for name in read]}
        return ArgsKwargs(args=([values[name] for name in read],), kwargs=kwargs)

    return JointOutput(candidates=output.candidates, read=output.read, **leaves), to_torch
