"""Entity-aware self-attention (section 3.2): who reads whom, and with which query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import LukeConfig
from .inference import InferenceLinear, Rows8
from .layout import TOKEN_KINDS, Group, Layout, TokenKind
from .linear import Linear

# From how many scores on folding pays, of all and of one head; measured on CPU, where large matrices cost page faults
# and products of bfloat16 are slow where they are small.
FOLD_FROM = {torch.float32: (5 << 19, 1 << 16), torch.bfloat16: (1 << 18, 3 << 13)}

Prepared = Tensor | Rows8  # hidden states, as they are or in the precision of the products
KeysValues = tuple[Tensor, Tensor]
# Context (rows, width), and the probabilities of each group, (size, heads, rows, tokens), if they were asked for.
Read = tuple[Tensor, list[Tensor]]


class LukeSelfAttention(nn.Module):
    """Multi-head attention of words and entities with keys and values in common and a query for each
    pair of kinds: word to word (`query`), word to entity, entity to word, entity to entity.

    Words and entities stay in tensors of their own, so that a word pass can be kept and read again. All states
    are rows, whose layout says who may read whom.
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
        """Convert hidden states to the precision of the products, once for all that read them.
        hidden (Tensor): Shape: (rows, width). RETURNS (Tensor | Rows8): The same rows."""
        return self.key.prepare(hidden) if isinstance(self.key, InferenceLinear) else hidden

    def keys_values(self, hidden: Prepared) -> KeysValues:
        """Project hidden states to what others read of them.
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
    ) -> Read:
        """What the words read: the words, and the entities if the configuration lets them.

        hidden (Tensor | Rows8): Word states, prepared. Shape: (words, width)
        layout (Layout): Which rows belong together.
        words (tuple[Tensor, Tensor]): Keys and values of the words. Shape: (words, width)
        entities (tuple[Tensor, Tensor] | None): Keys and values of the entities. Shape: (entities, width)
        head_mask (Tensor | None): Factor of each head. Shape: (heads, 1, 1)
        need_probs (bool): Whether to return the probabilities, which takes a slower way.
        RETURNS (tuple[Tensor, list[Tensor]]): Context, shape (words, width), and probabilities of each group,
            shape (size, heads, words, words [+ entities if they are read]).
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
    ) -> Read:
        """What the entities read: the words, and all entities or only themselves, as the configuration says.

        hidden (Tensor | Rows8): Entity states, prepared. Shape: (entities, width)
        RETURNS (tuple[Tensor, list[Tensor]]): Context, shape (entities, width), and probabilities of each group,
            shape (size, heads, entities, words + entities), or (size, heads, entities, words + 1) where an
            entity reads no other one. Further arguments are those of `attend_from_words`.
        """
        query = (self.e2w_query if self.entity_aware else self.query)(hidden)
        own_query = self.e2e_query(hidden) if self.entity_aware else query
        if not self.entities_attend_to_entities:
            return self._attend_to_words_and_self(
                query, own_query, layout, words, entities, head_mask, need_probs
            )
        divided = self._divide(layout, [query, own_query], [words, entities], "entities")
        return _join([self._attend(*parts, head_mask, need_probs) for parts in divided])

    def attend_with(self, probs: Tensor, group: Group, words: KeysValues, entities: KeysValues) -> Tensor:
        """Read with probabilities that are returned, so that gradients reach them. Nothing is packed then.

        probs (Tensor): Shape: (size, heads, words + entities, words + entities)
        group (Group): The only one.
        words, entities (tuple[Tensor, Tensor]): Keys and values. Shape: (rows of each, width)
        RETURNS (Tensor): Context. Shape: (words + entities, width)
        """
        values = [self._split(block[1], group.size) for block in (words, entities)]
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
            split = partial(self._split, size=group.size)
            kvs = [(split(keys[i]), split(values[i])) for keys, values in blocks]
            yield [split(query[i]) for query in own], kvs, group

    def _split(self, rows: Tensor, size: int) -> Tensor:
        total, width = rows.shape
        # (size * tokens, width) -> (size, tokens, heads, width / heads) -> (size, heads, tokens, width / heads)
        return rows.view(size, total // max(size, 1), self.heads, width // self.heads).transpose(1, 2)

    def _attend(
        self,
        queries: list[Tensor],
        blocks: list[KeysValues],
        group: Group,
        head_mask: Tensor | None,
        need_probs: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """One softmax over one or two blocks of tokens, each read with a query of its own."""
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
    ) -> Read:
        """As `_attend`, with one column for the row's own key instead of a block of all entities. What a row does with
        itself needs no group: only the words are read by groups, and tell which share remains for the row itself."""
        by_head = own_query.shape[0], self.heads, own_query.shape[1] // self.heads  # rows, heads, d
        scale = 1.0 / math.sqrt(by_head[2])
        own_score = (own_query * selves[0]).view(by_head).sum(dim=-1)  # (rows, width) -> (rows, heads)
        plain = head_mask is not None or need_probs or (self.training and self.dropout.p > 0.0)
        contexts, shares, parts = [], [], []
        divided = self._divide(layout, [query * scale, own_score * scale], [words], "entities")
        for (asked, own), (block,), group in divided:
            bias = additive_mask([group.word_mask], [block], query.dtype)
            bias = None if bias is None else F.pad(bias, (0, 1))  # an entity always reads itself
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
    batch, heads, rows, _ = query.shape
    least, least_of_head = FOLD_FROM.get(query.dtype, FOLD_FROM[torch.float32])
    of_head = rows * values.shape[2]
    return batch * heads * of_head >= least and of_head >= least_of_head


def suit_small_products(parts: list[Tensor]) -> list[Tensor]:
    """RETURNS (list[Tensor]): The same in float32 instead of bfloat16, where that is faster for small matrices."""
    slow = parts[0].device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return [part.float() for part in parts] if slow and parts[0].dtype == torch.bfloat16 else parts


def fold_blocks(queries: list[Tensor], keys: list[Tensor], values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Make one attention of two blocks with a query each: queries side by side, keys beside zeros.

    queries, keys (list[Tensor]): Shape: (batch, heads, rows or tokens, d) each
    values (Tensor): Shape: (batch, heads, all tokens, d)
    RETURNS (tuple[Tensor, Tensor, Tensor]): Query, key and value of width 2 * d; the second half of what they
        read is zero.
    """
    width = values.shape[-1]
    key = torch.cat([F.pad(keys[0], (0, width)), F.pad(keys[1], (width, 0))], dim=2)
    return torch.cat(queries, dim=-1), key, F.pad(values, (0, width))


def fused_words_and_self(
    query: Tensor, own_score: Tensor, words: KeysValues, bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Read the words, beside oneself, without building a matrix of scores.

    One key that stands for "self" is put behind the words, and one dimension behind the width. There the
    query carries the row's own score and the key a 1, so their product is that score; and the value a 1, so
    the result tells how much of itself the row has read.

    query (Tensor): Scaled. Shape: (batch, heads, entities, d)
    own_score (Tensor): Scaled product of a row's query and its own key. Shape: (batch, heads, entities, 1)
    words (tuple[Tensor, Tensor]): Keys and values of the words. Shape: (batch, heads, words, d)
    bias (Tensor | None): Of the words and oneself. Shape: (batch, 1, 1, words + 1)
    RETURNS (tuple[Tensor, Tensor]): What was read of the words, shape (batch, heads, entities, d), and the share
        that the row itself has, shape (batch, heads, entities, 1).
    """
    width = query.shape[-1]
    query = F.pad(query, (0, 8))  # widths that 8 divides suit the GPU kernels
    query[..., width : width + 1] = own_score
    keys, values = (F.pad(part, (0, 8, 0, 1)) for part in words)  # (batch, heads, words + 1, d + 8)
    keys[:, :, -1, width] = 1.0
    values[:, :, -1, width] = 1.0
    read = F.scaled_dot_product_attention(query, keys, values, bias, scale=1.0)
    return read[..., :width], read[..., width : width + 1]


def additive_mask(
    masks: Sequence[Tensor | None], blocks: Sequence[KeysValues], dtype: torch.dtype
) -> Tensor | None:
    """Turn the masks of some blocks of tokens into one term of the scores.

    masks (Sequence[Tensor | None]): 1 to read, 0 to skip; None to read all. Shape: (batch, tokens)
    blocks (Sequence[tuple[Tensor, Tensor]]): Keys and values of each block.
    dtype (torch.dtype): Type of the scores. Its own minimum masks: that of float32 is -inf in bfloat16, and
        rows without any token to read would become NaN.
    RETURNS (Tensor | None): Shape: (batch, 1, 1, all tokens), or None if everything is read.
    """
    if all(mask is None for mask in masks):
        return None
    full = []
    for mask, (keys, _) in zip(masks, blocks, strict=True):
        mask = keys.new_ones(len(keys), keys.shape[2]) if mask is None else mask
        full.append(mask.to(dtype))
    skip = 1.0 - torch.cat(full, dim=-1)  # (batch, all tokens)
    return skip[:, None, None, :] * torch.finfo(dtype).min


def merge_heads(context: Tensor) -> Tensor:
    """context (Tensor): Shape: (size, heads, rows, width / heads). RETURNS (Tensor): (size * rows, width)"""
    return context.transpose(1, 2).flatten(2).flatten(0, 1)


def _join(reads: list[tuple[Tensor, Tensor | None]]) -> Read:
    return torch.cat([context for context, _ in reads]), [probs for _, probs in reads if probs is not None]
