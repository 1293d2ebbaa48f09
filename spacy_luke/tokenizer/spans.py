"""Texts cut where their entities start and end, the entities found again among word pieces, and marked there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from ..errors import Errors

CharSpan = tuple[int, int]
PieceSpan = tuple[int, int]


@dataclass
class EncodedText:
    """One text as ids, without the special tokens around it.

    ids (list[int]): Its word pieces.
    spans (list[tuple[int, int]]): The first word piece of each entity and the one after its last.
    offsets (list[tuple[int, int] | None] | None): The characters of each word piece, None for a marker; None
        if nobody asked.
    words (list[tuple[int, int]] | None): The characters of each word, if it was given as words.
    entity_ids (list[int] | None): Its entities; None if it was given without spans.
    """

    ids: list[int]
    spans: list[PieceSpan]
    offsets: list[CharSpan | None] | None = None
    words: list[CharSpan] | None = None
    entity_ids: list[int] | None = None

    def mark(self, markers: Sequence[int]) -> None:
        """Put markers around the only entity, or around head and tail. The spans take them in.

        markers (Sequence[int]): The id that stands before and after the entity or the head, and that for the tail.
        """
        if len(self.spans) == 1:
            ((start, end),) = self.spans
            self._enclose(start, end, markers[0])
            self.spans = [(start, end + 2)]
            return
        # The one that starts later comes first, so that the other's places still hold. For spans that lie in one
        # another the markers end up where transformers puts them: models were trained so.
        (h0, h1), (t0, t1) = self.spans
        if h0 < t0:
            self._enclose(t0, t1, markers[1])
            self._enclose(h0, h1, markers[0])
            self.spans = [(h0, h1 + 2), (t0 + 2, t1 + 4)]
        else:
            self._enclose(h0, h1, markers[0])
            self._enclose(t0, t1, markers[1])
            self.spans = [(h0 + 2, h1 + 4), (t0, t1 + 2)]

    def _enclose(self, start: int, end: int, marker: int) -> None:
        self.ids[start:end] = [marker, *self.ids[start:end], marker]
        if self.offsets is not None:
            self.offsets[start:end] = [None, *self.offsets[start:end], None]


def cut_text(text: str, spans: Sequence[CharSpan]) -> tuple[list[str], dict[int, int]]:
    """Cut a text at the boundaries of spans. The parts are tokenized on their own, so that no word piece
    crosses a boundary; a space before a boundary goes with the part after it, as byte-level pieces spell it.

        "Ana met Bo.", [(0, 3), (8, 10)]  ->  "Ana" | " met" | " Bo" | "."

    text (str): The text.
    spans (Sequence[tuple[int, int]]): Character offsets of start and end.
    RETURNS (tuple[list[str], dict[int, int]]): The parts, and the number of parts before each boundary.
    """
    parts: list[str] = []
    before: dict[int, int] = {}
    done = 0
    for boundary in sorted(set(chain.from_iterable(spans))):
        at = boundary - 1 if boundary > 0 and text[boundary - 1] == " " else boundary
        if at != done:
            parts.append(text[done:at])
            done = at
        before[boundary] = len(parts)
    parts.append(text[done:])
    return parts, before


def find_spans(lengths: Sequence[int], before: dict[int, int], spans: Sequence[CharSpan]) -> list[PieceSpan]:
    """Find spans among the word pieces of a text.

    lengths (Sequence[int]): How many ids each part that `cut_text` gave has.
    before (dict[int, int]): The number of parts before each boundary.
    spans (Sequence[tuple[int, int]]): The spans that the text was cut at.
    RETURNS (list[tuple[int, int]]): Their first word piece and the one after their last.
    """
    starts = [0, *accumulate(lengths)]
    return [(starts[before[start]], starts[before[end]]) for start, end in spans]


def trim(text: str, start: int, end: int) -> CharSpan:
    """Take the white space around a span away, unless it is all there is.

    text (str): The text.
    start (int): The first character of the span.
    end (int): The one after its last.
    RETURNS (tuple[int, int]): Start and end.
    """
    inner = text[start:end].strip()
    if not inner:
        return start, end
    start += text[start:end].index(inner)
    return start, start + len(inner)


def check_spans(text: str, spans: Sequence[CharSpan]) -> None:
    """Raise if a span isn't one of the text.

    text (str): The text.
    spans (Sequence[tuple[int, int]]): Character offsets of start and end.
    """
    for start, end in spans:
        if start < 0 or end < start:
            raise ValueError(Errors.L118.format(start=start, end=end))
        if end > len(text):
            raise IndexError(Errors.L119.format(start=start, end=end, length=len(text), text=text[:40]))
