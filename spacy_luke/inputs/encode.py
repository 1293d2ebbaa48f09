"""Excerpts -> the published inputs of LUKE's heads on entities, as padded arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .batch import Arrays, entity_positions, mask_of, pad
from .excerpts import Excerpt
from .pieces import LOWER, Ints, case_class

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

    from ..tokenizer import BaseTokenizer
    from ..tokenizer.spans import EncodedText


@dataclass(frozen=True)
class ExcerptEncoder:
    """Cuts the text of excerpts at their spans, and tokenizes it as LUKE's own tokenizer does.

    tokenizer (BaseTokenizer): The tokenizer.
    task (str): What it prepares inputs for: one of `TASKS` (`tokenizer/options.py`).
    longest (int): Most word tokens of an input, special ones included.
    cased (bool): Whether the model reads the case of words as token types.
    """

    tokenizer: BaseTokenizer
    task: str
    longest: int
    cased: bool

    @property
    def room(self) -> int:
        """RETURNS (int): Most word pieces of an excerpt."""
        return self.longest - self.tokenizer.num_special_tokens - self.tokenizer.num_markers(self.task)

    def __call__(self, excerpts: Sequence[Excerpt], docs: Sequence[Doc]) -> Arrays:
        """Encode excerpts. What looks like a special token in a document is plain text.

        excerpts (Sequence[Excerpt]): The excerpts.
        docs (Sequence[Doc]): The documents that they point into.
        RETURNS (LukeInputs): The head's inputs.
        """
        tokens = [docs[excerpt.doc][excerpt.start : excerpt.end] for excerpt in excerpts]
        texts = self.tokenizer.encode_texts(
            [text.text for text in tokens],
            [_char_spans(*pair) for pair in zip(excerpts, tokens, strict=True)],
            task=self.task,
            split_special_tokens=True,
            with_offsets=self.cased,
        )
        ids = [self._row(text.ids) for text in texts]
        mask = mask_of([len(row) for row in ids])
        inputs = Arrays(input_ids=pad(ids, self.tokenizer.pad_token_id), attention_mask=mask)
        if self.cased:
            cases = [self._row(_cases(*pair), LOWER) for pair in zip(tokens, texts, strict=True)]
            inputs = replace(inputs, token_type_ids=pad(cases, LOWER))
        return self._with_entities(inputs, excerpts, texts)

    def _row(self, pieces: list[int], special: int | None = None) -> Ints:
        """Ids or case classes of a text with special tokens around it. What is longer than the model can read is cut:
        a huge token, or context whose pieces are more than those of its tokens one by one."""
        template = self.tokenizer.template
        kept = pieces[: self.longest - template.size()]
        return np.array(template.around(kept, special=special), dtype=np.int64)

    def _with_entities(
        self, inputs: Arrays, excerpts: Sequence[Excerpt], texts: Sequence[EncodedText]
    ) -> Arrays:
        tokenizer, last = self.tokenizer, self.longest - 1
        ids = [self._entities(*pair) for pair in zip(excerpts, texts, strict=True)]
        bounds = [np.array(text.spans, dtype=np.int64) + len(tokenizer.template.prefix) for text in texts]
        first, end = (pad([row[:, side] for row in bounds], 0) for side in (0, 1))
        positions = entity_positions(first, end, tokenizer.max_mention_length)
        inputs = replace(
            inputs,
            entity_ids=pad(ids, tokenizer.entity_pad_id),
            entity_attention_mask=mask_of([len(row) for row in ids]),
            entity_position_ids=np.where(positions > last, -1, positions),
        )
        if self.task != "entity_span_classification":
            return inputs
        first, end = first.clip(0, last), (end - 1).clip(0, last)
        return replace(inputs, entity_start_positions=first, entity_end_positions=end)

    def _entities(self, excerpt: Excerpt, text: EncodedText) -> Ints:
        """What the spans of an excerpt are read as: [MASK], [MASK2] for the tail of a pair, or its own entities."""
        masks = np.array(text.entity_ids, dtype=np.int64)
        if excerpt.ids is None:
            return masks
        return np.where(excerpt.ids == self.tokenizer.entity_mask_id, masks, excerpt.ids)


def _char_spans(excerpt: Excerpt, tokens: Span) -> list[tuple[int, int]]:
    """The excerpt's spans in characters of its text."""
    starts = np.array([token.idx - tokens.start_char for token in tokens], dtype=np.int64)
    ends = starts + np.array([len(token) for token in tokens], dtype=np.int64)
    first, last = (excerpt.spans - excerpt.start + [0, -1]).T
    return list(zip(starts[first].tolist(), ends[last].tolist(), strict=True))


def _cases(tokens: Span, text: EncodedText) -> list[int]:
    """The case class of the token that each piece begins in; LOWER for markers and pieces without characters."""
    classes = np.array([case_class(token.text) for token in tokens], dtype=np.int64)
    starts = [token.idx - tokens.start_char for token in tokens]
    offsets = [place or (0, 0) for place in text.offsets or ()]
    begins, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T  # (n_pieces,) each
    owners = np.searchsorted(starts, begins, side="right") - 1
    cases: list[int] = np.where(ends > begins, classes[owners], LOWER).tolist()
    return cases
