"""Byte-level BPE: its alphabet, one visible character for each of the 256 bytes, and how it cuts text into words."""

from __future__ import annotations

import re
from collections.abc import Sequence


def _alphabet() -> dict[str, int]:
    """Bytes that Latin-1 shows as visible characters stand for themselves, the others start at U+0100."""
    visible = [b for b in range(256) if chr(b).isprintable() and not chr(b).isspace() and b != 0xAD]
    hidden = [b for b in range(256) if b not in visible]
    return {chr(b): b for b in visible} | {chr(0x100 + i): b for i, b in enumerate(hidden)}


_BYTES = _alphabet()
_CHARACTERS = {byte: char for char, byte in _BYTES.items()}

# How GPT-2 and RoBERTa cut text before their byte-level pieces (Radford et al. 2019, published code), for ASCII.
# Letters and digits of other scripts are not those of Python's `re`: such texts are cut before single spaces only.
_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)
_CHUNKS = re.compile(r"(?<=\S)(?= \S)")


def text_to_bytes(text: str) -> str:
    """text (str): Any text. RETURNS (str): Its byte-level spelling."""
    return "".join(map(_CHARACTERS.__getitem__, text.encode("utf-8")))


def bytes_to_text(spelled: str, errors: str = "replace") -> str:
    """Text from its byte-level spelling.

    spelled (str): Characters of the alphabet. Any other, as an added token may have, stands for itself.
    errors (str): What to do with bytes that aren't UTF-8, as in `bytes.decode`.
    RETURNS (str): The text.
    """
    data = bytearray()
    for char in spelled:
        byte = _BYTES.get(char)
        if byte is None:
            data += char.encode("utf-8")
        else:
            data.append(byte)
    return data.decode("utf-8", errors=errors)


def split_words(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Cut texts into words, which no word piece crosses.

    texts (Sequence[str]): Texts without special tokens.
    RETURNS (tuple[list[str], list[int]]): The words of all texts, and the number of words before each text and in all.
    """
    words: list[str] = []
    ends = [0]
    for text in texts:
        words += _WORDS.findall(text) if text.isascii() else _CHUNKS.split(text)
        ends.append(len(words))
    return words, ends
