"""Texts with triples of strings, as language models and REBEL give them: subject and object are found in the text.

https://huggingface.co/Babelscape/rebel-large and https://github.com/Babelscape/rebel (Huguet Cabot and Navigli, 2021);
https://github.com/cenguix/Text2KGBench (a triple a row)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import Errors
from .fields import check, dig
from .files import located, read_records
from .records import ENTITY, Conversion, Link, Range, Record, Region

_TEXT = ("text", "sent", "sentence", "context", "input")
_TRIPLES = ("triples", "triplets", "relations", "output", "decoder_output")
_NAMES = {
    "subject": ("subject", "subj", "sub", "head", "h", "sub_label"),
    "relation": ("relation", "predicate", "rel", "type", "r", "label", "rel_label"),
    "object": ("object", "obj", "tail", "t", "obj_label"),
}
# Names of a triple that stands in the row itself: Text2KGBench's "sub", "rel" and "obj" are identifiers.
_ROW_NAMES = {role: names[-1:] + names[:-1] for role, names in _NAMES.items()}
_REBEL = re.compile(r"\s*(?:<s>)?\s*(?:<triplet>.*)?\s*(?:</s>)?(?:<pad>)*\s*", re.DOTALL)
_PARTS = re.compile(r"(<triplet>|<subj>|<obj>)")


@dataclass(frozen=True)
class _Thing:
    """A subject or an object: its text, its type, where it is if that is told, and its identifier."""

    text: str
    label: str = ENTITY
    place: Range | None = None
    kb_id: str = ""


@dataclass
class _Found:
    """Where the things of a row are."""

    record: Record
    names: dict[tuple[Range, str], str] = field(default_factory=dict)

    def name(self, place: Range, thing: _Thing, at: str) -> str:
        """The name of the region of a thing at a place."""
        key = (place, thing.label)
        if key not in self.names:
            self.names[key] = f"r{len(self.names)}"
            self.record.regions.append(Region((place,), thing.label, self.names[key], at, kb_id=thing.kb_id))
        return self.names[key]


def read_triples(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read rows of a text and its triples: objects or lists of subject, relation and object; or REBEL's output
    `<triplet> subject <subj> object <obj> relation`; or one triple a row (`sent`, `sub_label`, `rel_label`,
    `obj_label`).

    path (Path): A JSON file with a list, or with an object a line.
    conversion (Conversion): Where names that aren't found, or that are found at several places, are listed.
    YIELDS (Record): One a row. A relation whose subject and object stand at one place each is stated of these. If one
        stands at several, the relation is unsure (`doc._.luke_unsure_relations`) for each pair of places. Entities are
        of label "ENTITY", or of the type that is told (`subject_type`); other tokens stay unknown.
    """
    for place, row in read_records(path):
        with located(path, place):
            record = _record(check(row, dict, ""), place, path, conversion)
        yield record


def _record(row: Mapping[str, Any], place: str, path: Path, conversion: Conversion) -> Record:
    fields = conversion.options.get("fields", {})
    names = (fields["text"],) if "text" in fields else _TEXT
    name = next((name for name in names if isinstance(dig(row, name, None), str)), None)
    if name is None:
        raise ValueError(Errors.L655.format(fields=", ".join(row), hint="Name it: --field text=NAME"))
    record = Record(place, dig(row, name), links=[], complete=False)
    for part in ("docid", "doc_id"):
        record.group = record.group or str(row.get(part) or "")
    listed = (fields["triples"],) if "triples" in fields else _TRIPLES
    key = next((key for key in listed if dig(row, key, None) is not None), None)
    if key is None:
        triples = [("the record", _triple(row, "the record", _ROW_NAMES))]
        record.looked_for = [triples[0][1][1]]
    else:
        triples = list(_triples(dig(row, key), key))
    found = _Found(record)
    for at, triple in triples:
        _relate(found, at, triple, path, conversion)
    return record


# --- reading -------------------------------------------------------------------------------


def _triples(value: Any, key: str) -> Iterator[tuple[str, tuple[_Thing, str, _Thing]]]:
    if isinstance(value, str):
        for i, (subject, label, object_) in enumerate(parse_rebel(value)):
            yield f"{key}[{i}]", (_Thing(subject), label, _Thing(object_))
        return
    for i, one in enumerate(check(value, list, key)):
        at = f"{key}[{i}]"
        if isinstance(one, str):
            for subject, label, object_ in parse_rebel(one):
                yield at, (_Thing(subject), label, _Thing(object_))
        elif isinstance(one, list) and len(one) == 3:
            subject, label, object_ = (check(part, str, at) for part in one)
            yield at, (_Thing(subject), label, _Thing(object_))
        else:
            yield at, _triple(check(one, dict, at), at, _NAMES)


