"""Cutting added tokens such as `<mask>` out of raw text, before the model behind them sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from tokenizers import AddedToken  # type: ignore[import-untyped]


class Splitter:
    """Cut texts at a set of added tokens: the longest one first, from left to right.

    A token with `lstrip` eats the white space on its left, one with `rstrip` that on its right, and one with
    `single_word` counts only where a space or nothing touches it. White space is what `str.isspace` says,
    which is why this isn't left to the `tokenizers` library: its own idea of white space is a different one.

    tokens (Mapping[int, AddedToken]): The tokens to look for, by id.
    """

    def __init__(self, tokens: Mapping[int, AddedToken]) -> None:
        self._tokens = {token.content: (id_, token) for id_, token in tokens.items() if token.content}
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._pattern = (
            re.compile("(" + "|".join(map(re.escape, longest_first)) + ")") if self._tokens else None
        )

    def may_cut(self, texts: Sequence[str]) -> bool:
        """Look whether a token is in any of some texts, which is quicker than splitting each.

        texts (Sequence[str]): The texts.
        RETURNS (bool): False if there is nothing to split.
        """
        joined = "".join(texts)  # may make a token of two texts, which does no harm
        return any(content in joined for content in self._tokens)

    def __call__(self, text: str) -> list[str | int]:
        """Split one text.

        text (str): The text.
        RETURNS (list[str | int]): Plain text as strings (never empty), added tokens as their ids.
        """
        return [part for part, _ in self.with_starts(text)]

    def with_starts(self, text: str) -> list[tuple[str | int, int]]:
        """Split one text, and tell where each part starts.

        text (str): The text.
        RETURNS (list[tuple[str | int, int]]): Plain text or ids, each with the place of its first character.
        """
        if self._pattern is None:
            return [(text, 0)] if text else []
        # Text and tokens alternate, starting and ending with a text that may be empty.
        parts = self._pattern.split(text)
        starts = [0, *accumulate(map(len, parts))]
        ids: dict[int, int] = {}
        for i in range(1, len(parts), 2):
            if (id_ := self._claim(parts, starts, i)) is not None:
                ids[i] = id_
        return [(ids.get(i, part), starts[i]) for i, part in enumerate(parts) if part]

    def _claim(self, parts: list[str], starts: list[int], i: int) -> int | None:
        """Let the token at `i` strip its neighbours; a `single_word` token within a word is text."""
        id_, token = self._tokens[parts[i]]
        if token.rstrip:
            stripped = parts[i + 1].lstrip()
            starts[i + 1] += len(parts[i + 1]) - len(stripped)
            parts[i + 1] = stripped
        if token.lstrip:
            parts[i - 1] = parts[i - 1].rstrip()
        if token.single_word:
            if parts[i - 1] and parts[i - 1][-1] != " ":
                parts[i - 1], parts[i] = parts[i - 1] + parts[i], ""
                return None
            if parts[i + 1] and parts[i + 1][0] != " ":
                parts[i], parts[i + 1] = "", parts[i] + parts[i + 1]
                starts[i + 1] = starts[i]
                return None
        return id_
