"""The stack of transformer layers: words and entities together, or the entities after the words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .activations import get_activation
from .attention import LukeSelfAttention
from .config import LukeConfig
from .layout import Layout
from .linear import Linear
from .tracing import is_traced

BLOCK = 256  # rows; the inner states of this many stay in the processor's cache


class LukeOutput(nn.Module):
    """Projection, dropout, residual and norm: behind the attention, and behind the feed-forward network.

    config (LukeConfig): The model's configuration.
    size (int): Width of what is projected.
    """

    def __init__(self, config: LukeConfig, size: int) -> None:
        super().__init__()
        self.dense = Linear(size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, inner: Tensor, hidden: Tensor) -> Tensor:
        """inner (Tensor): Shape: (rows, size). hidden (Tensor): The residual. RETURNS (Tensor): (rows, width)"""
        return self.LayerNorm(self.dropout(self.dense(inner)) + hidden)


class LukeAttention(nn.Module):
    """Self-attention and its output; the level exists for the published parameter names.
    config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.self = LukeSelfAttention(config)
        self.output = LukeOutput(config, config.hidden_size)


class LukeIntermediate(nn.Module):
    """First half of the feed-forward network. config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.intermediate_size)
        self.activation = get_activation(config.hidden_act)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (Tensor): Shape: (rows, width). RETURNS (Tensor): (rows, intermediate size)"""
        return self.activation(self.dense(hidden))


class LukeLayer(nn.Module):
    """A transformer layer. All but attention acts on rows alone: words and entities may be in one tensor or in two.
    config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.attention = LukeAttention(config)
        self.intermediate = LukeIntermediate(config)
        self.output = LukeOutput(config, config.intermediate_size)

    def forward(
        self,
        hidden: Tensor,
        layout: Layout,
        head_mask: Tensor | None = None,
        need_probs: bool = False,
        entities_alone: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Run words and entities together.

        hidden (Tensor): Words before entities. Shape: (words + entities, width)
        layout (Layout): Which rows belong together; not packed where probabilities are needed.
        head_mask (Tensor | None): Factor of each head. Shape: (heads, 1, 1)
        need_probs (bool): Whether to return the probabilities.
        entities_alone (bool): Whether to leave the words' states out; not where probabilities are needed.
        RETURNS (tuple[Tensor, Tensor | None]): States, shape as `hidden` or of the entities alone, and probabilities,
            shape (batch, heads, words + entities, words + entities).
        """
        attention = self.attention.self
        rows = attention.prepare(hidden)
        keys, values = attention.keys_values(rows)
        n_words = layout.words.total
        word_kv = keys[:n_words], values[:n_words]
        rest = (head_mask, need_probs)
        if layout.entities is None:
            context, probs = attention.attend_from_words(rows, layout, word_kv, None, *rest)
            return self.finish(context, hidden), probs[0] if probs else None
        entity_kv = keys[n_words:], values[n_words:]
        if entities_alone:
            context, _ = attention.attend_from_entities(rows[n_words:], layout, word_kv, entity_kv, head_mask)
            return self.finish(context, hidden[n_words:]), None
        context, probs = attention.attend_from_words(rows[:n_words], layout, word_kv, entity_kv, *rest)
        entity_context, entity_probs = attention.attend_from_entities(
            rows[n_words:], layout, word_kv, entity_kv, *rest
        )
        if not need_probs:
            return self.finish(torch.cat([context, entity_context]), hidden), None
        joined = join_probabilities(probs[0], entity_probs[0])
        context = attention.attend_with(joined, layout.groups[0], word_kv, entity_kv)
        return self.finish(context, hidden), joined

    def finish(self, context: Tensor, hidden: Tensor) -> Tensor:
        """The layer behind the attention: context (Tensor): From the attention. hidden (Tensor): The rows at its
        input. RETURNS (Tensor): The rows at its output. Shape: (rows, width) each"""
        if is_traced() or hidden.device.type != "cpu" or torch.is_grad_enabled() or len(hidden) <= BLOCK:
            return self._finish(context, hidden)
        blocks = zip(torch.split(context, BLOCK), torch.split(hidden, BLOCK), strict=True)
        return torch.cat([self._finish(*block) for block in blocks])

    def _finish(self, context: Tensor, hidden: Tensor) -> Tensor:
        hidden = self.attention.output(context, hidden)
        return self.output(self.intermediate(hidden), hidden)


class EncoderStates(NamedTuple):
    """What a run of the encoder yields. Tuples are empty unless asked for. Without entities their states are None."""

    words: Tensor
    entities: Tensor | None
    word_layers: tuple[Tensor, ...]
    entity_layers: tuple[Tensor | None, ...]
    attentions: tuple[Tensor, ...]


