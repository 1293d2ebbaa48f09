"""One input's fields: truncation, special tokens around the texts, entities' positions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors
from ..spans import CharSpan, EncodedText
from ..special import Template
from .limits import Limits, truncate

Row = dict[str, Any]
Ints = NDArray[np.int64]
# Where a word piece comes from: its first character and the one after its last, the place of its text, of its word.
Place = tuple[int, int, int, int]
NOWHERE: Place = (0, 0, -1, -1)  # a special token that isn't in the texts


@dataclass(frozen=True)
class Assembler:
    """How inputs are put together.

    template (Template): The special tokens around texts; one without any for none.
    limits (Limits): What is truncated, and to what length.
    max_entity_length (int): The most entities of an input; acts when texts are truncated.
    max_mention_length (int): The most word pieces of an entity that get a position.
    stride (int): How many word pieces that stay are repeated among the overflowing ones.
    truncation_side (str): The end that texts are truncated at.
    return_positions (bool): Whether to add where entities start and end.
    return_token_type_ids (bool): Whether to add token types: all zeros, LUKE has none.
    return_special_tokens_mask (bool): Whether to add which tokens are special.
    return_overflowing_tokens (bool): Whether to add what was truncated.
    """

    template: Template
    limits: Limits
    max_entity_length: int
    max_mention_length: int
    stride: int = 0
    truncation_side: str = "right"
    return_positions: bool = False
    return_token_type_ids: bool = False
    return_special_tokens_mask: bool = False
    return_overflowing_tokens: bool = False

    def __call__(self, first: EncodedText, second: EncodedText | None) -> tuple[Row, int]:
        """Put one input together.

        first (EncodedText): The first text.
        second (EncodedText | None): The second one.
        RETURNS (tuple[dict[str, Any], int]): Its fields, and how many entities fell to truncation of the
            texts.
        """
        if (
            self.return_overflowing_tokens
            and second is not None
            and self.limits.truncation == "longest_first"
        ):
            raise ValueError(Errors.L129)
        if self.return_overflowing_tokens and self.limits.max_length is None:
            raise TypeError(Errors.L130)
        row: Row = {}
        ids, pair_ids = self._truncate_words(row, first.ids, second.ids if second is not None else None)
        for text, kept in ((first, ids), (second, pair_ids)):
            if text is not None and kept is not None:
                self._check_entities(text, len(kept))
        self._add_words(row, ids, pair_ids)
        if first.offsets is not None:
            self._add_places(row, first, second, len(ids), len(pair_ids or ()))
        if first.entity_ids is None:
            return row, 0
        return row, self._add_entities(row, first, second, len(ids), len(pair_ids or ()))

    def _check_entities(self, text: EncodedText, n_ids: int) -> None:
        """What is cut off on the left takes the places of a text's entities with it."""
        if self.truncation_side == "left" and text.entity_ids and n_ids < len(text.ids):
            raise ValueError(Errors.L131)

    def _truncate_words(
        self, row: Row, ids: list[int], pair_ids: list[int] | None
    ) -> tuple[list[int], list[int] | None]:
        total = len(ids) + len(pair_ids or ()) + self.template.size(pair_ids is not None)
        max_length = self.limits.max_length
        overflowing: list[int] = []
        if self.limits.truncates and max_length and total > max_length:
            ids, pair_ids, overflowing = truncate(
                ids, pair_ids, total - max_length, self.limits.truncation, self.stride, self.truncation_side
            )
        if self.return_overflowing_tokens:
            row["overflowing_tokens"] = np.array(overflowing, dtype=np.int64)
            row["num_truncated_tokens"] = total - (max_length or 0)
        return ids, pair_ids

    def _add_words(self, row: Row, ids: list[int], pair_ids: list[int] | None) -> None:
        row["input_ids"] = np.array(self.template.around(ids, pair_ids), dtype=np.int64)
        if self.return_token_type_ids:
            row["token_type_ids"] = np.zeros_like(row["input_ids"])
        if self.return_special_tokens_mask:
            zeros = None if pair_ids is None else [0] * len(pair_ids)
            row["special_tokens_mask"] = np.array(
                self.template.around([0] * len(ids), zeros, 1), dtype=np.int64
            )

    def _add_places(
        self, row: Row, first: EncodedText, second: EncodedText | None, n_ids: int, n_pair_ids: int
    ) -> None:
        pair = None if second is None else self._kept(_places(second, 1), n_pair_ids)
        places = self.template.around(self._kept(_places(first, 0), n_ids), pair, NOWHERE)
        table = np.array(places, dtype=np.int64).reshape(-1, 4)  # (n_tokens, 4)
        row["offset_mapping"], row["sequence_ids"] = table[:, :2], table[:, 2]
        if first.words is not None:
            row["word_ids"] = table[:, 3]

    def _kept(self, items: list[Place], n: int) -> list[Place]:
        """What truncation left of a text."""
        return items[len(items) - n :] if self.truncation_side == "left" else items[:n]

    def _add_entities(
        self, row: Row, first: EncodedText, second: EncodedText | None, n_ids: int, n_pair_ids: int
    ) -> int:
        start = len(self.template.prefix)
        ids, bounds = _entities(first, start)
        kept = _within(first, n_ids)
        kept_pair: list[int] | None = None
        n = len(ids)
        if second is not None and second.entity_ids is not None:
            ids_pair, bounds_pair = _entities(second, start + n_ids + len(self.template.middle))
            kept_pair = [n + i for i in _within(second, n_pair_ids)]
            ids, bounds = np.concatenate([ids, ids_pair]), np.concatenate([bounds, bounds_pair])
        dropped = len(ids) - len(kept) - len(kept_pair or ())
        kept = self._truncate_entities(row, ids, kept, kept_pair)
        if len(kept) < len(ids):
            ids, bounds = ids[kept], bounds[kept]
        row["entity_ids"] = ids
        row["entity_position_ids"] = _positions(bounds, self.max_mention_length)
        if self.return_positions:
            row["entity_start_positions"] = bounds[:, 0]
            row["entity_end_positions"] = bounds[:, 1] - 1
        if self.return_token_type_ids:
            row["entity_token_type_ids"] = np.zeros(len(bounds), dtype=np.int64)
        return dropped

    def _truncate_entities(self, row: Row, ids: Ints, kept: list[int], pair: list[int] | None) -> list[int]:
        """Which of the entities that are still there stay; `pair` are those of the second text."""
        excess = len(kept) + len(pair or ()) - self.max_entity_length
        overflowing: list[int] = []
        if self.limits.truncates:
            kept, pair, overflowing = truncate(
                kept, pair, excess, self.limits.truncation, self.stride, self.truncation_side
            )
        if self.return_overflowing_tokens:
            row["overflowing_entities"] = ids[overflowing]
            row["num_truncated_entities"] = excess
        return kept if pair is None else kept + pair


