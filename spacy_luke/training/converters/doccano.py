"""doccano's export of sequence labelling, with relations or without.

https://doccano.github.io/doccano/tutorial/ (JSONL: `{"text", "label": [[start, end, label], ...]}`; with relations:
`{"text", "entities": [{"id", "label", "start_offset", "end_offset"}], "relations": [{"from_id", "to_id", "type"}]}`)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .fields import check, need, rows_of
from .files import located, read_records
from .records import Conversion, Link, Record, Region


def read_doccano(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read doccano's rows.

    path (Path): A `.jsonl` or `.json` file.
    conversion (Conversion): Where comments are listed.
    YIELDS (Record): One a text. Relations count as not annotated if the export has none ("JSONL").
    """
    for place, row in read_records(path):
        with located(path, place):
            record = _record(row, place)
            for name in ("Comments", "comments"):
                if isinstance(row.get(name), list) and row[name]:
                    conversion.losses.add("left out: comment", path, place, str(row[name])[:80])
        yield record


def _record(row: Any, place: str) -> Record:
    check(row, dict, "")
    text = need(row, "data" if "text" not in row and "data" in row else "text", str)
    name = next((name for name in ("entities", "label", "labels", "annotations") if name in row), "label")
    regions = [
        _region(value, f"{name}[{i}]")
        for i, value in enumerate(check(row.get(name) if row.get(name) is not None else [], list, name))
    ]
    links = None
    if row.get("relations") is not None:
        links = []
        for at, link in rows_of(row, "relations", dict):
            head, tail = (str(need(link, end, int, at)) for end in ("from_id", "to_id"))
            links.append(Link(head, tail, need(link, "type", str, at), at))
    return Record(place, text, regions, links)


def _region(value: Any, at: str) -> Region:
    if isinstance(value, list) and len(value) == 3:
        start, end, label = value
        name = at
    else:
        check(value, dict, at)
        start, end = need(value, "start_offset", int, at), need(value, "end_offset", int, at)
        label, name = value.get("label"), str(value.get("id", at))
        label = str(label) if isinstance(label, int) else label  # an early export has numbers of labels
    fragment = check(start, int, f"{at}, the start"), check(end, int, f"{at}, the end")
    return Region((fragment,), check(label, str, f"{at}, the label"), name, at)
