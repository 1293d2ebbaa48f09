"""Ultra-fine entity typing: a mention with its context and its types; and Open Entity in the form that LUKE reads.

Choi et al., 2018, https://aclanthology.org/P18-1009; https://www.cs.utexas.edu/~eunsol/html_pages/open_entity.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .fields import check, need
from .files import located, read_records
from .records import ENTITY, TOKENS, Conversion, Record, Region
from .words import WordText


def read_ufet(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read `{"left_context_token", "mention_span", "right_context_token", "y_str"}`, or
    `{"sent", "start", "end", "labels"}` with characters.

    path (Path): A file with an object a line, or with a list.
    conversion (Conversion): Not used.
    YIELDS (Record): One a row: an entity of label "ENTITY" with its types in `span._.luke_labels`; other tokens stay
        unknown.
    """
    for place, row in read_records(path):
        with located(path, place):
            record = (
                _characters(row, place) if isinstance(row, dict) and "sent" in row else _tokens(row, place)
            )
        yield record


def _tokens(row: Any, place: str) -> Record:
    left, right = need(row, "left_context_token", list), need(row, "right_context_token", list)
    mention = need(row, "mention_span", str).split()
    text = WordText([[*left, *mention, *right]])
    fragment = text.range(len(left), len(left) + len(mention), "mention_span")
    region = Region((fragment,), ENTITY, "m", "mention_span", types=_types(row, "y_str"))
    return Record(
        place,
        text.text,
        [region],
        complete=False,
        tokens=text.tokens,
        sentences=text.sentences,
        unit=TOKENS,
    )


def _characters(row: Any, place: str) -> Record:
    fragment = need(row, "start", int), need(row, "end", int)
    region = Region((fragment,), ENTITY, "m", "start, end", types=_types(row, "labels"))
    return Record(place, need(row, "sent", str), [region], complete=False)


def _types(row: Any, name: str) -> tuple[str, ...]:
    return tuple(check(label, str, f"{name}[{i}]") for i, label in enumerate(need(row, name, list)))