class LukeEncoder(nn.Module):
    """The layers. config (LukeConfig): The model's configuration."""

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
        entities: Tensor | None,
        layout: Layout,
        head_mask: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        words_needed: bool = True,
    ) -> EncoderStates:
        """Run words and entities together.

        words (Tensor): Shape: (words, width)
        entities (Tensor | None): Shape: (entities, width)
        layout (Layout): Which rows belong together; not packed where attentions or hidden states are asked for.
        head_mask (Tensor | None): Factor of each head of each layer. Shape: (layers, heads, 1, 1)
        output_attentions (bool): Whether to return attention probabilities.
        output_hidden_states (bool): Whether to return the states between the layers.
        words_needed (bool): Whether the last states of the words are needed. If not, and unless attentions or hidden
            states are asked for, the last layer leaves them out, and they are zeros.
        RETURNS (EncoderStates): The states, padded.
        """
        between, attentions = [], []
        alone = not (words_needed or output_attentions or output_hidden_states) and entities is not None
        last = len(self.layer) - 1
        # One matrix of rows where all rows are treated alike: a weight read from memory once serves both.
        hidden = _join_rows(words, entities)
        for i, layer in enumerate(self.layers()):
            if output_hidden_states:
                # Go on with what is returned, so that gradients reach it.
                words, entities = _split_rows(hidden, layout)
                between.append((words, entities))
                hidden = _join_rows(words.flatten(0, 1), None if entities is None else entities.flatten(0, 1))
            run: Callable[..., tuple[Tensor, Tensor | None]] = layer
            if self.checkpointing is not None and self.training:
                run = partial(checkpoint, layer, **self.checkpointing)
            mask = None if head_mask is None else head_mask[i]
            hidden, probs = run(hidden, layout, mask, output_attentions, alone and i == last)
            if probs is not None:
                attentions.append(probs)
        if alone:
            hidden = torch.cat([hidden.new_zeros(layout.words.total, hidden.shape[1]), hidden])
        padded = _split_rows(hidden, layout)
        if not output_hidden_states:
            return EncoderStates(*padded, (), (), tuple(attentions))
        word_layers, entity_layers = zip(*between, padded, strict=True)
        return EncoderStates(*padded, word_layers, entity_layers, tuple(attentions))

    def encode_words(self, words: Tensor, layout: Layout) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Run the words alone, and keep the keys and values that entities attend to.

        words (Tensor): Shape: (words, width)
        layout (Layout): Which rows belong together.
        RETURNS (tuple[Tensor, list[Tensor], list[Tensor]]): Word states, and each layer's keys and values.
        """
        keys, values = [], []
        for layer in self.layers():
            attention = layer.attention.self
            rows = attention.prepare(words)
            key, value = attention.keys_values(rows)
            keys.append(key)
            values.append(value)
            context, _ = attention.attend_from_words(rows, layout, (key, value))
            words = layer.finish(context, words)
        return words, keys, values

    def encode_entities(
        self,
        entities: Tensor,
        layout: Layout,
        keys: list[Tensor],
        values: list[Tensor],
        output_attentions: bool = False,
        alone: bool = False,
    ) -> tuple[Tensor, list[Tensor]]:
        """Run entities on a word pass that was kept.

        entities (Tensor): Shape: (entities, width)
        layout (Layout): Which rows belong together.
        keys, values (list[Tensor]): From `encode_words`, of all layers, or of the last ones alone: the entities enter
            there.
        output_attentions (bool): Whether to return the probabilities of the last layer.
        alone (bool): See `LukeSelfAttention.attend_from_entities`.
        RETURNS (tuple[Tensor, list[Tensor]]): Entity states, and the part of the words in the probabilities of each
            group, mean over the heads, shape (size, entities, words).
        """
        probs: list[Tensor] = []
        layers, last = self.layers()[len(self.layer) - len(keys) :], len(keys) - 1
        for i, (layer, key, value) in enumerate(zip(layers, keys, values, strict=True)):
            attention = layer.attention.self
            rows = attention.prepare(entities)
            kv = (key, value), attention.keys_values(rows)
            asked = output_attentions and i == last
            context, probs = attention.attend_from_entities(rows, layout, *kv, None, asked, alone)
            entities = layer.finish(context, entities)
        if not probs:
            return entities, []
        of_words = [
            part[..., : group.lengths["words"]] for part, group in zip(probs, layout.groups, strict=True)
        ]
        return entities, [part.mean(dim=1, dtype=entities.dtype) for part in of_words]


def _join_rows(words: Tensor, entities: Tensor | None) -> Tensor:
    """words, entities (Tensor): Shape: (rows of each, width). RETURNS (Tensor): Words before entities."""
    return words if entities is None else torch.cat([words, entities])


def _split_rows(hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor | None]:
    """hidden (Tensor): Shape: (words + entities, width). RETURNS (tuple): Words and entities, padded."""
    n_words = layout.words.total
    entities = None if layout.entities is None else layout.entities.put(hidden[n_words:])
    return layout.words.put(hidden[:n_words]), entities


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
