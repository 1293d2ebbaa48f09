"""Excerpts -> the published inputs of LUKE's heads on entities, as padded arrays."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .batch import Arrays
from .excerpts import Excerpt
from .pieces import LOWER, Ints, case_class

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

    from ..tokenizer import LukeTokenizer

_Fields = dict[str, Ints]

# Markers that a task puts around its entities.
MARKERS = {"entity_classification": 2, "entity_pair_classification": 4, "entity_span_classification": 0}


@dataclass(frozen=True)
class ExcerptEncoder:
    """Cuts the text of excerpts at their spans, and tokenizes it as LUKE's own tokenizer does.

    tokenizer (LukeTokenizer): The tokenizer.
    task (str): What it prepares inputs for: one of `MARKERS`.
    longest (int): Most word tokens of an input, special ones included.
    cased (bool): Whether the model reads the case of words as token types.
    """

    tokenizer: LukeTokenizer
    task: str
    longest: int
    cased: bool

    @property
    def room(self) -> int:
        """RETURNS (int): Most word pieces of an excerpt."""
        return self.longest - self.tokenizer.num_special_tokens - MARKERS[self.task]

    def __call__(self, excerpts: Sequence[Excerpt], docs: Sequence[Doc]) -> Arrays:
        """Encode excerpts. What looks like a special token in a document is plain text.

        excerpts (Sequence[Excerpt]): The excerpts.
        docs (Sequence[Doc]): The documents that they point into.
        RETURNS (LukeInputs): The head's inputs.
        """
        texts = [docs[excerpt.doc][excerpt.start : excerpt.end] for excerpt in excerpts]
        tokenizer = copy.copy(self.tokenizer)
        tokenizer.task = self.task
        encoded = tokenizer(
            [text.text for text in texts],
            entity_spans=[_char_spans(*pair) for pair in zip(excerpts, texts, strict=True)],
            padding=True,
            split_special_tokens=True,
            return_offsets_mapping=self.cased,
            return_tensors="np",
        )
        batch: _Fields = dict(encoded)
        if self.cased:
            offsets = batch.pop("offset_mapping")
            batch["token_type_ids"] = np.stack([_cases(*pair) for pair in zip(texts, offsets, strict=True)])
        for row, excerpt in zip(batch["entity_ids"], excerpts, strict=True):
            if excerpt.ids is not None:  # others stay [MASK], or [MASK2] for the tail of a pair
                known = np.flatnonzero(excerpt.ids != tokenizer.entity_mask_id)
                row[known] = excerpt.ids[known]
        return Arrays(**_cut(batch, self.longest, tokenizer.sep_token_id))


def _char_spans(excerpt: Excerpt, tokens: Span) -> list[tuple[int, int]]:
    """The excerpt's spans in characters of its text."""
    starts = np.array([token.idx - tokens.start_char for token in tokens], dtype=np.int64)
    ends = starts + np.array([len(token) for token in tokens], dtype=np.int64)
    first, last = (excerpt.spans - excerpt.start + [0, -1]).T
    return list(zip(starts[first].tolist(), ends[last].tolist(), strict=True))


def _cases(tokens: Span, offsets: Ints) -> Ints:
    """The case class of the token that each piece begins in; LOWER for special tokens, whose offsets are 0 and 0."""
    classes = np.array([case_class(token.text) for token in tokens], dtype=np.int64)
    starts = [token.idx - tokens.start_char for token in tokens]
    token = np.searchsorted(starts, offsets[:, 0], side="right") - 1
    return np.where(offsets[:, 1] > offsets[:, 0], classes[token], LOWER)


def _cut(batch: _Fields, longest: int, separator: int) -> _Fields:
    """Cut what is longer than the model can read: a huge token, or context whose pieces are more than those of its
    tokens one by one.
    """
    if batch["input_ids"].shape[1] <= longest:
        return batch
    over = batch["attention_mask"][:, longest:].any(axis=1)
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        if name in batch:
            batch[name] = batch[name][:, :longest].copy()
    batch["input_ids"][over, -1] = separator
    positions = batch["entity_position_ids"]
    batch["entity_position_ids"] = np.where(positions >= longest, -1, positions)
    for name in ("entity_start_positions", "entity_end_positions"):
        if name in batch:
            batch[name] = batch[name].clip(0, longest - 1)
    return batch
