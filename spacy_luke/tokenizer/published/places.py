"""What ties word pieces to the texts they come from: characters, texts and words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ..spans import CharSpan
from .tasks import EncodedText

# The first character of a word piece and the one after its last, the place of its text, the place of its word.
Place = tuple[int, int, int, int]
NOWHERE: Place = (0, 0, -1, -1)  # a special token that isn't in the texts


def places(text: EncodedText, sequence: int) -> list[Place]:
    """Where the word pieces of a text come from. In texts that were given as words, characters count from
    the start of the word.

    text (EncodedText): The text, with offsets.
    sequence (int): Its place in the input: 0, or 1 for the second text.
    RETURNS (list[tuple[int, int, int, int]]): A place for each word piece.
    """
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
