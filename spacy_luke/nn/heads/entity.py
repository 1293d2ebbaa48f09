"""Heads that label one entity, or the relation of two."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...batch import LukeInputs
from ..outputs import LukeModelOutput
from .base import LabelHead, first_entities, lacks_entities
from .outputs import EntityClassificationOutput, EntityPairClassificationOutput


class FirstEntities(LabelHead):
    """What the two heads have in common: they read the first entities of each text, padding left aside.
    config (LukeConfig): The model's configuration."""

    needs_words = False
    n_states: ClassVar[int] = 1  # so many entities

    def reads_padding(self, inputs: LukeInputs[Tensor], labels: Tensor | None) -> bool:
        """See `LabelHead.reads_padding`: if a text has too few entities."""
        return lacks_entities(inputs.entity_attention_mask, self.n_states)

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, n_states * width)"""
        entities = first_entities(self, states, inputs.entity_attention_mask, self.n_states)
        return entities.flatten(start_dim=1)  # (batch, n_states, width) -> (batch, n_states * width)


class LukeForEntityClassification(FirstEntities):
    """Labels an entity from its state, e.g. with types as in Open Entity (Yamada et al. 2020, section 4.1).

    Reads the first entity of each text. Labels: a class a text, shape (batch,), or 0 or 1 for each label,
    shape (batch, labels).

    config (LukeConfig): The model's configuration.
    """

    output_class = EntityClassificationOutput


class LukeForEntityPairClassification(FirstEntities):
    """Labels the relation of two entities from their states, as in TACRED (section 4.2).

    Reads the first two entities of each text, head before tail. Labels: a class a text, shape (batch,), or 0 or
    1 for each label, shape (batch, labels).

    config (LukeConfig): The model's configuration.
    """

    output_class = EntityPairClassificationOutput
    n_states = 2
    has_bias = False
