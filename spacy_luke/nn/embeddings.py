"""From ids to the first hidden states: one module for words, one for entities."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import Errors
from .config import LukeConfig
from .tracing import is_traced

WITH_BAGS = ("cpu", "cuda")  # devices with a kernel for `embedding_bag`; Apple's and others have none
NO_POSITION = -1  # filler in entity_position_ids behind the last piece of a mention


class LukeEmbeddings(nn.Module):
    """Word embeddings: token, position and type, summed and normalized, as in RoBERTa.
    config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        width, pad = config.hidden_size, config.pad_token_id
        self.padding_idx = pad
        self.word_embeddings = nn.Embedding(config.vocab_size, width, padding_idx=pad)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width, padding_idx=pad)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        input_ids: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
    ) -> Tensor:
        """Embed the words of a batch, or, if positions are given, any rows.

        input_ids (Tensor | None): Shape: (batch, words) or (rows,)
        token_type_ids (Tensor | None): Zeros if not given. Shape as `input_ids`
        position_ids (Tensor | None): Counted from the ids if not given. Shape as `input_ids`
        inputs_embeds (Tensor | None): Token embeddings instead of ids. Shape: (batch, words, width) or (rows, width)
        RETURNS (Tensor): Shape as `inputs_embeds`
        RAISES (ValueError): If the text is longer than the position table.
        """
        if inputs_embeds is None:
            if input_ids is None:
                raise ValueError(Errors.L211)
            # A large table may be in the type that it is stored in; see `LukePreTrainedModel.from_state`.
            inputs_embeds = look_up(self.word_embeddings, input_ids, "input_ids").to(
                self.LayerNorm.weight.dtype
            )
        if position_ids is None:
            position_ids = self.count_positions(input_ids, inputs_embeds)
        types = _embed_types(self.token_type_embeddings, token_type_ids)
        hidden = inputs_embeds + self.position_embeddings(position_ids) + types
        return self.dropout(self.LayerNorm(hidden))

    def count_positions(self, input_ids: Tensor | None, inputs_embeds: Tensor | None = None) -> Tensor:
        """Number the words from `padding_idx + 1` on; padding keeps `padding_idx`.

        input_ids (Tensor | None): Without them every word counts as real. Shape: (batch, words)
        inputs_embeds (Tensor | None): Needed without ids. Shape: (batch, words, width)
        RETURNS (Tensor): Shape: (batch, words)
        RAISES (ValueError): If both are missing, or a text is longer than the position table.
        """
        if input_ids is None:
            if inputs_embeds is None:
                raise ValueError(Errors.L211)
            real = torch.ones(inputs_embeds.shape[:2], dtype=torch.long, device=inputs_embeds.device)
        else:
            real = input_ids.ne(self.padding_idx).long()
        positions = real.cumsum(dim=1) * real + self.padding_idx
        rows = self.position_embeddings.num_embeddings
        if is_traced():
            return positions
        # Only rows of more tokens than the table has can overflow: the usual case costs no look at the data.
        if positions.shape[1] + self.padding_idx >= rows and int(positions.max()) >= rows:
            longest = int(positions.max()) - self.padding_idx
            raise ValueError(Errors.L212.format(words=longest, limit=rows - self.padding_idx - 1))
        return positions


def _embed_types(table: nn.Embedding, ids: Tensor | None) -> Tensor:
    return table.weight[0] if ids is None else table(ids)  # one type broadcasts over the batch


class LukeEntityEmbeddings(nn.Module):
    """Entity embeddings: entity, mean position of its word pieces, and type (section 3.1).
    config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.entity_embeddings = nn.Embedding(config.entity_vocab_size, config.entity_emb_size, padding_idx=0)
        self.projected = config.entity_emb_size != width
        if self.projected:
            self.entity_embedding_dense = nn.Linear(config.entity_emb_size, width, bias=False)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self, entity_ids: Tensor, position_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed the entities of a batch, or any rows.

        entity_ids (Tensor): Shape: (batch, entities) or (rows,)
        position_ids (Tensor): Positions of each entity's word pieces from 0 on, filled up with -1.
            Shape: (batch, entities, mention length) or (rows, mention length)
        token_type_ids (Tensor | None): Zeros if not given. Shape as `entity_ids`
        RETURNS (Tensor): Shape: (batch, entities, width) or (rows, width)
        """
        entities = look_up(self.entity_embeddings, entity_ids, "entity_ids").to(self.LayerNorm.weight.dtype)
        if self.projected:
            entities = self.entity_embedding_dense(entities)
        types = _embed_types(self.token_type_embeddings, token_type_ids)
        hidden = entities + self.mean_positions(position_ids) + types
        return self.dropout(self.LayerNorm(hidden))

    def mean_positions(self, position_ids: Tensor) -> Tensor:
        """Average the position embeddings of each entity, without building a row a piece.

        position_ids (Tensor): Shape: (..., mention length)
        RETURNS (Tensor): Zeros for an entity without pieces. Shape: (..., width)
        """
        table = self.position_embeddings.weight
        entities = position_ids.shape[:-1]
        real = position_ids.ne(NO_POSITION)
        share = real.to(table.dtype) / real.sum(dim=-1, keepdim=True).clamp(min=1)
        ids, share = position_ids.clamp(min=0).flatten(0, -2), share.flatten(0, -2)  # (all entities, length)
        if is_traced() or table.device.type not in WITH_BAGS:
            # As a product with the whole table, which is small: Shape (all entities, positions)
            shares = share.new_zeros(share.shape[0], table.shape[0]).scatter_add(1, ids, share)
            summed = shares @ table
        elif not position_ids.numel():
            return table.new_zeros(*entities, table.shape[1])
        else:
            summed = F.embedding_bag(ids, table, mode="sum", per_sample_weights=share)
        return summed.view(*entities, table.shape[1])  # (all entities, width) -> (..., width)


def look_up(table: nn.Embedding, ids: Tensor, name: str) -> Tensor:
    """table (nn.Embedding): The table. ids (Tensor): Rows of it. name (str): Of the ids, for messages.
    RETURNS (Tensor): The rows. RAISES (ValueError): If the table has no such rows. On a GPU torch ends the process."""
    try:
        rows: Tensor = table(ids)
        return rows
    except IndexError as error:
        hint = ", and check that tokenizer and model belong together"
        raise ValueError(Errors.L262.format(name=name, last=table.num_embeddings - 1, hint=hint)) from error
