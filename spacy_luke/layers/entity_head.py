"""The published heads on entities as thinc `Model`s: marked entities, marked pairs, candidate spans.

As all architectures of ours they read and initialize nothing; see `weights` for where weights come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import ArgsKwargs
from torch import Tensor

from ..errors import Errors
from ..inputs.encode import Batch, ExcerptEncoder
from ..nn.heads.losses import class_loss, multi_label_loss
from .head import convert_outputs, get_head
from .head import set_labels as set_head_labels
from .shim import LukeShim
from .store import Checkpoint, load_shared
from .weights import get_tokenizer, most_pieces

CONTEXTS = ("sentence", "document")
MULTI_LABEL = "multi_label_classification"
SINGLE_LABEL = "single_label_classification"

# What the authors of the checkpoints call the label that says "none".
OUTSIDE = ("NIL", "O", "no_relation")
# For each published class, what its thinc model is called, and the tokenizer's task.
KINDS = {
    "LukeForEntityClassification": ("luke_marked_entity", "entity_classification"),
    "LukeForEntityPairClassification": ("luke_marked_pair", "entity_pair_classification"),
    "LukeForEntitySpanClassification": ("luke_candidate_spans", "entity_span_classification"),
}


@dataclass(frozen=True)
class EntityHeadSettings:
    """What the config says of a head on entities, beside its weights.

    task (str): The published class.
    checkpoint (str | None): Where weights come from if no saved pipeline brings them; None for the default model.
    context (str): What is read around the entities: their "sentence" or the "document", as far as there is room.
    outside (str | None): The label that says "none"; None to find it by name.
    multi_label (bool): Whether new labels are independent of each other.
    max_span_width (int): Most tokens of a candidate span.
    """

    task: str
    checkpoint: str | None
    context: str
    outside: str | None
    multi_label: bool
    max_span_width: int = 0

    def load(self) -> Checkpoint:
        """RETURNS (Checkpoint): The checkpoint's weights, shared, and their tokenizer."""
        return load_shared(self.checkpoint, self.task)


