"""The joint model as a thinc `Model`: a PyTorchWrapper around `nn.heads.joint.LukeJointModel`, with its tokenizer.

The architecture function runs on every `add_pipe` and on every load, so it reads and initializes nothing. Weights
come in one of three ways: from the saved pipeline, from a checkpoint when the pipe is initialized for training,
or from a checkpoint when the pipe is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs

from ..batch import LukeInputs
from ..errors import Errors
from ..inputs.batch import MentionBatch, WordBatch
from ..nn.config import LukeConfig
from ..nn.heads.base import JOINT
from ..nn.heads.joint.model import LukeJointModel
from ..nn.heads.joint.outputs import Candidates, JointOutput
from ..nn.heads.joint.rows import EntityRows
from ..nn.joint_config import JointConfig
from ..nn.outputs import WordStates
from ..nn.tensors import to_tensors
from . import weights
from .shim import LukeShim
from .store import DEFAULT_CHECKPOINT, Checkpoint, load_shared
from .weights import get_tokenizer as get_tokenizer
from .weights import has_weights as has_weights

_OVERLAP = 128


@dataclass(frozen=True)
class JointInput:
    """One question to the joint model; see `LukeJointModel.forward` for the other fields.

    recompute (bool): In training, keep nothing for the backward pass but compute it again then. Takes a second
        forward pass, and memory for a batch's inner states only while its gradients are taken.
    """

    words: WordBatch
    states: WordStates | None = None
    rows: EntityRows | None = None
    find: bool = False
    candidates: Candidates | None = None
    gold_spans: np.ndarray[Any, Any] | None = None
    mentions: MentionBatch | None = None
    relation_floor: float | None = None
    recompute: bool = False


@dataclass(frozen=True)
class JointSettings:
    """What the config says of a joint model, beside its weights.

    checkpoint (str | None): Where weights come from if no saved pipeline brings them; None for the default model.
    ner, labels, relations (bool): Which heads the pipe has.
    multi_label (bool): Whether new entity labels are independent of each other.
    window (int | None): Pieces of a window; None for all the encoder's positions.
    overlap (int | None): Pieces that consecutive windows share at least; None for 128, or a third of a smaller window.
    words_attend_to_entities, entities_attend_to_entities (bool | None): Override the checkpoint's attention.
    """

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
    mixed_precision (bool): Train and predict in bfloat16.
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
    return Model(
        "luke_joint",
        pytorch_forward,
        attrs={
            "convert_inputs": _convert_inputs,
            "convert_outputs": _convert_outputs,
            "dropout_rate": None,
            "replace_listener_cfg": _refuse_replacing,
            "settings": settings,
            "tokenizer": None,
        },
        shims=[LukeShim(None, head_learn_rate_scale, mixed_precision, dtype=dtype)],
        dims={"nI": None, "nO": None},
    )


def _refuse_replacing(config: Any, listener_config: Any) -> Any:
    """What `nlp.replace_listeners` calls first, before it changes anything."""
    raise ValueError(Errors.L308)


# --- weights -------------------------------------------------------------------------------


def get_module(model: Model[Any, Any]) -> LukeJointModel:
    """RETURNS (LukeJointModel): The torch module behind the thinc model; see `weights.get_module`."""
    return cast(LukeJointModel, weights.get_module(model))


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


def set_labels(model: Model[Any, Any], joint: JointConfig) -> None:
    """Give the model heads for these labels; heads whose labels don't change keep their weights.

    model (Model): From `build_joint`.
    joint (JointConfig): The new configuration of the heads.
    """
    get_module(model)
    shim = cast(LukeShim, model.shims[0])
    cast(LukeJointModel, shim.own_module()).build_heads(joint)
    shim.forget_optimizer()


def window_sizes(model: Model[Any, Any]) -> tuple[int, int]:
    """How documents are cut.

    model (Model): From `build_joint`.
    RETURNS (tuple[int, int]): Pieces of a window, special tokens not counted, and pieces that windows share.
    RAISES (ValueError): If the config asks for larger windows than the encoder can read.
    """
    settings: JointSettings = model.attrs["settings"]
    most = weights.most_pieces(model)
    if settings.window is not None and not 0 < settings.window <= most:
        raise ValueError(Errors.L321.format(window=settings.window, most=most))
    size = most if settings.window is None else settings.window
    return size, min(_OVERLAP, size // 3) if settings.overlap is None else settings.overlap


# --- between numpy and torch ---------------------------------------------------------------


def _convert_inputs(
    model: Model[Any, Any], question: JointInput, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    module = get_module(model)
    inputs = {**_words(question.words, module), "gold_spans": question.gold_spans}
    if question.candidates is not None:
        inputs |= {"spans": question.candidates.spans, "span_mask": question.candidates.mask}
    if question.mentions is not None:
        inputs |= _mentions(question.mentions)
    kwargs = {
        "inputs": to_tensors(LukeInputs(**inputs), module.device),
        "states": question.states,
        "rows": question.rows,
        "find": question.find,
        "relation_floor": question.relation_floor,
    }
    if is_train:
        shim = cast(LukeShim, model.shims[0])
        shim.dropout, shim.recompute = model.attrs["dropout_rate"], question.recompute
    return ArgsKwargs(args=(), kwargs=kwargs), lambda _: question


def _words(batch: WordBatch, module: LukeJointModel) -> dict[str, Any]:
    cased = getattr(module.config, "case_token_types", False)
    return {
        "input_ids": batch.ids,
        "attention_mask": batch.mask,
        "token_type_ids": batch.cases if cased else None,
        "token_start_positions": batch.first,
        "token_end_positions": batch.last,
        "token_mask": batch.tokens >= 0,
    }


def _mentions(batch: MentionBatch) -> dict[str, Any]:
    return {
        "entity_ids": batch.ids,
        "entity_attention_mask": batch.index >= 0,
        "entity_start_positions": batch.extents[..., 0],
        "entity_end_positions": batch.extents[..., 1] - 1,
        "pairs": batch.pairs,
    }


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
