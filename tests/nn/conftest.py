"""Tiny random models, inputs for them, and a plain rendering of LUKE's equations to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.model import LukeModel

TINY = {
    "vocab_size": 50,
    "entity_vocab_size": 20,
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,  # large enough for the attention to prefer some tokens clearly
}


def make_config(**changes: Any) -> LukeConfig:
    return LukeConfig(**{**TINY, **changes})


def make_model(**changes: Any) -> LukeModel:
    torch.manual_seed(0)
    return LukeModel(make_config(**changes)).eval()


def make_inputs(
    words: int = 9, entities: int = 4, *, padded: bool = True, seed: int = 1
) -> dict[str, Tensor]:
    """Two texts; the second is shorter and has fewer entities if `padded`."""
    gen = torch.Generator().manual_seed(seed)
    ids = torch.randint(2, 50, (2, words), generator=gen)
    entity_ids = torch.randint(1, 20, (2, entities), generator=gen)
    positions = torch.full((2, entities, 5), -1)
    lengths = torch.randint(1, 6, (2, entities), generator=gen)
    starts = torch.randint(0, words, (2, entities), generator=gen)
    for row in range(2):
        for i in range(entities):
            n = int(lengths[row, i])
            positions[row, i, :n] = (starts[row, i] + torch.arange(n)) % words
    mask, entity_mask = torch.ones_like(ids), torch.ones_like(entity_ids)
    if padded:
        cut = words // 2 + 1
        mask[1, cut:], ids[1, cut:] = 0, 1
        entity_mask[1, entities // 2 + 1 :] = 0
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "entity_ids": entity_ids,
        "entity_position_ids": positions,
        "entity_attention_mask": entity_mask,
    }


def naive_states(model: LukeModel, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Section 3.2 of the paper, written out token by token: one square of scores, one query for each pair of
    kinds, arrows cut by a mask of the whole square."""
    config = model.config
    words = model.embeddings(inputs["input_ids"])
    entities = model.entity_embeddings(inputs["entity_ids"], inputs["entity_position_ids"])
    n_words, n_entities = words.shape[1], entities.shape[1]
    total, heads = n_words + n_entities, config.num_attention_heads
    hidden = torch.cat([words, entities], dim=1)
    is_entity = torch.arange(total) >= n_words
    keep = torch.cat([inputs["attention_mask"], inputs["entity_attention_mask"]], 1).bool()
    allowed = keep[:, None, :].expand(-1, total, -1).clone()  # (batch, reader, read)
    if not config.words_attend_to_entities:
        allowed[:, :n_words, n_words:] = False
    if not config.entities_attend_to_entities:
        allowed[:, n_words:, n_words:] = torch.eye(n_entities, dtype=torch.bool)
    for layer in model.encoder.layers():
        attention = layer.attention.self
        aware = config.use_entity_aware_attention
        queries = {
            (False, False): attention.query,
            (False, True): attention.w2e_query if aware else attention.query,
            (True, False): attention.e2w_query if aware else attention.query,
            (True, True): attention.e2e_query if aware else attention.query,
        }

        def split(states: Tensor) -> Tensor:
            return states.view(2, total, heads, -1).transpose(1, 2)

        key, value = split(attention.key(hidden)), split(attention.value(hidden))
        scores = torch.zeros(2, heads, total, total)
        for (reader, read), query in queries.items():
            here = (is_entity == reader)[:, None] & (is_entity == read)[None, :]
            scores = scores + split(query(hidden)) @ key.transpose(-1, -2) * here
        scores = scores / (config.hidden_size // heads) ** 0.5
        probs = scores.masked_fill(~allowed[:, None], -1e9).softmax(-1)
        context = (probs @ value).transpose(1, 2).reshape(2, total, -1)
        norm = layer.attention.output.LayerNorm
        hidden = norm(layer.attention.output.dense(context) + hidden)
        inner = layer.output.dense(F.gelu(layer.intermediate.dense(hidden)))
        hidden = layer.output.LayerNorm(inner + hidden)
    return hidden[:, :n_words], hidden[:, n_words:]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models need one thread: with more, they wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., LukeConfig]:
    """Make a tiny configuration with changes."""
    return make_config


@pytest.fixture(scope="session")
def tiny_model() -> Callable[..., LukeModel]:
    """Make a tiny model with changes; the same call gives the same weights."""
    return make_model


@pytest.fixture(scope="session")
def luke_inputs() -> Callable[..., dict[str, Tensor]]:
    """Make inputs of a batch of two."""
    return make_inputs


@pytest.fixture(scope="session")
def naive() -> Callable[..., tuple[Tensor, Tensor]]:
    """Compute word and entity states the slow way."""
    return naive_states
