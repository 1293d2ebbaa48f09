"""Heads that label one entity, or the relation of two."""

from __future__ import annotations

from torch import Tensor

from ...batch import LukeInputs
from ..outputs import LukeModelOutput
from .base import LabelHead, require_entities
from .outputs import EntityClassificationOutput, EntityPairClassificationOutput


class LukeForEntityClassification(LabelHead):
    """Labels an entity from its state, e.g. with types as in Open Entity (Yamada et al. 2020, section 4.1).

    Reads the first entity of each text. Labels: a class a text, shape (batch,), or 0 or 1 for each label,
    shape (batch, labels).

    config (LukeConfig): The model's configuration.
    """

    output_class = EntityClassificationOutput
    needs_words = False

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, width)"""
        return require_entities(self, states, 1)[:, 0]


class LukeForEntityPairClassification(LabelHead):
    """Labels the relation of two entities from their states, as in TACRED (section 4.2).

    Reads the first two entities of each text, head before tail. Labels: a class a text, shape (batch,), or 0 or
    1 for each label, shape (batch, labels).

    config (LukeConfig): The model's configuration.
    """

    output_class = EntityPairClassificationOutput
    needs_words = False
    n_states = 2
    has_bias = False

    def features(self, states: LukeModelOutput, inputs: LukeInputs[Tensor]) -> Tensor:
        """See `LabelHead.features`. RETURNS (Tensor): (batch, 2 * width)"""
        entities = require_entities(self, states, 2)
        return entities[:, :2].flatten(start_dim=1)  # (batch, 2, width) -> (batch, 2 * width)
