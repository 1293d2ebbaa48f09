"""Filling inputs up to one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .assemble import Row

_WORD_FILLS = {
    "token_type_ids": 0,
    "special_tokens_mask": 1,
    "attention_mask": 0,
    "offset_mapping": 0,
    "sequence_ids": -1,
    "word_ids": -1,
}
_ENTITY_FILLS = {
    "entity_position_ids": -1,
    "entity_start_positions": 0,
    "entity_end_positions": 0,
    "entity_token_type_ids": 0,
    "entity_attention_mask": 0,
}


@dataclass(frozen=True)
class Padder:
    """How inputs are filled up.

    pad_token_id (int): What fills up words.
    entity_pad_token_id (int): What fills up entities.
    side (str): "right" or "left".
    multiple (int | None): What lengths are filled up to a multiple of.
    attention_mask (bool): Whether to add the masks that tell inputs from padding.
    """

    pad_token_id: int
    entity_pad_token_id: int
    side: str = "right"
    multiple: int | None = None
    attention_mask: bool = True

    def __call__(
        self, rows: Sequence[Row], padding: str, max_length: int | None, max_entity_length: int
    ) -> list[Row]:
        """Fill inputs up.

        rows (Sequence[dict[str, Any]]): The fields of each input, as arrays.
        padding (str): "longest", "max_length" or "do_not_pad".
        max_length (int | None): The length for "max_length"; longer inputs stay as they are.
        max_entity_length (int): The same for entities.
        RETURNS (list[dict[str, Any]]): New rows. Fields that are neither words nor entities are left alone.
        """
        rows = [self._with_masks(row) for row in rows]
        if padding == "do_not_pad" or not rows:
            return rows
        if padding == "longest":
            max_length = max(len(row["input_ids"]) for row in rows)
            max_entity_length = max(len(row.get("entity_ids", ())) for row in rows)
        words = {"input_ids": self.pad_token_id, **_WORD_FILLS}
        entities = {"entity_ids": self.entity_pad_token_id, **_ENTITY_FILLS}
        self._pad(rows, words, self._round_up(max_length or 0))
        self._pad(rows, entities, self._round_up(max_entity_length))
        return rows

    def _with_masks(self, row: Row) -> Row:
        row = dict(row)
        if self.attention_mask:
            row.setdefault("attention_mask", np.ones(len(row["input_ids"]), dtype=np.int64))
            if "entity_ids" in row:
                row.setdefault("entity_attention_mask", np.ones(len(row["entity_ids"]), dtype=np.int64))
        return row

    def _round_up(self, length: int) -> int:
        return length if not self.multiple else -(-length // self.multiple) * self.multiple

    def _pad(self, rows: Sequence[Row], fills: Mapping[str, int], length: int) -> None:
        """Fill up one field of all rows at a time: each becomes a row of one array."""
        for name, fill in fills.items():
            short = [row for row in rows if name in row and len(row[name]) < length]
            if not short:
                continue
            filled = np.full((len(short), length, *short[0][name].shape[1:]), fill, dtype=np.int64)
            for row, values in zip(short, filled, strict=True):
                old = row[name]
                if self.side == "left":
                    values[length - len(old) :] = old
                else:
                    values[: len(old)] = old
                row[name] = values
