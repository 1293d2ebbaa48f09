"""Texts that are given as words, with entity spans that count words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import Errors
from ..spans import CharSpan


@dataclass
class WordText:
    """Words as one text: with a U+0020 between each two, and all that holds for texts holds for it.

        ["Ana", "met", "Bo"]  ->  "Ana met Bo"

    text (str): The text.
    spans (list[tuple[int, int]]): Character offsets of each word.
    """

    text: str
    spans: list[CharSpan]

    @classmethod
    def join(cls, words: Sequence[str]) -> WordText:
        """words (Sequence[str]): The words. RETURNS (WordText): Their text."""
        spans, start = [], 0
        for word in words:
            spans.append((start, start + len(word)))
            start += len(word) + 1
        return cls(" ".join(words), spans)

    def characters(self, spans: Sequence[tuple[int, int]]) -> list[CharSpan]:
        """Character offsets of spans of words.

        spans (Sequence[tuple[int, int]]): The first word of each, and the one after its last.
        RETURNS (list[tuple[int, int]]): As many character offsets.
        RAISES (ValueError): If a span has no word. (IndexError): if it has words that aren't there.
        """
        n = len(self.spans)
        for start, end in spans:
            if start < 0 or end <= start:
                raise ValueError(Errors.L139.format(start=start, end=end))
            if end > n:
                raise IndexError(Errors.L140.format(start=start, end=end, n=n))
        return [(self.spans[start][0], self.spans[end - 1][1]) for start, end in spans]


def is_words(value: Any) -> bool:
    """value (Any): What was given as a text. RETURNS (bool): Whether it is a list of words."""
    return isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value)
