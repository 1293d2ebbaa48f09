"""Where the words and entities of a batch lie while the encoder runs: in rows of a matrix, without the padding.

All but attention acts on rows alone, so padding is left out and comes back at the end. Attention has to know which
rows belong together: it takes sequences of equal lengths in groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias, cast

import torch
from torch import Tensor

TokenKind: TypeAlias = Literal["words", "entities"]
TOKEN_KINDS: tuple[TokenKind, TokenKind] = ("words", "entities")


@dataclass(frozen=True)
class Rows:
    """The words, or the entities, of a batch.

    shape (tuple[int, int]): The padded batch: sequences, and places of each.
    counts (list[int]): How many rows each sequence has, in the order of the rows; empty where padding has rows too.
    index (Tensor | None): Place of each row in the flattened batch; None for all in their order.
    mask (Tensor | None): 0 for padding, where it has rows too; None if it has none. Shape: `shape`
    keeps_padding (bool): Whether the states of padding, if it has rows, are given back.
    """

    shape: tuple[int, int]
    counts: list[int]
    index: Tensor | None = None
    mask: Tensor | None = None
    keeps_padding: bool = False

    @property
    def total(self) -> int:
        """RETURNS (int): How many rows there are."""
        return self.shape[0] * self.shape[1] if self.index is None else len(self.index)

    def take(self, padded: Tensor) -> Tensor:
        """padded (Tensor): Shape: (batch, places, ...). RETURNS (Tensor): The rows. Shape: (rows, ...)"""
        flat = padded.expand(*self.shape, *padded.shape[2:]).flatten(0, 1)  # (batch * places, ...)
        return flat if self.index is None else flat.index_select(0, self.index)

    def put(self, rows: Tensor) -> Tensor:
        """rows (Tensor): Shape: (rows, ...)
        RETURNS (Tensor): Zeros at padding, unless it is kept. Shape: (batch, places, ...)"""
        if self.index is not None:
            batch, places = self.shape
            rows = rows.new_zeros(batch * places, *rows.shape[1:]).index_copy(0, self.index, rows)
        padded = rows.view(*self.shape, *rows.shape[1:])
        if self.mask is None or self.keeps_padding:
            return padded
        is_padding = self.mask.eq(0)
        return padded.masked_fill(is_padding.view(*self.shape, *[1] * (rows.dim() - 1)), 0.0)


class Group(NamedTuple):
    """Neighbouring sequences with equally many words and equally many entities.

    size (int): How many sequences.
    lengths (dict[str, int]): How many words, and how many entities, each has.
    words, entities (slice): Their rows.
    word_mask, entity_mask (Tensor | None): 0 for padding; None if there is none. Shape: (size, rows of each)
    """

    size: int
    lengths: Mapping[TokenKind, int]
    words: slice
    entities: slice
    word_mask: Tensor | None = None
    entity_mask: Tensor | None = None


@dataclass(frozen=True)
class Layout:
    """The rows of a batch.

    packed (bool): Whether padding is left out.
    order (list[int]): If so, the sequences in the order of their rows.
    words (Rows): The words.
    entities (Rows | None): The entities, if any were given.
    """

    packed: bool
    order: list[int]
    words: Rows
    entities: Rows | None = None

    @property
    def groups(self) -> list[Group]:
        """RETURNS (list[Group]): What attention computes together, in the order of the rows."""
        return self._groups if self.packed else [self._whole]

    @property
    def _whole(self) -> Group:
        """All sequences, with their padding."""
        words, entities = self.words, self.entities or Rows((self.words.shape[0], 0), [])
        lengths: dict[TokenKind, int] = {"words": words.shape[1], "entities": entities.shape[1]}
        rows = slice(0, words.total), slice(0, entities.total)
        return Group(words.shape[0], lengths, *rows, words.mask, entities.mask)

    @cached_property
    def _groups(self) -> list[Group]:
        words, entities = self.words, self.entities or Rows((len(self.order), 0), [0] * len(self.order))
        groups, word, entity = [], 0, 0
        for counts, run in groupby(zip(words.counts, entities.counts, strict=True)):
            size = len(list(run))
            ends = word + size * counts[0], entity + size * counts[1]
            lengths: dict[TokenKind, int] = {"words": counts[0], "entities": counts[1]}
            groups.append(Group(size, lengths, slice(word, ends[0]), slice(entity, ends[1])))
            word, entity = ends
        nothing = slice(0, 0)
        return groups or [Group(0, {"words": 0, "entities": 0}, nothing, nothing)]  # an empty batch

    def divide(self, rows: Tensor, kind: TokenKind) -> tuple[Tensor, ...]:
        """Divide rows among the groups. Their gradients come together in one step, whereas each of many slices would
        make a gradient as large as all rows.

        rows (Tensor): Shape: (rows of that kind, ...)
        kind ("words" | "entities"): Which of them.
        RETURNS (tuple[Tensor, ...]): One a group. Shape: (rows of the group, ...)
        """
        if len(self.groups) == 1:
            return (rows,)
        places: list[slice] = [getattr(group, kind) for group in self.groups]
        return torch.split(rows, [place.stop - place.start for place in places])  # type: ignore[no-untyped-call]

    def with_entities(self, shape: Sequence[int], mask: Tensor | None) -> Layout:
        """shape (Sequence[int]): Sequences, and places of each. mask (Tensor | None): 1 for entities, 0 for padding;
        None means all. RETURNS (Layout): The same words with other entities."""
        order = self.order if self.packed else None
        return replace(self, entities=_make_rows(shape, mask, order, self.words.keeps_padding))

    def put_attentions(self, parts: Sequence[Tensor]) -> Tensor:
        """Put the entities' attention to words where the words are in the padded batch.

        parts (Sequence[Tensor]): One a group. Shape: (size, entities, words)
        RETURNS (Tensor): Zeros at padding. Shape: (batch, entities, words)
        """
        rows, places = [], self.words.shape[1]
        for group, part in zip(self.groups, parts, strict=True):
            if self.words.index is not None:
                place = (self.words.index[group.words] % places).view(group.size, 1, -1)
                wide = part.new_zeros(*part.shape[:2], places)
                part = wide.scatter(2, place.expand_as(part), part)  # (size, entities, places)
            rows.append(part.flatten(0, 1))
        return cast(Rows, self.entities).put(torch.cat(rows))


def lay_out(
    words: Sequence[int],
    word_mask: Tensor | None,
    entities: Sequence[int] | None = None,
    entity_mask: Tensor | None = None,
    *,
    packed: bool,
    keeps_padding: bool = False,
) -> Layout:
    """Find the rows of a batch.

    words, entities (Sequence[int]): Sequences, and places of each.
    word_mask, entity_mask (Tensor | None): 1 for words and entities, 0 for padding; None if there is none.
    packed (bool): Whether to leave out padding.
    keeps_padding (bool): Whether the states of padding are needed; not with `packed`.
    RETURNS (Layout): The layout.
    """
    order: list[int] = []
    if packed:  # equal lengths beside each other
        kinds = ((words, word_mask), (entities, entity_mask))
        counts = [_count(shape, mask) for shape, mask in kinds if shape is not None]
        order = sorted(range(words[0]), key=lambda i: [count[i] for count in counts])
    layout = Layout(packed, order, _make_rows(words, word_mask, order if packed else None, keeps_padding))
    return layout if entities is None else layout.with_entities(entities, entity_mask)


def _count(shape: Sequence[int], mask: Tensor | None) -> list[int]:
    return [shape[1]] * shape[0] if mask is None else mask.bool().sum(dim=1).tolist()


def _make_rows(
    shape: Sequence[int], mask: Tensor | None, order: list[int] | None, keeps_padding: bool
) -> Rows:
    """order (list[int] | None): Of the sequences; None leaves padding in."""
    batch, places = shape
    if order is None:
        return Rows((batch, places), [], mask=mask, keeps_padding=keeps_padding)
    if mask is None and order == sorted(order):
        return Rows((batch, places), [places] * batch)
    real = torch.ones(batch, places) if mask is None else mask
    turn = torch.tensor(order, device=real.device)
    sequence, place = real[turn].nonzero(as_tuple=True)  # in the layout's order
    counts = _count(shape, mask)
    return Rows((batch, places), [counts[i] for i in order], turn[sequence] * places + place)


def first_places(mask: Tensor, count: int) -> Tensor:
    """Find the first places that are no padding. mask (Tensor): 0 for padding. Shape: (batch, places)
    count (int): How many of each sequence; where it has fewer, padding follows.
    RETURNS (Tensor): Shape: (batch, count)"""
    places = mask.shape[1]
    order = mask.ne(0).long() * places - torch.arange(
        places, device=mask.device
    )  # all different in a sequence
    return order.topk(count, dim=1).indices


def take_rows(states: Tensor, index: Tensor) -> Tensor:
    """Pick rows of each batch entry. states (Tensor): Shape: (batch, length, hidden).
    index (Tensor): Shape: (batch, n). RETURNS (Tensor): Shape: (batch, n, hidden)"""
    batch, length, width = states.shape
    flat = index + length * torch.arange(batch, device=index.device)[:, None]  # into (batch * length, hidden)
    return states.flatten(0, 1).index_select(0, flat.flatten()).view(*index.shape, width)
