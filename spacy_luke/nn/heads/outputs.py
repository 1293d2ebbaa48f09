"""What the heads return. Names and fields are the published ones."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..outputs import ModelOutput


@dataclass
class LabelOutput(ModelOutput):
    """Output of every head with one kind of logits.

    loss (Tensor | None): If labels were given. Shape: ()
    logits (Tensor | None): Scores before softmax or sigmoid.
    hidden_states (tuple[Tensor, ...] | None): Word states of the embeddings and of each layer.
    entity_hidden_states (tuple[Tensor | None, ...] | None): Entity states of the embeddings and of each layer; without
        entities, a None for each.
    attentions (tuple[Tensor, ...] | None): Attention probabilities of each layer, words before entities.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    entity_hidden_states: tuple[Tensor | None, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class EntityClassificationOutput(LabelOutput):
    """Output of `LukeForEntityClassification`. Logits: (batch, labels)"""


class EntityPairClassificationOutput(LabelOutput):
    """Output of `LukeForEntityPairClassification`. Logits: (batch, labels)"""


class EntitySpanClassificationOutput(LabelOutput):
    """Output of `LukeForEntitySpanClassification`. Logits: (batch, entities, labels)"""


class LukeSequenceClassifierOutput(LabelOutput):
    """Output of `LukeForSequenceClassification`. Logits: (batch, labels)"""


class LukeTokenClassifierOutput(LabelOutput):
    """Output of `LukeForTokenClassification`. Logits: (batch, words, labels)"""


class LukeMultipleChoiceModelOutput(LabelOutput):
    """Output of `LukeForMultipleChoice`. Logits: (batch, choices). States and attentions have a row a choice:
    (batch * choices, ...)"""


@dataclass
class LukeQuestionAnsweringModelOutput(ModelOutput):
    """Output of `LukeForQuestionAnswering`; further fields as in `LabelOutput`.

    start_logits (Tensor | None): How well the answer starts at each word. Shape: (batch, words)
    end_logits (Tensor | None): How well it ends there. Shape: (batch, words)
    """

    loss: Tensor | None = None
    start_logits: Tensor | None = None
    end_logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    entity_hidden_states: tuple[Tensor | None, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclass
class LukeMaskedLMOutput(ModelOutput):
    """Output of `LukeForMaskedLM`; further fields as in `LabelOutput`.

    loss (Tensor | None): Sum of the losses that there are. Shape: ()
    mlm_loss (Tensor | None): Loss of the masked words. Shape: ()
    mep_loss (Tensor | None): Loss of the masked entities. Shape: ()
    logits (Tensor | None): Scores of the words. Shape: (batch, words, vocab_size)
    entity_logits (Tensor | None): Scores of the entities. Shape: (batch, entities, entity_vocab_size)
    """

    loss: Tensor | None = None
    mlm_loss: Tensor | None = None
    mep_loss: Tensor | None = None
    logits: Tensor | None = None
    entity_logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    entity_hidden_states: tuple[Tensor | None, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