def _entities(text: EncodedText, offset: int) -> tuple[Ints, Ints]:
    """The entities of a text and where they are in an input, in which the text begins at `offset`: ids, shape
    (n_entities,), first word piece and the one after the last, shape (n_entities, 2)."""
    bounds = np.array(text.spans, dtype=np.int64).reshape(-1, 2)
    bounds += offset
    return np.array(text.entity_ids, dtype=np.int64), bounds


def _within(text: EncodedText, n_ids: int) -> list[int]:
    """Which entities of a text end within its first word pieces."""
    return [i for i, (_, end) in enumerate(text.spans) if end <= n_ids]


def _positions(bounds: Ints, width: int) -> Ints:
    """The positions of each entity's word pieces, -1 after the last.

    bounds (ndarray): First position, and the one after the last. Shape: (n_entities, 2)
    width (int): How many positions an entity has room for.
    RETURNS (ndarray): Shape: (n_entities, width)
    """
    positions = bounds[:, :1] + np.arange(width)
    positions[positions >= bounds[:, 1:]] = -1
    return positions


def _places(text: EncodedText, sequence: int) -> list[Place]:
    """Where the word pieces of a text come from. In texts that were given as words, characters count from the start of
    the word."""
    offsets = text.offsets or ()
    if text.words is None:
        return [NOWHERE if offset is None else (*offset, sequence, -1) for offset in offsets]
    return [NOWHERE if offset is None else _in_word(offset, sequence, text.words) for offset in offsets]


def _in_word(offset: CharSpan, sequence: int, words: Sequence[CharSpan]) -> Place:
    """A space between two words belongs to the second one."""
    start, end = offset
    word = bisect_left(words, end, key=lambda span: span[1])
    first, last = words[word]
    return max(start - first, 0), max(min(end, last) - first, 0), sequence, word
