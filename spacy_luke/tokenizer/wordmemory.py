"""Ids of words that were met before: most words of a text were."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate, chain, pairwise

# How many different words are remembered; about 10 MB.
SIZE = 1 << 16
LONGEST = 32  # characters of a word that is remembered
# How GPT-2 and RoBERTa cut text before their byte-level pieces (Radford et al. 2019, published code), for ASCII.
# Letters and digits of other scripts are not those of Python's `re`: such texts are cut before single spaces only.
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)
CHUNKS = re.compile(r"(?<=\S)(?= \S)")


class WordMemory:
    """Encode texts for a byte-level model, which never joins two words, and each different word once.

    encode (Callable): The model: the ids of each of some texts.
    """

    def __init__(self, encode: Callable[[Sequence[str]], list[list[int]]]) -> None:
        self._encode = encode
        self._known: dict[str, Sequence[int]] = {}

    def __call__(self, texts: Sequence[str]) -> tuple[list[int], list[int]]:
        """Encode texts.

        texts (Sequence[str]): Texts without special tokens.
        RETURNS (tuple[list[int], list[int]]): The ids of all, one after the other, and how many each has: a list for
            each text would set the garbage collector going.
        """
        words: list[str] = []  # of all texts
        ends = [0]
        for text in texts:
            words += WORDS.findall(text) if text.isascii() else CHUNKS.split(text)
            ends.append(len(words))
        known = self._known
        new = list(set(words).difference(known))
        if len(known) + len(new) > SIZE:
            known, new = {}, list(set(words))
        fresh = dict(zip(new, self._encode(new) if new else (), strict=True))
        kept = {word: tuple(ids) for word, ids in fresh.items() if len(word) <= LONGEST}
        known.update(kept)
        self._known = known if len(known) <= SIZE else {}
        if len(kept) < len(fresh):  # words too long to be kept
            known = {**known, **fresh}
        ids = list(map(known.__getitem__, words))
        before = [0, *accumulate(map(len, ids))]  # ids before each word
        lengths = [before[end] - before[start] for start, end in pairwise(ends)]
        return list(chain.from_iterable(ids)), lengths
