"""A LUKE from a BERT or RoBERTa encoder, as LUKE was made from RoBERTa (Yamada et al. 2020, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import Errors
from .config import LukeConfig
from .embeddings import LukeEntityEmbeddings
from .matching import PUBLISHED_HEADS, fit_weights
from .model import LukeModel

ENCODERS = ("bert", "roberta", "xlm-roberta", "camembert")
_SAME_FIELDS = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "initializer_range",
    "layer_norm_eps",
)
_TABLE = "embeddings.{}_embeddings.weight"
_OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


def luke_from_encoder(
    state_dict: Mapping[str, Tensor],
    config: Mapping[str, Any],
    *,
    entity_vocab_size: int,
    entity_emb_size: int,
    words_attend_to_entities: bool = False,
    entities_attend_to_entities: bool = False,
    type_vocab_size: int | None = None,
    mask_token_id: int | None = None,
    entity_mask_ids: Sequence[int] = (2, 3),
    new_words: Sequence[int | None] = (),
) -> LukeModel:
    """Make a LUKE whose word states are those of the source, and whose entities start from the words.

    The entity queries are copies of the word query, the entities' position, type and norm those of the words.
    What an encoder has no equivalent for, the entity table, is drawn at random but for the rows of [MASK].

    state_dict (Mapping[str, Tensor]): Weights of a BERT or RoBERTa, under "bert.", "roberta." or no prefix;
        those of heads are left out.
    config (Mapping[str, Any]): Content of the source's `config.json`.
    entity_vocab_size (int): Number of entities.
    entity_emb_size (int): Width of the entity table; equal to the hidden size, there is no projection.
    words_attend_to_entities, entities_attend_to_entities (bool): See `LukeConfig`.
    type_vocab_size (int | None): Number of token types; rows beyond the source's repeat its row 0.
        None means as many as the source has.
    mask_token_id (int | None): Word whose embedding the [MASK] entities start from; None leaves them random.
    entity_mask_ids (Sequence[int]): Rows of [MASK] and [MASK2] in the entity table.
    new_words (Sequence[int | None]): For each word to add, the word whose row it copies; None means the mean
        of all rows. LUKE's <ent> and <ent2> started as "@" and "#".
    RETURNS (LukeModel): The model, in evaluation mode; without a pooler if the source has none.
    RAISES (ValueError): If the source is of another kind or its weights do not fit its configuration.
    """
    check_encoder(config)
    kind, source = config["model_type"], _plain_names(state_dict)
    pad = int(config.get("pad_token_id", 0 if kind == "bert" else 1))
    words, shape = _table(source, "word"), (config["vocab_size"], config["hidden_size"])
    if words.shape != shape:  # ids of new words follow the known ones
        name = _TABLE.format("word")
        raise ValueError(Errors.L239.format(name=name, found=tuple(words.shape), needed=shape))
    words = _add_rows(words, new_words)
    # BERT's first word is at 0, LUKE's and RoBERTa's behind the row of the padding.
    positions = F.pad(_table(source, "position"), (0, 0, pad + 1 if kind == "bert" else 0, 0))
    types = _repeat_first(_table(source, "token_type"), type_vocab_size)
    tables = {"word": words, "position": positions, "token_type": types}
    source |= {_TABLE.format(kind): table for kind, table in tables.items()}
    luke_config = LukeConfig(
        vocab_size=len(words),
        max_position_embeddings=len(positions),
        type_vocab_size=len(types),
        pad_token_id=pad,
        bos_token_id=config.get("bos_token_id"),
        eos_token_id=config.get("eos_token_id"),
        entity_vocab_size=entity_vocab_size,
        entity_emb_size=entity_emb_size,
        words_attend_to_entities=words_attend_to_entities,
        entities_attend_to_entities=entities_attend_to_entities,
        **{name: config[name] for name in _SAME_FIELDS if name in config},
    )
    model = LukeModel(luke_config, add_pooling_layer="pooler.dense.weight" in source)
    drawn = model.state_dict()
    source |= _entity_side(source, first_position=pad + 1)
    # The entity table, which no encoder has an equivalent for, stays as it was drawn.
    source |= {name: weight for name, weight in drawn.items() if name.startswith("entity_embeddings.entity_")}
    fitted, _ = fit_weights(source, drawn, model.base_model_prefix, is_base=True)
    model.load_state_dict(fitted)
    if mask_token_id is not None:
        _set_mask_entities(model.entity_embeddings, words[mask_token_id], entity_mask_ids)
    return model.eval()


def check_encoder(config: Mapping[str, Any]) -> None:
    """Refuse what no LUKE can be made from.

    config (Mapping[str, Any]): Content of a `config.json`.
    RAISES (ValueError): If it is of another kind, or lacks what has to be known.
    """
    kind, position = config.get("model_type"), config.get("position_embedding_type", "absolute")
    if kind not in ENCODERS or position != "absolute":
        raise ValueError(Errors.L251.format(kind=kind, position=position, allowed=", ".join(ENCODERS)))
    for name, least in (("hidden_size", 1), ("vocab_size", 1), ("pad_token_id", 0)):
        value = config.get(name, 0 if name == "pad_token_id" else None)
        if not isinstance(value, int) or value < least:
            allowed = f"an integer of at least {least}"
            raise ValueError(Errors.L201.format(name=name, value=value, allowed=allowed))
    if config.get("is_decoder"):
        allowed = "false: the words of a LUKE read those behind them, too"
        raise ValueError(Errors.L201.format(name="is_decoder", value=True, allowed=allowed))


def _plain_names(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names without prefix, heads left out, old spellings of the norms' weights replaced."""
    prefix = next((p for p in ("bert.", "roberta.") if any(name.startswith(p) for name in state_dict)), "")
    weights = {}
    for name, weight in state_dict.items():
        inner = name.removeprefix(prefix)
        if not name.startswith(prefix) or inner.split(".", 1)[0] in (*PUBLISHED_HEADS, "cls"):
            continue
        for old, new in _OLD_NAMES.items():
            inner = inner.replace(old, new)
        weights[inner] = weight.float()
    return weights


