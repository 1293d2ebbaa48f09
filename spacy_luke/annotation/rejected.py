"""What somebody marked as wrong: plain lists in `doc.user_data`, so that annotation tools can write them.

doc.user_data["luke_rejected_entities"]     [[start_char, end_char, label], ...]
doc.user_data["luke_rejected_relations"]    [[head_start, head_end, tail_start, tail_end, label], ...]
doc.user_data["answer"] = "reject"          all relations of the document are wrong; without any, all its entities
"""

from __future__ import annotations

from typing import Any

from spacy.tokens import Doc

from ..errors import Errors
from .relations import get_relations, has_relations

ENTITIES_REJECTED = "luke_rejected_entities"
RELATIONS_REJECTED = "luke_rejected_relations"
Place = tuple[int, int]


def is_rejected(doc: Doc) -> bool:
    """RETURNS (bool): Whether all that the document says is marked as wrong."""
    return bool(doc.user_data.get("answer") == "reject")


def rejected_entities(doc: Doc) -> list[tuple[Place, str]]:
    """RETURNS (list[tuple[Place, str]]): Characters and label of each entity that is marked as wrong.
    RAISES (ValueError): If the marks are malformed."""
    rows = _checked(doc, ENTITIES_REJECTED, 2)
    found = [((row[0], row[1]), row[2]) for row in rows]
    if is_rejected(doc) and not get_relations(doc):
        found += [((ent.start_char, ent.end_char), ent.label_) for ent in doc.ents]
    return found


def rejected_relations(doc: Doc) -> list[tuple[Place, Place, str]]:
    """RETURNS (list[tuple[Place, Place, str]]): Characters of head and tail, and label of each relation that is marked
    as wrong. RAISES (ValueError): If the marks are malformed."""
    rows = _checked(doc, RELATIONS_REJECTED, 4)
    found = [((row[0], row[1]), (row[2], row[3]), row[4]) for row in rows]
    if is_rejected(doc) and has_relations(doc):
        for head, tail, label, *_ in get_relations(doc):
            found.append(((head.start_char, head.end_char), (tail.start_char, tail.end_char), label))
    return found


def _checked(doc: Doc, key: str, n_places: int) -> list[Any]:
    rows = doc.user_data.get(key, ())
    for row in rows if isinstance(rows, (list, tuple)) else [rows]:
        fits = isinstance(row, (list, tuple)) and len(row) == n_places + 1
        if not fits or not isinstance(row[-1], str) or not all(type(place) is int for place in row[:-1]):
            raise ValueError(Errors.L721.format(key=key, n=n_places, value=row))
    return list(rows)
