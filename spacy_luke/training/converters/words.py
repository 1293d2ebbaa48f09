"""Texts of data sets that have only tokens: what stands between them is guessed, and Penn Treebank's escapes go."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from ...errors import Errors
from .fields import check
from .records import Range
from .spacing import natural_spaces

_ESCAPES = {
    **{"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"},
    **{"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"},
    **{"``": '"', "''": '"'},
}


class WordText:
    """A text made of sentences of tokens.

    sentences (Sequence[Sequence[str]]): The tokens of each sentence. Those of white space are left out.
    RAISES (ValueError): If they are anything else.
    """

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        words: list[str] = []
        spaces: list[bool] = []
        starts: list[int] = []
        for sentence in sentences:
            clean = [
                _ESCAPES.get(w, w)
                for w in (check(w, str, "a token") for w in check(sentence, list, "tokens"))
            ]
            clean = [word.strip() for word in clean]
            kept = iter(natural_spaces([word for word in clean if word]))
            starts.append(len(words))
            words += clean
            spaces += [next(kept) if word else False for word in clean]
        while spaces and not words[len(spaces) - 1]:
            spaces.pop()
        if spaces:
            spaces[-1] = False
        spaces += [False] * (len(words) - len(spaces))
        self.text = "".join(word + " " * space for word, space in zip(words, spaces, strict=True))
        ends = list(accumulate(map(len, words)))
        before = [0, *accumulate(spaces)]  # spaces before each word
        self._ranges = [(end - len(w) + n, end + n) for w, end, n in zip(words, ends, before, strict=False)]
        self.tokens: list[Range] = [place for place in self._ranges if place[0] < place[1]]
        self.sentences = [self._ranges[start][0] for start in starts if start < len(words)]

    def __len__(self) -> int:
        return len(self._ranges)

    def range(self, start: int, end: int, at: str) -> Range:
        """start (int), end (int): First token and one past the last, of those given. at (str): Field, for messages.
        RETURNS (Range): Their range of characters. RAISES (ValueError): If they aren't within the text."""
        start, end = check(start, int, at), check(end, int, at)
        if end <= start:
            raise ValueError(Errors.L652.format(what=at, start=start, end=end))
        if not 0 <= start < end <= len(self._ranges):
            told = {"what": at, "start": start, "end": end, "length": len(self._ranges)}
            raise ValueError(Errors.L653.format(**told, unit="tokens"))
        return self._ranges[start][0], self._ranges[end - 1][1]