def _table(source: Mapping[str, Tensor], kind: str) -> Tensor:
    name = _TABLE.format(kind)
    if name not in source:
        raise ValueError(Errors.L252.format(name=name))
    return source[name]


def _add_rows(words: Tensor, sources: Sequence[int | None]) -> Tensor:
    if not sources:
        return words
    mean = words.mean(dim=0)
    return torch.cat([words, torch.stack([mean if i is None else words[i] for i in sources])])


def _repeat_first(types: Tensor, rows: int | None) -> Tensor:
    if rows is None:
        return types
    if rows < len(types):
        raise ValueError(Errors.L253.format(rows=rows, least=len(types)))
    return torch.cat([types, types[:1].expand(rows - len(types), -1)])


def _entity_side(source: Mapping[str, Tensor], first_position: int) -> dict[str, Tensor]:
    """What only entities use, made from what the words use."""
    weights = {}
    for name, weight in source.items():
        if ".attention.self.query." in name:
            for pair in ("w2e", "e2w", "e2e"):
                weights[name.replace(".query.", f".{pair}_query.")] = weight
        elif name.startswith(("embeddings.token_type_embeddings.", "embeddings.LayerNorm.")):
            weights["entity_" + name] = weight
    # Entities count positions from 0; the rows that end up behind the last word are never asked for.
    weights["entity_" + _TABLE.format("position")] = _table(source, "position").roll(-first_position, dims=0)
    return weights


@torch.no_grad()
def _set_mask_entities(embeddings: LukeEntityEmbeddings, word: Tensor, ids: Sequence[int]) -> None:
    """Let the [MASK] entities be embedded as the [MASK] word is."""
    table = embeddings.entity_embeddings.weight
    rows = [i for i in ids if i < len(table)]
    if not embeddings.projected:
        table[rows] = word
        return
    # One direction of the projection becomes the mask's, so its rows are exact; the others stay random.
    embeddings.entity_embedding_dense.weight[:, 0] = word / word.norm()
    table[rows] = 0.0
    table[rows, 0] = word.norm()
