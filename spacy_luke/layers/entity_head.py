"""The published heads on entities as thinc `Model`s: marked entities, marked pairs, candidate spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from thinc.api import Model
from torch import Tensor

from ..errors import Errors
from ..inputs.batch import Arrays
from ..inputs.encode import ExcerptEncoder
from ..nn.heads.losses import allowed_loss, multi_label_loss
from ..nn.joint_config import JointConfig
from . import weights
from .head import HeadNetwork, HeadSettings, convert_outputs
from .network import OUTSIDE, build_model
from .shim import LukeShim

CONTEXTS = ("sentence", "document")
MULTI_LABEL = "multi_label_classification"
SINGLE_LABEL = "single_label_classification"

# For each published class, what its thinc model is called, and the tokenizer's task.
ENTITY_HEADS = {
    "LukeForEntityClassification": ("luke_marked_entity", "entity_classification"),
    "LukeForEntityPairClassification": ("luke_marked_pair", "entity_pair_classification"),
    "LukeForEntitySpanClassification": ("luke_candidate_spans", "entity_span_classification"),
}


@dataclass(frozen=True)
class EntityHeadSettings(HeadSettings):
    """What the config says of a head on entities; see the architecture functions.

    multi_label (bool): Whether new labels are independent of each other.
    max_span_width (int): Most tokens of a candidate span; 0 for heads on given entities.
    """

    context: str
    outside: str | None
    multi_label: bool
    max_span_width: int = 0


class EntityNetwork(HeadNetwork):
    """A head on entities: one answer for each entity, pair or candidate."""

    @property
    def is_multi_label(self) -> bool:
        """Whether labels are independent: what the checkpoint says, or else as the published ones of its class are,
        Open Entity's for entities and TACRED's for pairs."""
        if self.config.problem_type is None:
            return self.settings.task == "LukeForEntityClassification"
        return bool(self.config.problem_type == MULTI_LABEL)

    @property
    def outside(self) -> int | None:
        """The label that says "none".

        RETURNS (int | None): Its index; None if there is none.
        RAISES (ValueError): If the config names a label that the checkpoint lacks.
        """
        settings: EntityHeadSettings = self.settings
        labels = self.labels
        if settings.outside is not None:
            if settings.outside not in labels:
                raise ValueError(Errors.L332.format(name=settings.outside, labels=", ".join(labels)))
            return labels.index(settings.outside)
        known = [labels.index(name) for name in OUTSIDE if name in labels]
        return known[0] if known else (0 if settings.max_span_width else None)

    @property
    def is_trained(self) -> bool:
        """Whether the classifier is. An encoder's pooling layer may be new: nothing here reads it."""
        return "classifier" not in self.untrained

    @property
    def columns(self) -> list[int]:
        """RETURNS (list[int]): Indices of the labels, without the one that says "none"."""
        outside = self.outside
        return [i for i in range(len(self.labels)) if i != outside]

    def heads(self, field: str, head: str) -> JointConfig:
        """The labels in the form that the joint model's have.

        field (str): Where they stand in it.
        head (str): What an untrained head is called in it.
        RETURNS (JointConfig): The labels, without the one that says "none"; none if nothing has named them yet.
        """
        labels = self.labels
        nameless = not self.is_trained and labels == tuple(f"LABEL_{i}" for i in range(len(labels)))
        return JointConfig(
            **{field: () if nameless else tuple(labels[i] for i in self.columns)},  # type: ignore[arg-type]
            multi_label=self.is_multi_label,
            relation_ids=dict(getattr(self.config, "relation_ids", {})),
            untrained=() if self.is_trained else (head,),
        )

    def make_head(self, labels: Sequence[str], ids: Mapping[str, str]) -> None:
        """Make a new head.

        labels (Sequence[str]): Its labels, with the one that says "none" if there is one.
        ids (Mapping[str, str]): Identifiers of relations, or "".
        """
        self.set_labels(labels, MULTI_LABEL if self.settings.multi_label else SINGLE_LABEL)
        self.config.relation_ids = {label: id_ for label, id_ in ids.items() if id_}

    def encoder(self) -> ExcerptEncoder:
        """RETURNS (ExcerptEncoder): Makes the inputs."""
        longest = weights.most_pieces(self.model, n_special=0)
        return ExcerptEncoder(self.tokenizer, ENTITY_HEADS[self.settings.task][1], longest, self.reads_case)

    def predict(self, batch: Arrays) -> NDArray[np.float32]:
        """batch (LukeInputs): From `encoder`. RETURNS (ndarray): Logits. Shape: (n_items, labels)"""
        return rows_of(self.model.predict(batch), batch).cpu().numpy()

    def loss(self, logits: Tensor, batch: Arrays, gold: NDArray[Any]) -> Tensor:
        """The published losses.

        logits (Tensor): What the model says.
        batch (LukeInputs): Of this batch.
        gold (ndarray): True for each label that may be right, or 0 or 1 for each independent label, -100 for what isn't
            known. Shape: (n_items, labels)
        RETURNS (Tensor): Mean over the items. Shape: ()
        """
        return label_loss(rows_of(logits, batch), gold, self.is_multi_label)