def _triple(
    row: Mapping[str, Any], at: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[_Thing, str, _Thing]:
    values = {}
    for role, known in names.items():
        name = next((name for name in known if row.get(name) is not None), None)
        if name is None:
            raise KeyError(f"{at}.{role}")
        values[role] = row[name], row.get(f"{name}_type") or row.get(f"{role}_type") or ENTITY
    relation = values["relation"][0]
    if isinstance(relation, Mapping):  # REBEL's data
        relation = relation.get("surfaceform")
    subject, object_ = (_thing(*values[role], f"{at}.{role}") for role in ("subject", "object"))
    return subject, check(relation, str, f"{at}.relation"), object_


def _thing(value: Any, label: Any, at: str) -> _Thing:
    if not isinstance(value, Mapping):
        return _Thing(check(value, str, at), check(label, str, f"{at}_type"))
    text = next((value[n] for n in ("surfaceform", "text", "name") if isinstance(value.get(n), str)), None)
    bounds = value.get("boundaries")
    place = (int(bounds[0]), int(bounds[1])) if isinstance(bounds, list) and len(bounds) == 2 else None
    label = value.get("type") or value.get("label") or label
    uri = str(value.get("uri") or "")
    kb_id = uri if re.fullmatch(r"Q\d+", uri) else ""
    return _Thing(check(text, str, f"{at}.text"), check(label, str, f"{at}.type"), place, kb_id)


def parse_rebel(text: str) -> list[tuple[str, str, str]]:
    """Read REBEL's output.

    text (str): E.g. "<s><triplet> Punta Cana <subj> Dominican Republic <obj> country</s>". A subject may have several
        objects, each followed by its relation.
    RETURNS (list[tuple[str, str, str]]): Subject, relation and object of each triple.
    RAISES (ValueError): If it is anything else, or a triple is cut off.
    """
    if not _REBEL.fullmatch(text):
        raise ValueError(Errors.L667.format(value=text[:200]))
    clean = re.sub(r"</?s>|<pad>", "", text)
    pieces = [piece.strip() for piece in _PARTS.split(clean)]
    found, subject, object_ = [], "", ""
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if not piece:
            raise ValueError(Errors.L667.format(value=text[:200]))
        if mark == "<triplet>":
            subject, object_ = piece, ""
        elif mark == "<subj>":
            object_ = piece
        elif subject and object_:
            found.append((subject, piece, object_))
            object_ = ""
        else:
            raise ValueError(Errors.L667.format(value=text[:200]))
    if object_ or (subject and not found):
        raise ValueError(Errors.L667.format(value=text[:200]))
    return found


# --- finding -------------------------------------------------------------------------------


def _relate(
    found: _Found, at: str, triple: tuple[_Thing, str, _Thing], path: Path, conversion: Conversion
) -> None:
    record = found.record
    subject, label, object_ = triple
    where = f"{record.place}, {at}"
    shown = f"({subject.text!r}, {label!r}, {object_.text!r})"
    places = []
    for thing in (subject, object_):
        here, how = find_places(record.text, thing.text) if thing.place is None else ([thing.place], "")
        if not here:
            conversion.losses.add(f"left out: {how}", path, where, f"{thing.text!r} of {shown}")
        elif how:
            conversion.losses.add(f"kept: {how}", path, where, f"{thing.text!r} of {shown}")
        places.append(here)
    if not all(places):
        return
    pairs = [(head, tail) for head in places[0] for tail in places[1] if head != tail]
    if not pairs:
        conversion.losses.add("left out: subject and object are one place", path, where, shown)
        return
    links = [Link(found.name(h, subject, at), found.name(t, object_, at), label, at) for h, t in pairs]
    if len(links) == 1 and all(len(here) == 1 for here in places):
        record.links = [*(record.links or []), *links]
    else:
        record.unsure += links
        n, m = map(len, places)
        told = f"{shown}: {n} places for the subject, {m} for the object"
        conversion.losses.add("kept as unsure: stands at several places", path, where, told)


def find_places(text: str, name: str) -> tuple[list[Range], str]:
    """Find a name as whole words.

    text (str): The text. name (str): The name; its white space stands for any.
    RETURNS (tuple[list[Range], str]): Where it is, and how it was found, if not letter for letter. If it isn't there
        as it is written, with other case.
    """
    words = [re.escape(word) for word in name.split()]
    if not words:
        return [], "an empty name"
    bounds = (
        r"(?<!\w)" if re.match(r"\w", name.split()[0]) else "",
        r"(?!\w)" if re.search(r"\w$", words[-1]) else "",
    )
    pattern = bounds[0] + r"\s+".join(words) + bounds[1]
    exact = [found.span() for found in re.finditer(pattern, text)]
    if exact:
        return exact, ""
    other = [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)]
    return other, "found with other case" if other else "the text doesn't have it"
