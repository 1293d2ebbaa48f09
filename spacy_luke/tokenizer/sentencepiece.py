"""SentencePiece models without the library of that name: the file, and how it spells a text before cutting it.

The file is a protocol buffer (sentencepiece_model.proto of Google's SentencePiece). Its rules for characters are
a trie in the form of the Darts library, from strings of UTF-8 bytes to what replaces them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import Errors
from .spans import CharSpan

SPACE = "\u2581"  # what stands for a space within pieces
UNIGRAM = 1
NORMAL, UNKNOWN, USER_DEFINED, BYTE = 1, 2, 4, 6

# A text, and the characters of the text before that each of its characters comes from.
Located = tuple[str, list[CharSpan]]


@dataclass
class SentencePieceModel:
    """What a SentencePiece file says.

    pieces (list[tuple[str, float, int]]): Each piece, its score and its type.
    speller (Speller): How texts are spelled before they are cut.
    byte_fallback (bool): Whether unknown characters are spelled in bytes.
    """

    pieces: list[tuple[str, float, int]]
    speller: Speller
    byte_fallback: bool

    @classmethod
    def from_bytes(cls, data: bytes, source: str) -> SentencePieceModel:
        """Read a model.

        data (bytes): The file.
        source (str): Its name, for error messages.
        RETURNS (SentencePieceModel): The model.
        RAISES (ValueError): If it is damaged or of another kind than unigram.
        """
        try:
            message = _message(data)
            pieces = [_piece(_message(entry)) for entry in message.get(1, ())]
            training = _message(message.get(2, [b""])[-1])
            spelling = _message(message.get(3, [b""])[-1])
            defined = [piece for piece, _, kind in pieces if kind == USER_DEFINED]
            speller = Speller.from_message(spelling, defined)
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(Errors.L113.format(path=source, error=error)) from error
        if training.get(3, [UNIGRAM])[-1] != UNIGRAM or not pieces or pieces[0][2] != UNKNOWN:
            raise ValueError(Errors.L141.format(path=source))
        return cls(pieces, speller, bool(training.get(35, [0])[-1]))


@dataclass
class Speller:
    """SentencePiece's normalization: rules for characters, then spaces.

    rules (Rules): What replaces characters.
    add_space (bool): Whether each text starts with a space.
    remove_spaces (bool): Whether spaces at both ends and repeated ones are removed.
    defined (list[str]): Pieces that no rule changes.
    """

    rules: Rules
    add_space: bool = True
    remove_spaces: bool = True
    defined: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        longest_first = sorted(self.defined, key=len, reverse=True)
        self._defined = re.compile("|".join(map(re.escape, longest_first))) if self.defined else None

    @classmethod
    def from_message(cls, message: dict[int, list[Any]], defined: list[str]) -> Speller:
        """message (dict): The part of a model that tells about spelling. defined (list[str]): Its pieces of the
        type "user defined". RETURNS (Speller): The speller."""
        if message.get(5, [1])[-1] == 0:
            raise ValueError("spaces are not escaped")
        return cls(
            Rules.from_blob(message.get(2, [b""])[-1]),
            bool(message.get(3, [1])[-1]),
            bool(message.get(4, [1])[-1]),
            defined,
        )

    def __call__(self, text: str) -> str:
        """text (str): A text. RETURNS (str): As the model's pieces spell it, "" if nothing is left of it."""
        spelled = "".join(part for part, _, _ in self._parts(text, with_runs=True))
        if self.remove_spaces:
            spelled = re.sub(" {2,}", " ", spelled).strip(" ")
            if not spelled:
                return ""
        spelled = (SPACE if self.add_space and text else "") + spelled.replace(" ", SPACE)
        return spelled.rstrip(SPACE) if self.remove_spaces else spelled

    def located(self, text: str) -> Located:
        """text (str): A text. RETURNS (tuple[str, list[tuple[int, int]]]): Its spelling, and for each character
        of that the characters of the text."""
        chars = [(char, start, end) for part, start, end in self._parts(text) for char in part]
        if self.remove_spaces:
            chars = [c for i, c in enumerate(chars) if c[0] != " " or (i and chars[i - 1][0] != " ")]
        if self.add_space and text:
            first = chars[0][1] if chars else 0
            chars.insert(0, (SPACE, first, first))
        while self.remove_spaces and chars and chars[-1][0] in (" ", SPACE):
            chars.pop()
        return "".join(c[0] for c in chars).replace(" ", SPACE), [(start, end) for _, start, end in chars]

    def _parts(self, text: str, with_runs: bool = False) -> Iterator[tuple[str, int, int]]:
        """The text's replaced parts, each with its place before; or also runs of what no rule changes."""
        at = 0
        runs = with_runs and self.rules.spare_ascii and self._defined is None
        while at < len(text):
            if runs and (run := _ASCII.match(text, at)):
                yield run[0], at, run.end()
                at = run.end()
                continue
            kept = self._defined.match(text, at) if self._defined is not None else None
            spelled, end = (kept[0], kept.end()) if kept else self.rules.at(text, at)
            yield spelled, at, end
            at = end


