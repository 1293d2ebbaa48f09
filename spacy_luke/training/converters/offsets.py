"""Offsets that count other things than Python's characters: UTF-16 units (JavaScript, Java) or bytes of UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from .records import Range, Region

Positions = Callable[[int], int | None]


def positions(text: str, unit: str) -> Positions:
    """text (str): A text. unit (str): "codepoint", "utf16" or "utf8".
    RETURNS (Callable): From an offset in that unit to one in characters; None within a character or outside."""
    sizes: Iterable[int]
    if unit == "codepoint" or text.isascii():
        return lambda offset: offset if 0 <= offset <= len(text) else None
    if unit == "utf16":
        sizes = (1 + (character > "\uffff") for character in text)
    else:
        sizes = (len(character.encode("utf8", "surrogatepass")) for character in text)
    found = {offset: i for i, offset in enumerate(accumulate(sizes, initial=0))}
    return found.get


def choose_unit(text: str, regions: Iterable[Region], default: str) -> str:
    """Find what offsets count, by the texts that the tool gives for its regions.

    text (str): The text.
    regions (Iterable[Region]): The regions; those without a text don't tell.
    default (str): The tool's unit: it is tried first, and taken where nothing tells or nothing fits.
    RETURNS (str): The unit.
    """
    if text.isascii():
        return default
    told = [region for region in regions if region.text is not None]
    if not told:
        return default
    for unit in dict.fromkeys((default, "codepoint", "utf16", "utf8")):
        to_characters = positions(text, unit)
        if all(agrees(text, region, to_characters) for region in told):
            return unit
    return default


def characters(region: Region, to_characters: Positions) -> list[Range] | None:
    """region (Region): A region. to_characters (Callable): See `positions`.
    RETURNS (list[Range] | None): Its fragments in characters, in order; None if one isn't within the text."""
    fragments = [(to_characters(start), to_characters(end)) for start, end in region.fragments]
    known = [
        (start, end) for start, end in fragments if start is not None and end is not None and start < end
    ]
    return sorted(known) if known and len(known) == len(fragments) else None


def agrees(text: str, region: Region, to_characters: Positions) -> bool:
    """RETURNS (bool): Whether the text that the tool gives for a region stands there, but for white space."""
    found = characters(region, to_characters)
    if found is None or region.text is None:
        return found is not None
    return list(_shown(" ".join(text[start:end] for start, end in found))) == list(_shown(region.text))


def _shown(text: str) -> Iterator[str]:
    """Tools show line ends as spaces, as escapes, or not at all."""
    return (c for c in text.replace("\\r", "").replace("\\n", "") if not c.isspace())
