"""Any JSON rows, by the names of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import Errors
from .fields import check, dig, member
from .files import located, read_records
from .records import TOKENS, Conversion, Link, Range, Record, Region
from .words import WordText

# What a row may have, and how the field is called if nobody says otherwise. Those of an entity are within it, those
# of a relation within that.
FIELDS = {
    "text": "text",
    "tokens": "tokens",
    "document": "document",
    "entities": "entities",
    "start": "start",
    "end": "end",
    "label": "label",
    "id": "id",
    "relations": "relations",
    "head": "head",
    "tail": "tail",
    "relation": "label",
}


def read_jsonl(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read rows with a text (or tokens), entities and relations.

    path (Path): A JSON file with a list, or with an object a line.
    conversion (Conversion): Its option "fields" has the names of fields that aren't called as in `FIELDS`; with dots
        for fields of fields, such as "data.text".
    YIELDS (Record): One a row. An entity is an object, or a list [start, end, label]; places are characters, or tokens
        if there is no text, the end exclusive. A relation is an object, or a list [head, tail, label]; head and tail
        are entities' ids, or their numbers from 0 on, or lists [start, end]. Relations that aren't there count as not
        annotated.
    """
    names = {**FIELDS, **conversion.options.get("fields", {})}
    for place, row in read_records(path):
        with located(path, place):
            record = _Row(check(row, dict, ""), names).record(place)
        yield record


class _Row:
    """Reads one row by the names of its fields."""

    def __init__(self, row: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self.row, self.names = row, names
        self.words: WordText | None = None
        self.regions: dict[Any, Region] = {}

    def record(self, place: str) -> Record:
        row, names = self.row, self.names
        text = dig(row, names["text"], None)
        if text is None:
            tokens = dig(row, names["tokens"], None)
            if not isinstance(tokens, list):
                hint = "Name it: --field text=NAME or --field tokens=NAME"
                raise ValueError(Errors.L655.format(fields=", ".join(row), hint=hint))
            nested = bool(tokens) and isinstance(tokens[0], list)
            self.words = WordText(tokens if nested else [tokens])
            text = self.words.text
        record = Record(place, check(text, str, names["text"]))
        if self.words is not None:
            record.tokens, record.sentences, record.unit = self.words.tokens, self.words.sentences, TOKENS
        entities = dig(row, names["entities"], None)
        record.complete = entities is not None
        for i, value in enumerate(check(entities or [], list, names["entities"])):
            self._add(value, i, f"{names['entities']}[{i}]")
        relations = dig(row, names["relations"], None)
        if relations is not None:
            rows = enumerate(check(relations, list, names["relations"]))
            record.links = [self._link(value, f"{names['relations']}[{i}]") for i, value in rows]
        record.regions = list({id(region): region for region in self.regions.values()}.values())
        group = dig(row, names["document"], None)
        record.group = "" if group is None or isinstance(group, (dict, list)) else str(group)
        return record

    def _add(self, value: Any, number: int, at: str) -> None:
        names = self.names
        if isinstance(value, list) and len(value) == 3:
            (start, end, label), id_ = value, None
        else:
            check(value, dict, at)
            start, end, label = (dig(value, names[name]) for name in ("start", "end", "label"))
            id_ = dig(value, names["id"], None)
        label = check(label, str, f"{at}.{names['label']}")
        region = Region((self._range(start, end, at),), label, at, at)
        self.regions[number if id_ is None else id_] = region

    def _range(self, start: Any, end: Any, at: str) -> Range:
        start = check(start, int, f"{at}.{self.names['start']}")
        end = check(end, int, f"{at}.{self.names['end']}")
        return (start, end) if self.words is None else self.words.range(start, end, at)

    def _link(self, value: Any, at: str) -> Link:
        names = self.names
        if isinstance(value, list) and len(value) == 3:
            head, tail, label = value
        else:
            check(value, dict, at)
            head, tail, label = (dig(value, names[name]) for name in ("head", "tail", "relation"))
        first, last = self._end(head, f"{at}.{names['head']}"), self._end(tail, f"{at}.{names['tail']}")
        return Link(first, last, check(label, str, f"{at}.{names['relation']}"), at)

    def _end(self, value: Any, at: str) -> str:
        """The name of the entity that a relation is of; a place that is none gets a region that is no entity."""
        if isinstance(value, Mapping) and self.names["start"] in value:
            value = [value[self.names["start"]], dig(value, self.names["end"])]
        if not (isinstance(value, list) and len(value) == 2):
            return member(self.regions, value, at).name
        place = self._range(value[0], value[1], at)
        for region in self.regions.values():
            if region.fragments == (place,):
                return region.name
        self.regions[at] = Region((place,), "", at, at, is_entity=False)
        return at
