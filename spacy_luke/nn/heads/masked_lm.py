"""The head that LUKE is pretrained with: it guesses masked words and masked entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from ...batch import LukeInputs
from ...errors import Errors
from ..activations import get_activation
from ..config import LukeConfig
from ..tables import resize_rows
from .base import LukeHead, labels_padding
from .losses import class_loss
from .outputs import LukeMaskedLMOutput

_TIED_BIAS = {"lm_head.decoder.bias": "lm_head.bias"}
_TIED_WORDS = {"lm_head.decoder.weight": "luke.embeddings.word_embeddings.weight"}
_TIED_ENTITIES = {"entity_predictions.decoder.weight": "luke.entity_embeddings.entity_embeddings.weight"}


class LukeLMHead(nn.Module):
    """Scores every word of the vocabulary, as in RoBERTa. config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)
        self.bias = self.decoder.bias  # published under both names

    def forward(self, words: Tensor) -> Tensor:
        """words (Tensor): Shape: (batch, words, width). RETURNS (Tensor): (batch, words, vocab_size)"""
        return self.decoder(self.layer_norm(F.gelu(self.dense(words))))


class EntityPredictionHeadTransform(nn.Module):
    """From the width of the states to that of the entity table. config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.entity_emb_size)
        self.activation = get_activation(config.hidden_act)
        self.LayerNorm = nn.LayerNorm(config.entity_emb_size, eps=config.layer_norm_eps)

    def forward(self, entities: Tensor) -> Tensor:
        """entities (Tensor): Shape: (batch, entities, width). RETURNS (Tensor): (..., entity_emb_size)"""
        return self.LayerNorm(self.activation(self.dense(entities)))


class EntityPredictionHead(nn.Module):
    """Scores every entity of the vocabulary (section 3.3). config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.transform = EntityPredictionHeadTransform(config)
        self.decoder = nn.Linear(config.entity_emb_size, config.entity_vocab_size, bias=False)
        self.bias = nn.Parameter(self.decoder.weight.new_zeros(config.entity_vocab_size))

    def forward(self, entities: Tensor) -> Tensor:
        """entities (Tensor): Shape: (batch, entities, width). RETURNS (Tensor): (..., entity_vocab_size)"""
        return F.linear(self.transform(entities), self.decoder.weight, self.bias)