# Printable ASCII before more of it.
_ASCII = re.compile(r"[ -~]+(?=[ -~]|\Z)")


class Rules:
    """What replaces which characters: the longest that is known at a place.

    trie (ndarray): The units of the trie. Shape: (units,)
    texts (bytes): The replacements, each ended by a zero byte.
    """

    def __init__(self, trie: Any, texts: bytes) -> None:
        self._trie: list[int] = trie.tolist()
        self._texts = texts
        self._known: dict[str, tuple[str, int, bool]] = {}
        printable = [chr(i) for i in range(0x20, 0x7F)]
        pairs = [self._find(one + two) for one in printable for two in printable]
        # Whether printable ASCII is left alone where more of it follows, so that not each character is looked at.
        self.spare_ascii = all(length == 1 and not goes_on for _, length, goes_on in pairs) and all(
            self._find(one)[0] == one for one in printable
        )

    @classmethod
    def from_blob(cls, blob: bytes) -> Rules:
        """blob (bytes): Size of the trie, trie, texts; empty for no rules. RETURNS (Rules): The rules."""
        size = int.from_bytes(blob[:4], "little") if blob else 0
        return cls(np.frombuffer(blob[4 : 4 + size], dtype="<u4"), blob[4 + size :])

    def at(self, text: str, start: int) -> tuple[str, int]:
        """Apply a rule.

        text (str): A text.
        start (int): A place in it.
        RETURNS (tuple[str, int]): What replaces the characters there, and the place after them.
        """
        end = start + 1
        while True:
            key = text[start:end]
            found = self._known.get(key)
            if found is None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                found = self._known[key] = self._find(key)
            replacement, length, goes_on = found
            if not goes_on or end >= len(text):
                return replacement, start + length
            end += 1

    def _find(self, key: str) -> tuple[str, int, bool]:
        """What replaces the start of a string, how many characters that are, and whether a rule for a longer
        string begins with this one. Without a rule the first character stays."""
        found, goes_on = None, bool(self._trie)
        data = key.encode("utf-8")
        node = _offset(self._trie[0]) if self._trie else 0
        for i, byte in enumerate(data if self._trie else b""):
            node ^= byte
            unit = self._trie[node] if node < len(self._trie) else 0
            if unit & 0x800000FF != byte:
                goes_on = False
                break
            node ^= _offset(unit)
            if unit >> 8 & 1:
                found = self._trie[node] & 0x7FFFFFFF, i + 1
        if found is None:
            return key[0], 1, goes_on
        begin, n_bytes = found
        replacement = self._texts[begin : self._texts.index(b"\0", begin)]
        return replacement.decode("utf-8"), len(data[:n_bytes].decode("utf-8")), goes_on


_REMEMBERED = 1 << 16


def _offset(unit: int) -> int:
    """How far the children of a unit of a Darts trie are away."""
    return unit >> 10 << ((unit & 1 << 9) >> 6)


# --- protocol buffers --------------------------------------------------------------------


def _message(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message by their numbers: integers, bytes, and 32- and 64-bit values as bytes."""
    fields: dict[int, list[Any]] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            fields.setdefault(number, []).append(value)
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"it has a field of the unknown kind {kind}")
        size, at = _varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        if at + size > len(data):
            raise ValueError("it ends too early")
        fields.setdefault(number, []).append(data[at : at + size])
        at += size
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _piece(message: dict[int, list[Any]]) -> tuple[str, float, int]:
    score = float(np.frombuffer(message.get(2, [bytes(4)])[-1], dtype="<f4")[0])
    return message.get(1, [b""])[-1].decode("utf-8"), score, message.get(3, [NORMAL])[-1]
