"""Cutting a text where its entities start and end, and finding the entities again among word pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain

from ..errors import Errors

CharSpan = tuple[int, int]
TokenSpan = tuple[int, int]


def cut(text: str, spans: Sequence[CharSpan]) -> tuple[list[str], dict[int, int]]:
    """Cut a text at the boundaries of spans. The pieces are tokenized on their own, so that no word piece
    crosses a boundary; a space before a boundary goes with the piece after it, as byte-level pieces spell it.

        "Ana met Bo.", [(0, 3), (8, 10)]  ->  "Ana" | " met" | " Bo" | "."

    text (str): The text.
    spans (Sequence[tuple[int, int]]): Character offsets of start and end.
    RETURNS (tuple[list[str], dict[int, int]]): The pieces, and the number of pieces before each boundary.
    """
    pieces: list[str] = []
    before: dict[int, int] = {}
    done = 0
    for boundary in sorted(set(chain.from_iterable(spans))):
        at = boundary - 1 if boundary > 0 and text[boundary - 1] == " " else boundary
        if at != done:
            pieces.append(text[done:at])
            done = at
        before[boundary] = len(pieces)
    pieces.append(text[done:])
    return pieces, before


def locate(lengths: Sequence[int], before: dict[int, int], spans: Sequence[CharSpan]) -> list[TokenSpan]:
    """Find spans among the word pieces of a text.

    lengths (Sequence[int]): How many ids each piece that `cut` gave has.
    before (dict[int, int]): The number of pieces before each boundary.
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
