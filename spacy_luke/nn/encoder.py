"""The stack of transformer layers, reading words and entities together or one after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .activations import get_activation
from .attention import LukeSelfAttention, merge_heads
from .config import LukeConfig


class LukeSelfOutput(nn.Module):
    """Projection, dropout, residual and norm behind the attention.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, context: Tensor, hidden: Tensor) -> Tensor:
        """context, hidden (Tensor): What was read, by whom. RETURNS (Tensor): All (batch, rows, width)"""
        return self.LayerNorm(self.dropout(self.dense(context)) + hidden)


class LukeAttention(nn.Module):
    """Self-attention and its output; the level exists for the published parameter names.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.self = LukeSelfAttention(config)
        self.output = LukeSelfOutput(config)


class LukeIntermediate(nn.Module):
    """First half of the feed-forward network.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.activation = get_activation(config.hidden_act)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (Tensor): Shape: (batch, rows, width). RETURNS (Tensor): (batch, rows, intermediate size)"""
        return self.activation(self.dense(hidden))


class LukeOutput(nn.Module):
    """Second half of the feed-forward network, residual and norm.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.intermediate_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, inner: Tensor, hidden: Tensor) -> Tensor:
        """inner (Tensor): Shape: (batch, rows, intermediate size). hidden (Tensor): the residual.
        RETURNS (Tensor): (batch, rows, width)"""
        return self.LayerNorm(self.dropout(self.dense(inner)) + hidden)


class LukeLayer(nn.Module):
    """One transformer layer. Everything but the attention acts on rows alone, so words and entities may
    be in one tensor or in two.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.attention = LukeAttention(config)
        self.intermediate = LukeIntermediate(config)
        self.output = LukeOutput(config)

    def forward(
        self,
        hidden: Tensor,
        n_words: int,
        word_mask: Tensor | None = None,
        entity_mask: Tensor | None = None,
        head_mask: Tensor | None = None,
        need_probs: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Read words and entities together.

        hidden (Tensor): Words before entities. Shape: (batch, words + entities, width)
        n_words (int): How many of the rows are words.
        word_mask (Tensor | None): 1 for words to read; None means all. Shape: (batch, words)
        entity_mask (Tensor | None): 1 for entities to read; None means all. Shape: (batch, entities)
        head_mask (Tensor | None): Factor of each head. Shape: (heads, 1, 1)
        need_probs (bool): Whether to return the probabilities.
        RETURNS (tuple[Tensor, Tensor | None]): States, shape as `hidden`, and probabilities, shape
            (batch, heads, words + entities, words + entities).
        """
        attention = self.attention.self
        keys, values = attention.keys_values(hidden)
        word_kv = keys[:, :, :n_words], values[:, :, :n_words]
        rest = (word_mask, entity_mask, head_mask, need_probs)
        if hidden.shape[1] == n_words:
            context, probs = attention.read_as_words(hidden, word_kv, None, *rest)
            return self.finish(context, hidden), probs
        entity_kv = keys[:, :, n_words:], values[:, :, n_words:]
        context, probs = attention.read_as_words(hidden[:, :n_words], word_kv, entity_kv, *rest)
        read, entity_probs = attention.read_as_entities(hidden[:, n_words:], word_kv, entity_kv, *rest)
        context = torch.cat([context, read], dim=1)
        if probs is not None and entity_probs is not None:
            probs = join_probabilities(probs, entity_probs)
            context = merge_heads(probs @ values)  # read with what is returned, so that gradients reach it
        return self.finish(context, hidden), probs

    def finish(self, context: Tensor, hidden: Tensor) -> Tensor:
        """The layer behind the attention.

        context (Tensor): What the rows have read. Shape: (batch, rows, width)
        hidden (Tensor): The rows at the layer's input. Shape: (batch, rows, width)
        RETURNS (Tensor): The rows at the layer's output. Shape: (batch, rows, width)
        """
        read = self.attention.output(context, hidden)
        return self.output(self.intermediate(read), read)


class EncoderStates(NamedTuple):
    """All that a run through the encoder yields; the tuples are empty unless asked for."""

    words: Tensor
    entities: Tensor | None
    word_layers: tuple[Tensor, ...]
    entity_layers: tuple[Tensor, ...]
    attentions: tuple[Tensor, ...]