def build_candidate_spans(
    checkpoint: str | None = None,
    context: str = "document",
    outside: str | None = None,
    max_span_width: int = 16,
    head_learn_rate_scale: float = 10.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[Batch, Tensor]:
    """Registered as `spacy-luke.CandidateSpans.v1`: all spans of a sentence as entities of one input, each with a
    label or none (Yamada et al. 2020, section 4.3).

    checkpoint (str | None): A folder or a hub name of a `LukeForEntitySpanClassification`; None for the encoder of
        the model that ships with the package, with a new head.
    context (str): What is read beside the sentence: nothing ("sentence"), or the "document" around it, as far as
        there is room.
    outside (str | None): The label that says "none"; None for `NIL`, `O` or `no_relation`, or else the first one.
    max_span_width (int): Most tokens of a candidate, unless the component has a suggester.
    head_learn_rate_scale (float): The head's learning rate, as a multiple of the encoder's.
    mixed_precision (bool): Train and predict in bfloat16.
    dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
    RETURNS (Model[Batch, Tensor]): The model, without weights. It gives logits (inputs, candidates, labels).
    """
    if max_span_width < 1:
        raise ValueError(Errors.L436.format(name="max_span_width", allowed="1 or more", value=max_span_width))
    task = "LukeForEntitySpanClassification"
    settings = EntityHeadSettings(task, checkpoint, context, outside, False, max_span_width)
    return _build(settings, LukeShim(None, head_learn_rate_scale, mixed_precision, dtype=dtype))


def marked_architecture(task: str, *, several: bool) -> Callable[..., Model[Batch, Tensor]]:
    """Make the architecture function of a published class that reads one input for each entity or pair.

    task (str): The class.
    several (bool): Whether new labels are independent unless the config says otherwise.
    RETURNS (Callable): The function.
    """

    def build(
        checkpoint: str | None = None,
        context: str = "sentence",
        outside: str | None = None,
        multi_label: bool = several,
        head_learn_rate_scale: float = 10.0,
        mixed_precision: bool = False,
        dtype: str = "float32",
    ) -> Model[Batch, Tensor]:
        """One input for each entity, which is marked in its text (section 4.1), or for each pair (section 4.2).

        checkpoint (str | None): A folder or a hub name of that class; None for the encoder of the model that ships
            with the package, with a new head.
        context (str): What is read around the entities: their "sentence", or sentences, or the "document", as far
            as there is room.
        outside (str | None): The label that says "none"; None for `NIL`, `O` or `no_relation`, if there is one.
        multi_label (bool): Whether an entity or pair can have several labels at once, when new ones are trained.
        head_learn_rate_scale (float): The head's learning rate, as a multiple of the encoder's.
        mixed_precision (bool): Train and predict in bfloat16.
        dtype (str): Precision of the encoder's products in prediction: "float32", "bfloat16" or "int8".
        RETURNS (Model[Batch, Tensor]): The model, without weights. It gives logits (inputs, labels).
        """
        settings = EntityHeadSettings(task, checkpoint, context, outside, multi_label)
        return _build(settings, LukeShim(None, head_learn_rate_scale, mixed_precision, dtype=dtype))

    return build


build_marked_entity = marked_architecture("LukeForEntityClassification", several=True)
build_marked_pair = marked_architecture("LukeForEntityPairClassification", several=False)


def _build(settings: EntityHeadSettings, shim: LukeShim) -> Model[Batch, Tensor]:
    if settings.context not in CONTEXTS:
        raise ValueError(
            Errors.L436.format(
                name="context", allowed=" or ".join(map(repr, CONTEXTS)), value=settings.context
            )
        )
    return Model(
        KINDS[settings.task][0],
        pytorch_forward,
        attrs={
            "convert_inputs": _convert_inputs,
            "convert_outputs": convert_outputs,
            "dropout_rate": None,
            "settings": settings,
            "tokenizer": None,
        },
        shims=[shim],
        dims={"nI": None, "nO": None},
    )


# --- what the weights say ------------------------------------------------------------------


def is_multi_label(model: Model[Any, Any]) -> bool:
    """Whether labels are independent: what the checkpoint says, or else as the published ones of its class are,
    Open Entity's for entities and TACRED's for pairs.

    model (Model): From this module.
    RETURNS (bool): Whether they are.
    """
    head = get_head(model)
    if head.config.problem_type is None:
        return type(head).__name__ == "LukeForEntityClassification"
    return bool(head.config.problem_type == MULTI_LABEL)


def outside_label(model: Model[Any, Any]) -> int | None:
    """Find the label that says "none".

    model (Model): From this module.
    RETURNS (int | None): Its index; None if there is none.
    RAISES (ValueError): If the config names a label that the checkpoint lacks.
    """
    settings: EntityHeadSettings = model.attrs["settings"]
    labels = list(get_head(model).config.id2label.values())
    if settings.outside is not None:
        if settings.outside not in labels:
            raise ValueError(Errors.L332.format(name=settings.outside, labels=", ".join(labels)))
        return labels.index(settings.outside)
    known = [labels.index(name) for name in OUTSIDE if name in labels]
    return known[0] if known else (0 if settings.max_span_width else None)


def set_labels(model: Model[Any, Any], labels: Sequence[str], ids: Mapping[str, str]) -> None:
    """Give the model a new head for these labels.

    model (Model): From this module.
    labels (Sequence[str]): The labels, with the one that says "none" if there is one.
    ids (Mapping[str, str]): Identifiers of relations, or "".
    """
    settings: EntityHeadSettings = model.attrs["settings"]
    set_head_labels(model, labels, MULTI_LABEL if settings.multi_label else SINGLE_LABEL)
    config: Any = get_head(model).config
    config.relation_ids = {label: id_ for label, id_ in ids.items() if id_}


def relation_ids(model: Model[Any, Any]) -> dict[str, str]:
    """RETURNS (dict[str, str]): Identifiers of the labels, where there are any."""
    return dict(getattr(get_head(model).config, "relation_ids", {}))


def excerpt_encoder(model: Model[Any, Any]) -> ExcerptEncoder:
    """RETURNS (ExcerptEncoder): Makes a model's inputs."""
    return ExcerptEncoder(
        get_tokenizer(model),
        KINDS[model.attrs["settings"].task][1],
        most_pieces(model, n_special=0),
        bool(getattr(get_head(model).config, "case_token_types", False)),
    )


# --- scores and loss -----------------------------------------------------------------------


def rows_of(logits: Tensor, batch: Batch) -> Tensor:
    """The scores of all that was asked, one after the other.

    logits (Tensor): Shape: (inputs, labels) or (inputs, candidates, labels)
    batch (dict[str, ndarray]): The inputs.
    RETURNS (Tensor): Shape: (n_items, labels)
    """
    if logits.dim() == 2:
        return logits
    return logits[torch.from_numpy(batch["entity_attention_mask"]).bool().to(logits.device)]


def label_loss(rows: Tensor, gold: NDArray[Any], multi_label: bool) -> Tensor:
    """The published losses.

    rows (Tensor): Shape: (n_items, labels)
    gold (ndarray): A class for each item, shape (n_items,), or 0 or 1 for each label, shape (n_items, labels).
    multi_label (bool): Which of both.
    RETURNS (Tensor): Mean over the items. Shape: ()
    """
    target = torch.from_numpy(gold).to(rows.device)
    return multi_label_loss(rows, target) if multi_label else class_loss(rows, target)


def _convert_inputs(
    model: Model[Any, Any], batch: Batch, is_train: bool
) -> tuple[ArgsKwargs, Callable[[Any], Any]]:
    device = get_head(model).device
    kwargs: dict[str, Any] = {name: torch.from_numpy(array).to(device) for name, array in batch.items()}
    if is_train:
        cast(LukeShim, model.shims[0]).dropout = model.attrs["dropout_rate"]
    return ArgsKwargs(args=(), kwargs={**kwargs, "return_dict": True}), lambda _: batch
