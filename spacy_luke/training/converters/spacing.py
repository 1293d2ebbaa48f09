"""Which of the given tokens stand together, so that text made of tokens reads as people write."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CLOSING = frozenset([",", ".", ";", ":", "?", "!", ")", "]", "}", "%", "...", "…", "’", "”", "°"])
_OPENING = frozenset(["(", "[", "{", "$", "£", "€", "¥", "#", "“", "‘", "US$"])
_CLITIC = re.compile(r"(?i)(?:['’](?:s|m|re|ve|ll|d)|n['’]t)")
_JOINED = frozenset({("can", "not"), ("gon", "na"), ("wan", "na"), ("got", "ta"), ("we", "d"), ("i", "d")})


def natural_spaces(words: Sequence[str]) -> list[bool]:
    """Guess for each token of one sentence whether a space follows it.

    words (Sequence[str]): The tokens, none of them empty.
    RETURNS (list[bool]): As many; the last is true, because another sentence may follow.

    A lone en dash keeps its spaces: spaCy, with which such corpora were made, leaves "1992–2002" whole.
    """
    quotes = _quotes(words)
    return [
        i + 1 == len(words) or not (_glued_right(words, i, quotes) or _glued_left(words, i + 1, quotes))
        for i in range(len(words))
    ]


def _quotes(words: Sequence[str]) -> dict[int, bool]:
    """Straight quotation marks by position: true where one opens. They open and close in turns."""
    opens: dict[int, bool] = {}
    inside = {'"': False, "'": False}
    for i, word in enumerate(words):
        if word not in inside:
            continue
        plural = i == 0 or words[i - 1][-1] in "sSzxZ"
        if word == "'" and not inside[word] and (plural or word not in words[i + 1 :]):
            opens[i] = False  # the plural's genitive: "the Smiths' house"
            continue
        inside[word] = not inside[word]
        opens[i] = inside[word] and i + 1 < len(words)  # at the end it closes what an earlier sentence opened
    return opens


def _glued_right(words: Sequence[str], i: int, quotes: dict[int, bool]) -> bool:
    """Whether token i clings to the one that follows."""
    return words[i] in _OPENING or quotes.get(i, False) or _inner_mark(words, i)


def _glued_left(words: Sequence[str], i: int, quotes: dict[int, bool]) -> bool:
    """Whether token i clings to the one before."""
    if words[i] in _CLOSING or _CLITIC.fullmatch(words[i]) or _inner_mark(words, i):
        return True
    return quotes.get(i) is False or (words[i - 1].lower(), words[i].lower()) in _JOINED


def _inner_mark(words: Sequence[str], i: int) -> bool:
    """Whether token i stands inside a compound: "two-year", "newspaper/media"."""
    if not 0 < i < len(words) - 1 or words[i] not in {"-", "/"}:
        return False
    return words[i - 1][-1].isalnum() and words[i + 1][0].isalnum()