def rows_of(logits: Tensor, batch: Arrays) -> Tensor:
    """logits (Tensor): Shape: (inputs, labels) or (inputs, candidates, labels). batch (LukeInputs): The inputs.
    RETURNS (Tensor): The scores of all items, one after the other. Shape: (n_items, labels)"""
    if logits.dim() == 2:
        return logits
    return logits[torch.from_numpy(batch.needed("entity_attention_mask")).bool().to(logits.device)]


def label_loss(rows: Tensor, gold: NDArray[Any], multi_label: bool) -> Tensor:
    """rows (Tensor): Shape: (n_items, labels). Further arguments as for `EntityNetwork.loss`.
    RETURNS (Tensor): Shape: ()"""
    target = torch.from_numpy(gold).to(rows.device)
    return multi_label_loss(rows, target) if multi_label else allowed_loss(rows, target)


def build_candidate_spans(
    checkpoint: str | None = None,
    context: str = "document",
    outside: str | None = None,
    max_span_width: int = 16,
    head_learn_rate_scale: float = 10.0,
    mixed_precision: bool = False,
    dtype: str = "float32",
) -> Model[Arrays, Tensor]:
    """Registered as `spacy-luke.CandidateSpans.v1`: all spans of a sentence as entities of one input, each with a
    label or none (Yamada et al. 2020, section 4.3).

    context (str): What is read beside the sentence: nothing ("sentence"), or the "document" around it, as far as
        there is room.
    outside (str | None): The label that says "none"; None for `NIL`, `O` or `no_relation`, or else the first one.
    max_span_width (int): Most tokens of a candidate, unless the component has a suggester.
    RETURNS (Model[Arrays, Tensor]): It gives logits (inputs, candidates, labels). Further arguments: see `network`.
    """
    if max_span_width < 1:
        raise ValueError(Errors.L436.format(name="max_span_width", allowed="1 or more", value=max_span_width))
    task = "LukeForEntitySpanClassification"
    settings = EntityHeadSettings(task, checkpoint, context, outside, False, max_span_width)
    return _build(settings, LukeShim(head_learn_rate_scale, mixed_precision, dtype))


def marked_architecture(task: str, *, several: bool) -> Callable[..., Model[Arrays, Tensor]]:
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
    ) -> Model[Arrays, Tensor]:
        """One input for each entity, which is marked in its text (section 4.1), or for each pair (section 4.2).

        context (str): What is read around the entities: their "sentence", or sentences, or the "document", as far
            as there is room.
        outside (str | None): The label that says "none"; None for `NIL`, `O` or `no_relation`, if there is one.
        multi_label (bool): Whether an entity or pair can have several labels at once, when new ones are trained.
        RETURNS (Model[Arrays, Tensor]): It gives logits (inputs, labels). Further arguments: see `network`.
        """
        settings = EntityHeadSettings(task, checkpoint, context, outside, multi_label)
        return _build(settings, LukeShim(head_learn_rate_scale, mixed_precision, dtype))

    return build


build_marked_entity = marked_architecture("LukeForEntityClassification", several=True)
build_marked_pair = marked_architecture("LukeForEntityPairClassification", several=False)


def _build(settings: EntityHeadSettings, shim: LukeShim) -> Model[Arrays, Tensor]:
    if settings.context not in CONTEXTS:
        allowed = " or ".join(map(repr, CONTEXTS))
        raise ValueError(Errors.L436.format(name="context", allowed=allowed, value=settings.context))
    name = ENTITY_HEADS[settings.task][0]
    return build_model(name, EntityNetwork, settings, shim, convert_outputs=convert_outputs)