class LukeForMaskedLM(LukeHead):
    """Guesses masked words and masked entities (section 3.3).

    The entity table scores the entities, and unless `config.tie_word_embeddings` is false, the word table the
    words. These weights are stored once.

    config (LukeConfig): The model's configuration.
    """

    multiplies_tables = True
    _tied_weights_keys: ClassVar[list[str] | None] = [*_TIED_WORDS, *_TIED_BIAS, *_TIED_ENTITIES]

    def __init__(self, config: LukeConfig) -> None:
        super().__init__(config)
        self.lm_head = LukeLMHead(config)
        self.entity_predictions = EntityPredictionHead(config)
        self.init_weights()
        self.tie_weights()

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
        labels: Tensor | None = None,
        entity_labels: Tensor | None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> LukeMaskedLMOutput | tuple[Any, ...]:
        """Score words and entities. Further inputs are those of `LukeModel.forward`.

        labels (Tensor | None): The words that were masked, -100 elsewhere. Shape: (batch, words)
        entity_labels (Tensor | None): The entities that were masked, -100 elsewhere. Shape: (batch, entities)
        RETURNS (LukeMaskedLMOutput | tuple): Logits of words and, if there are any, of entities; losses if
            labels are given; states as asked for.
        RAISES (ValueError): If an input is missing, or labels do not fit.
        """
        words = input_ids, attention_mask, token_type_ids, position_ids
        entities = entity_ids, entity_attention_mask, entity_token_type_ids, entity_position_ids
        inputs = LukeInputs(*words, *entities, head_mask, inputs_embeds)
        reads_padding = labels_padding(labels, attention_mask)
        reads_padding |= labels_padding(entity_labels, entity_attention_mask)
        states = self.encode(inputs, output_attentions, output_hidden_states, padding_needed=reads_padding)
        logits = self.lm_head(states.last_hidden_state)
        found = states.entity_last_hidden_state
        entity_logits = None if found is None else self.entity_predictions(found)
        answers = {"logits": logits, "entity_logits": entity_logits}
        if labels is not None:
            answers["mlm_loss"] = class_loss(logits, labels)
        if entity_labels is not None:
            if entity_logits is None:
                needed, got = "entity_ids for entity_labels", "are missing"
                raise ValueError(Errors.L261.format(model=type(self).__name__, needed=needed, got=got))
            answers["mep_loss"] = class_loss(entity_logits, entity_labels, "entity_labels")
        losses = [answers[name] for name in ("mlm_loss", "mep_loss") if name in answers]
        loss = sum(losses[1:], losses[0]) if losses else None
        return self.make_output(LukeMaskedLMOutput, states, return_dict, loss=loss, **answers)

    def predict_entities(self, inputs: LukeInputs[Tensor]) -> Tensor:
        """Score entities for some mentions: the `entity_logits` of `forward` at these places, without the rest.

        inputs (LukeInputs): Words and entities, which of these are `asked` about, and their `candidate_ids`.
        RETURNS (Tensor): Shape: (n_asked, n_candidates), or without candidates (n_asked, entity_vocab_size)
        """
        head, candidates = self.entity_predictions, inputs.candidate_ids
        features = self.entity_features(inputs)
        if candidates is None:
            return F.linear(features, head.decoder.weight, head.bias)
        rows = F.embedding(candidates, head.decoder.weight)  # (n_asked, n_candidates, entity_emb_size)
        return (rows @ features[..., None]).squeeze(-1) + head.bias[candidates]

    def entity_features(self, inputs: LukeInputs[Tensor]) -> Tensor:
        """What some mentions are compared with the entity table by.

        inputs (LukeInputs): Words and entities, and which of these are `asked` about.
        RETURNS (Tensor): Shape: (n_asked, entity_emb_size)
        """
        entities, asked = self.encode(inputs).entity_last_hidden_state, inputs.needed("asked")
        if entities is None:
            raise ValueError(Errors.L213)
        return self.entity_predictions.transform(entities[asked[:, 0], asked[:, 1]])

    # --- tied weights --------------------------------------------------------------------

    def tied_weights(self) -> dict[str, str]:
        """See `ModelWithTables.tied_weights`."""
        words = _TIED_WORDS if self.config.tie_word_embeddings else {}
        return {**words, **_TIED_BIAS, **_TIED_ENTITIES}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """See `nn.Module.load_state_dict`: tied weights may be there under both names or under either."""
        weights = dict(state_dict)
        for name, source in self.tied_weights().items():
            if name in weights or source in weights:
                weights[source] = weights[name] = weights.get(source, weights.get(name))
        result = super().load_state_dict(weights, strict, assign)
        self.tie_weights()
        return result

    # --- tables --------------------------------------------------------------------------

    def get_output_embeddings(self) -> nn.Linear:
        """RETURNS (Linear): The layer that scores words."""
        return self.lm_head.decoder

    def set_output_embeddings(self, new_embeddings: nn.Linear) -> None:
        """new_embeddings (Linear): A layer to score words with instead. `tie_weights` keeps its bias alone."""
        self.lm_head.decoder = new_embeddings
        self.lm_head.bias = new_embeddings.bias

    def resize_word_scores(self, rows: int, std: float | None) -> None:
        """See `ModelWithTables.resize_word_scores`. The new biases are zeros where the weights are tied."""
        head, is_tied = self.lm_head, self.config.tie_word_embeddings
        if not is_tied:
            head.decoder.weight = resize_rows(head.decoder.weight, rows, std)
        head.decoder.out_features = rows
        head.bias = resize_rows(head.bias, rows, None if std is None and not is_tied else 0.0)

    def resize_entity_scores(self, rows: int) -> None:
        """See `ModelWithTables.resize_entity_scores`. The new biases are zeros."""
        head = self.entity_predictions
        head.decoder.out_features = rows
        head.bias = resize_rows(head.bias, rows, std=0.0)
