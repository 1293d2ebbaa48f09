"""Filling inputs up to one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .assemble import Ints, Row


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
        if padding == "do_not_pad":
            return rows
        if padding == "longest":
            max_length = max(len(row["input_ids"]) for row in rows)
            max_entity_length = max(len(row.get("entity_ids", ())) for row in rows)
        words, entities = self._round_up(max_length or 0), self._round_up(max_entity_length)
        return [self._pad(row, words, entities) for row in rows]

    def _with_masks(self, row: Row) -> Row:
        row = dict(row)
        if self.attention_mask:
            row.setdefault("attention_mask", np.ones(len(row["input_ids"]), dtype=np.int64))
            if "entity_ids" in row:
                row.setdefault("entity_attention_mask", np.ones(len(row["entity_ids"]), dtype=np.int64))
        return row

    def _round_up(self, length: int) -> int:
        return length if not self.multiple else -(-length // self.multiple) * self.multiple

    def _pad(self, row: Row, n_words: int, n_entities: int) -> Row:
        words = {
            "input_ids": self.pad_token_id,
            "token_type_ids": 0,
            "special_tokens_mask": 1,
            "attention_mask": 0,
            "offset_mapping": 0,
            "sequence_ids": -1,
            "word_ids": -1,
        }
        entities = {
            "entity_ids": self.entity_pad_token_id,
            "entity_position_ids": -1,
            "entity_start_positions": 0,
            "entity_end_positions": 0,
            "entity_token_type_ids": 0,
            "entity_attention_mask": 0,
        }
        for fills, length in ((words, n_words), (entities, n_entities)):
            for name, fill in fills.items():
                if name in row:
                    row[name] = self._fill(row[name], length, fill)
        return row

    def _fill(self, values: Ints, length: int, fill: int) -> Ints:
        missing = length - len(values)
        if missing <= 0:
            return values
        pads = np.full((missing, *values.shape[1:]), fill, dtype=np.int64)
        return np.concatenate([pads, values] if self.side == "left" else [values, pads])
