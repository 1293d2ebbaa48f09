"""Entity-aware self-attention (section 3.2): who attends to whom, and with which query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import LukeConfig
from .inference import InferenceLinear, Rows8
from .layout import TOKEN_KINDS, Group, Layout, TokenKind
from .linear import Linear
from .tracing import is_traced

# How many scores, of all heads and of one, make folding pay. Measured on CPU, where large matrices cost page faults,
# and small products of bfloat16 are slow.
FOLD_FROM = {torch.float32: (5 << 19, 1 << 16), torch.bfloat16: (1 << 18, 3 << 13)}

Prepared = Tensor | Rows8  # hidden states, as they are or in the precision of the products
KeysValues = tuple[Tensor, Tensor]
# Context (rows, width), and the probabilities of each group, (size, heads, rows, tokens), if they were asked for.
Attended = tuple[Tensor, list[Tensor]]


class LukeSelfAttention(nn.Module):
    """Multi-head attention among words and entities. They share keys and values, but each pair of kinds has its own
    query: word to word (`query`), word to entity, entity to word, entity to entity.

    Words and entities are separate tensors, so that a word pass can be kept and used again. All states are rows of a
    matrix; a `Layout` says which of them belong together.
    config (LukeConfig): The model's configuration."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.entity_aware = config.use_entity_aware_attention
        self.words_attend_to_entities = config.words_attend_to_entities
        self.entities_attend_to_entities = config.entities_attend_to_entities
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        if self.entity_aware:
            self.w2e_query = Linear(width, width)
            self.e2w_query = Linear(width, width)
            self.e2e_query = Linear(width, width)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def prepare(self, hidden: Tensor) -> Prepared:
        """Convert hidden states to the precision of the products, once for all projections.
        hidden (Tensor): Shape: (rows, width). RETURNS (Tensor | Rows8): The same rows."""
        return self.key.prepare(hidden) if isinstance(self.key, InferenceLinear) else hidden

    def keys_values(self, hidden: Prepared) -> KeysValues:
        """Project hidden states to keys and values.
        hidden (Tensor | Rows8): Prepared. RETURNS (tuple[Tensor, Tensor]): Keys and values. Shape: (rows, width)"""
        return self.key(hidden), self.value(hidden)

    def attend_from_words(
        self,
        hidden: Prepared,
        layout: Layout,
        words: KeysValues,
        entities: KeysValues | None = None,
        head_mask: Tensor | None = None,
        need_probs: bool = False,
    ) -> Attended:
        """Let words attend to the words, and to the entities if the configuration says so.

        hidden (Tensor | Rows8): Word states, prepared. Shape: (words, width)
        layout (Layout): Which rows belong together.
        words (tuple[Tensor, Tensor]): Keys and values of the words. Shape: (words, width)
        entities (tuple[Tensor, Tensor] | None): Keys and values of the entities. Shape: (entities, width)
        head_mask (Tensor | None): Factor of each head. Shape: (heads, 1, 1)
        need_probs (bool): Whether to return the probabilities, which takes a slower way.
        RETURNS (tuple[Tensor, list[Tensor]]): Context, shape (words, width), and probabilities of each group,
            shape (size, heads, words, words [+ entities]).
        """
        queries, kinds = [self.query(hidden)], [words]
        if entities is not None and self.words_attend_to_entities:
            queries.append(self.w2e_query(hidden) if self.entity_aware else queries[0])
            kinds.append(entities)
        divided = self._divide(layout, queries, kinds, "words")
        return _join([self._attend(*parts, head_mask, need_probs) for parts in divided])

    def attend_from_entities(
        self,
        hidden: Prepared,
        layout: Layout,
        words: KeysValues,
        entities: KeysValues,
        head_mask: Tensor | None = None,
        need_probs: bool = False,
        alone: bool = False,
    ) -> Attended:
        """Let entities attend to the words, and to all entities or only to themselves, as the configuration says.

        hidden (Tensor | Rows8): Entity states, prepared. Shape: (entities, width)
        layout, words, entities, head_mask, need_probs: As in `attend_from_words`.
        alone (bool): Whether they attend only to themselves, whatever the configuration says.
        RETURNS (tuple[Tensor, list[Tensor]]): Context, shape (entities, width), and probabilities of each group,
            shape (size, heads, entities, words + entities), or (size, heads, entities, words + 1) where entities
            attend only to themselves.
        """
        query = (self.e2w_query if self.entity_aware else self.query)(hidden)
        own_query = self.e2e_query(hidden) if self.entity_aware else query
        if alone or not self.entities_attend_to_entities:
            return self._attend_to_words_and_self(
                query, own_query, layout, words, entities, head_mask, need_probs
            )
        divided = self._divide(layout, [query, own_query], [words, entities], "entities")
        return _join([self._attend(*parts, head_mask, need_probs) for parts in divided])

    def attend_with(self, probs: Tensor, group: Group, words: KeysValues, entities: KeysValues) -> Tensor:
        """Compute the context from probabilities that are returned to the caller, so that gradients reach them.

        probs (Tensor): Shape: (size, heads, words + entities, words + entities)
        group (Group): The only one, because nothing is packed where probabilities are returned.
        words, entities (tuple[Tensor, Tensor]): Keys and values. Shape: (rows of each, width)
        RETURNS (Tensor): Context. Shape: (words + entities, width)
        """
        kinds = zip(TOKEN_KINDS, (words, entities), strict=True)
        values = [self._split(kv[1], group.size, group.lengths[kind]) for kind, kv in kinds]
        context = probs @ torch.cat(values, dim=2)  # (size, heads, words + entities, d)
        parts = torch.split(context, [value.shape[2] for value in values], dim=2)
        return torch.cat([merge_heads(part) for part in parts])

    def _divide(
        self, layout: Layout, queries: list[Tensor], kinds: list[KeysValues], asking: TokenKind
    ) -> Iterator[tuple[list[Tensor], list[KeysValues], Group]]:
        """The queries of each group, and its keys and values. Shape: (size, heads, tokens, width / heads) each."""
        own = [layout.divide(query, asking) for query in queries]
        blocks = [
            [layout.divide(part, kind) for part in kv] for kind, kv in zip(TOKEN_KINDS, kinds, strict=False)
        ]
        for i, group in enumerate(layout.groups):
            kvs = [
                (
                    self._split(keys[i], group.size, group.lengths[kind]),
                    self._split(values[i], group.size, group.lengths[kind]),
                )
                for kind, (keys, values) in zip(TOKEN_KINDS, blocks, strict=False)
            ]
            yield [self._split(query[i], group.size, group.lengths[asking]) for query in own], kvs, group

    def _split(self, rows: Tensor, size: int, tokens: int) -> Tensor:
        width = rows.shape[1]
        # (size * tokens, width) -> (size, tokens, heads, width / heads) -> (size, heads, tokens, width / heads)
        return rows.view(size, tokens, self.heads, width // self.heads).transpose(1, 2)

    def _attend(
        self,
        queries: list[Tensor],
        blocks: list[KeysValues],
        group: Group,
        head_mask: Tensor | None,
        need_probs: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """One softmax over one or two blocks of tokens, each with its own query."""
        masks = [group.word_mask, group.entity_mask][: len(blocks)]
        bias = additive_mask(masks, blocks, queries[0].dtype)
        keys = [block[0] for block in blocks]
        values = blocks[0][1]
        if len(blocks) > 1:
            values = torch.cat([block[1] for block in blocks], dim=2)  # (batch, heads, all tokens, d)
            if not self.entity_aware:
                queries, keys = queries[:1], [torch.cat(keys, dim=2)]
        plain = head_mask is not None or need_probs
        # Folding doubles the arithmetic and spares the matrix of scores, which dropout builds anyway.
        may_fold = not (self.training and self.dropout.p > 0.0)
        if not plain and (len(keys) == 1 or (may_fold and is_large(queries[0], values))):
            return self._attend_fused(queries, keys, values, bias), None
        scale = 1.0 / math.sqrt(values.shape[-1])  # of the queries, which are smaller than the scores
        queries, keys, (values,) = (suit_small_products(part) for part in (queries, keys, [values]))
        scores = [(query * scale) @ key.transpose(-1, -2) for query, key in zip(queries, keys, strict=True)]
        probs = self._normalize(torch.cat(scores, dim=-1), bias, head_mask)
        stored = blocks[0][1].dtype
        return merge_heads(probs @ values).to(stored), probs.to(stored) if need_probs else None

    def _attend_fused(
        self, queries: list[Tensor], keys: list[Tensor], values: Tensor, bias: Tensor | None
    ) -> Tensor:
        query, key, width = queries[0], keys[0], values.shape[-1]
        if len(keys) > 1:
            query, key, values = fold_blocks(queries, keys, values)
        rate = self.dropout.p if self.training else 0.0
        scale = 1.0 / math.sqrt(width)
        context = F.scaled_dot_product_attention(query, key, values, bias, dropout_p=rate, scale=scale)
        return merge_heads(context[..., :width])

    def _attend_to_words_and_self(
        self,
        query: Tensor,
        own_query: Tensor,
        layout: Layout,
        words: KeysValues,
        selves: KeysValues,
        head_mask: Tensor | None,
        need_probs: bool,
    ) -> Attended:
        """As `_attend`, with a single column for the entity itself in place of the block of entities. Only the words
        need groups: they tell which share of its attention an entity has left for itself."""
        by_head = own_query.shape[0], self.heads, own_query.shape[1] // self.heads  # rows, heads, d
        scale = 1.0 / math.sqrt(by_head[2])
        own_score = (own_query * selves[0]).view(by_head).sum(dim=-1)  # (rows, width) -> (rows, heads)
        plain = head_mask is not None or need_probs or (self.training and self.dropout.p > 0.0)
        contexts, shares, parts = [], [], []
        divided = self._divide(layout, [query * scale, own_score * scale], [words], "entities")
        for (asked, own), (block,), group in divided:
            bias = additive_mask([group.word_mask], [block], query.dtype)
            bias = None if bias is None else F.pad(bias, (0, 1))  # an entity always attends to itself
            few = query.device.type == "cpu" and not is_large(asked, block[1])
            if plain or few:
                asked, own, keys, values = suit_small_products([asked, own, *block])
                scores = torch.cat(
                    [asked @ keys.transpose(-1, -2), own], dim=-1
                )  # (size, heads, rows, words + 1)
                probs = self._normalize(scores, bias, head_mask)
                context, share = probs[..., :-1] @ values, probs[..., -1:]
                parts += [probs.to(query.dtype)] if need_probs else []
            else:
                context, share = fused_words_and_self(asked, own, block, bias)
            contexts.append(merge_heads(context).to(query.dtype))
            shares.append(merge_heads(share).to(query.dtype))
        share = torch.cat(shares)[..., None]  # (rows, heads) -> (rows, heads, 1)
        return torch.cat(contexts) + (share * selves[1].view(by_head)).flatten(1), parts

    def _normalize(self, scores: Tensor, bias: Tensor | None, head_mask: Tensor | None) -> Tensor:
        if bias is not None:
            scores = scores + bias
        probs: Tensor = self.dropout(scores.softmax(dim=-1))
        return probs if head_mask is None else probs * head_mask.to(probs.dtype)


def is_large(query: Tensor, values: Tensor) -> bool:
    """query, values (Tensor): Shape: (batch, heads, tokens of each, d)
    RETURNS (bool): Whether a matrix of their scores costs more than doing without it."""
    if is_traced():
        return False
    batch, heads, rows, _ = query.shape
    least, least_of_head = FOLD_FROM.get(query.dtype, FOLD_FROM[torch.float32])
    of_head = rows * values.shape[2]
    return batch * heads * of_head >= least and of_head >= least_of_head


def suit_small_products(parts: list[Tensor]) -> list[Tensor]:
    """RETURNS (list[Tensor]): The same in float32 where products of small matrices in bfloat16 are slower."""
    slow = parts[0].device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return [part.float() for part in parts] if slow and parts[0].dtype == torch.bfloat16 else parts


def fold_blocks(queries: list[Tensor], keys: list[Tensor], values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Make one attention of two blocks that have a query each: queries side by side, keys filled up with zeros.

    queries, keys (list[Tensor]): Shape: (batch, heads, rows or tokens, d) each
    values (Tensor): Shape: (batch, heads, all tokens, d)
    RETURNS (tuple[Tensor, Tensor, Tensor]): Query, key and value of width 2 * d; the second half of the result is
        zero.
    """
    width = values.shape[-1]
    key = torch.cat([F.pad(keys[0], (0, width)), F.pad(keys[1], (width, 0))], dim=2)
    return torch.cat(queries, dim=-1), key, F.pad(values, (0, width))


def fused_words_and_self(
    query: Tensor, own_score: Tensor, words: KeysValues, bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Let entities attend to the words and to themselves without building a matrix of scores.

    Behind the words comes a key that stands for "self", and behind the width another dimension. There the query has the
    entity's score for itself and this key a 1, so that their product is that score. The value has a 1, too, so that the
    result says how much attention the entity pays to itself.

    query (Tensor): Scaled. Shape: (batch, heads, entities, d)
    own_score (Tensor): Scaled product of an entity's query and its own key. Shape: (batch, heads, entities, 1)
    words (tuple[Tensor, Tensor]): Keys and values of the words. Shape: (batch, heads, words, d)
    bias (Tensor | None): Of the words and oneself. Shape: (batch, 1, 1, words + 1)
    RETURNS (tuple[Tensor, Tensor]): The words' part of the context, shape (batch, heads, entities, d), and the
        entity's attention to itself, shape (batch, heads, entities, 1).
    """
    width = query.shape[-1]
    query = F.pad(query, (0, 8))  # widths that 8 divides suit the GPU kernels
    query[..., width : width + 1] = own_score
    keys, values = (F.pad(part, (0, 8, 0, 1)) for part in words)  # (batch, heads, words + 1, d + 8)
    keys[:, :, -1, width] = 1.0
    values[:, :, -1, width] = 1.0
    context = F.scaled_dot_product_attention(query, keys, values, bias, scale=1.0)
    return context[..., :width], context[..., width : width + 1]


def additive_mask(
    masks: Sequence[Tensor | None], blocks: Sequence[KeysValues], dtype: torch.dtype
) -> Tensor | None:
    """Turn the masks of some blocks of tokens into one term of the scores.

    masks (Sequence[Tensor | None]): 0 for tokens to skip; None to skip none. Shape: (batch, tokens)
    blocks (Sequence[tuple[Tensor, Tensor]]): Keys and values of each block.
    dtype (torch.dtype): Type of the scores, whose own minimum is taken: that of float32 is -inf in bfloat16, which
        makes NaN where all tokens are skipped.
    RETURNS (Tensor | None): Shape: (batch, 1, 1, all tokens), or None if none is skipped.
    """
    if all(mask is None for mask in masks):
        return None
    full = []
    for mask, (keys, _) in zip(masks, blocks, strict=True):
        mask = keys.new_ones(keys.shape[0], keys.shape[2]) if mask is None else mask
        full.append(mask.to(dtype))
    skip = 1.0 - torch.cat(full, dim=-1)  # (batch, all tokens)
    return skip[:, None, None, :] * torch.finfo(dtype).min


def merge_heads(context: Tensor) -> Tensor:
    """context (Tensor): Shape: (size, heads, rows, width / heads). RETURNS (Tensor): (size * rows, width)"""
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


def _join(groups: list[tuple[Tensor, Tensor | None]]) -> Attended:
    return torch.cat([context for context, _ in groups]), [probs for _, probs in groups if probs is not None]