class LukeEncoder(nn.Module):
    """The layers.

    config (LukeConfig): The model's configuration.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        # Arguments of torch's `checkpoint`; None keeps everything in memory (`gradient_checkpointing_enable`).
        self.checkpointing: dict[str, Any] | None = None
        self.layer = nn.ModuleList(LukeLayer(config) for _ in range(config.num_hidden_layers))

    def layers(self) -> list[LukeLayer]:
        """RETURNS (list[LukeLayer]): The layers, with their type."""
        return cast("list[LukeLayer]", list(self.layer))

    def forward(
        self,
        words: Tensor,
        entities: Tensor | None = None,
        word_mask: Tensor | None = None,
        entity_mask: Tensor | None = None,
        head_mask: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> EncoderStates:
        """Read words and entities together.

        words (Tensor): Shape: (batch, words, width)
        entities (Tensor | None): Shape: (batch, entities, width)
        word_mask (Tensor | None): 1 for words to read; None means all. Shape: (batch, words)
        entity_mask (Tensor | None): 1 for entities to read; None means all. Shape: (batch, entities)
        head_mask (Tensor | None): Factor of each head of each layer. Shape: (layers, heads, 1, 1)
        output_attentions (bool): Whether to return attention probabilities.
        output_hidden_states (bool): Whether to return the states between the layers.
        RETURNS (EncoderStates): The states.
        """
        n_words = words.shape[1]
        word_layers, entity_layers, attentions = [words], [entities], []
        # One tensor of rows where all rows are treated alike: a matrix read from memory once serves both.
        hidden = join_rows(words, entities)
        for i, layer in enumerate(self.layers()):
            run: Callable[..., tuple[Tensor, Tensor | None]] = layer
            if self.checkpointing is not None and self.training:
                run = partial(checkpoint, layer, **self.checkpointing)
            mask = None if head_mask is None else head_mask[i]
            hidden, probs = run(hidden, n_words, word_mask, entity_mask, mask, output_attentions)
            if output_attentions and probs is not None:
                attentions.append(probs)
            words = hidden[:, :n_words]
            entities = None if entities is None else hidden[:, n_words:]
            if output_hidden_states:
                word_layers.append(words)
                entity_layers.append(entities)
                hidden = join_rows(words, entities)  # of what is returned, so that gradients reach it
        return EncoderStates(
            words,
            entities,
            tuple(word_layers) if output_hidden_states else (),
            tuple(states for states in entity_layers if states is not None) if output_hidden_states else (),
            tuple(attentions),
        )

    def encode_words(
        self, words: Tensor, word_mask: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Read words alone and keep what entities will read of them.

        words (Tensor): Shape: (batch, words, width)
        word_mask (Tensor | None): 1 for words to read; None means all. Shape: (batch, words)
        RETURNS (tuple[Tensor, list[Tensor], list[Tensor]]): Word states, and each layer's keys and values.
        """
        keys, values = [], []
        for layer in self.layers():
            attention = layer.attention.self
            word_kv = attention.keys_values(words)
            keys.append(word_kv[0])
            values.append(word_kv[1])
            context, _ = attention.read_as_words(words, word_kv, word_mask=word_mask)
            words = layer.finish(context, words)
        return words, keys, values

    def encode_entities(
        self,
        entities: Tensor,
        keys: list[Tensor],
        values: list[Tensor],
        word_mask: Tensor | None = None,
        entity_mask: Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Read entities against a kept word pass.

        entities (Tensor): Shape: (batch, entities, width)
        keys, values (list[Tensor]): From `encode_words`.
        word_mask (Tensor | None): 1 for words to read; None means all. Shape: (batch, words)
        entity_mask (Tensor | None): 1 for entities to read; None means all. Shape: (batch, entities)
        output_attentions (bool): Whether to return the probabilities of the last layer.
        RETURNS (tuple[Tensor, Tensor | None]): Entity states, shape (batch, entities, width), and the part of
            the words in the probabilities, mean over the heads, shape (batch, entities, words).
        """
        probs = None
        last = len(self.layer) - 1
        for i, layer in enumerate(self.layers()):
            attention = layer.attention.self
            context, probs = attention.read_as_entities(
                entities,
                (keys[i], values[i]),
                attention.keys_values(entities),
                word_mask,
                entity_mask,
                need_probs=output_attentions and i == last,
            )
            entities = layer.finish(context, entities)
        if not output_attentions or probs is None:
            return entities, None
        return entities, probs[..., : keys[0].shape[2]].mean(dim=1)


def join_rows(words: Tensor, entities: Tensor | None) -> Tensor:
    """words (Tensor): Shape: (batch, words, width). entities (Tensor | None): Shape: (batch, entities, width)
    RETURNS (Tensor): Words before entities. Shape: (batch, words + entities, width)"""
    return words if entities is None else torch.cat([words, entities], dim=1)


def join_probabilities(words: Tensor, entities: Tensor) -> Tensor:
    """Put the rows of words and entities into one square, with zeros where an arrow is cut.

    words (Tensor): Shape: (batch, heads, words, words [+ entities])
    entities (Tensor): Shape: (batch, heads, entities, words + entities), or (..., words + 1) where the last
        column is the entity itself.
    RETURNS (Tensor): Shape: (batch, heads, words + entities, words + entities)
    """
    n_words, n_entities = words.shape[2], entities.shape[2]
    if entities.shape[3] == n_words + 1:
        own = torch.diag_embed(entities[..., -1])  # (batch, heads, entities) -> (..., entities, entities)
        entities = torch.cat([entities[..., :-1], own], dim=-1)
    words = F.pad(words, (0, n_words + n_entities - words.shape[3]))
    return torch.cat([words, entities], dim=2)
