"""Prodigy's annotations: one JSON object a line, with spans and relations, and the answer that a human gave.

https://prodi.gy/docs/api-interfaces (interfaces `ner_manual`, `spans_manual`, `relations`)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .fields import may, need, rows_of
from .files import located, read_records
from .records import Conversion, Link, Range, Record, Region

_BINARY = {"ner", "spans"}  # interfaces that ask about one suggestion
_ACCEPT, _REJECT, _IGNORE = "accept", "reject", "ignore"


@dataclass
class _Task:
    """All rows of one text, which may be answers to several questions."""

    record: Record
    names: dict[tuple[int, int, str], str] = field(default_factory=dict)
    whole: set[tuple[Any, ...]] | None = None  # spans and relations of a row that says all of the text


def read_prodigy(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read the rows of Prodigy's `db-out`. All rows of one text are one document.

    path (Path): A `.jsonl` file.
    conversion (Conversion): Where rows with the answer "ignore" are listed.
    YIELDS (Record): Accepted spans and relations as such, rejected ones as rejected. Where only single suggestions
        were accepted or rejected, other tokens stay unknown; relations stay not annotated where no row has any.
    """
    tasks: dict[str, _Task] = {}
    for place, row in read_records(path):
        with located(path, place):
            text, answer = need(row, "text", str), may(row, "answer", str, _ACCEPT)
            if answer == _IGNORE:
                conversion.losses.add("left out: answer is ignore", path, place, text[:60])
                continue
            if text not in tasks:
                record = Record(place, text, complete=False, group=group_of(row))
                record.tokens = _tokens(row)
                tasks[text] = _Task(record)
            elif tasks[text].record.tokens is None:
                tasks[text].record.tokens = _tokens(row)
            _add(tasks[text], row, answer, conversion, path, place)
    for task in tasks.values():
        yield _settled(task, conversion, path)


def group_of(row: Any) -> str:
    """RETURNS (str): The document that a row says it is of, if it says so."""
    meta = may(row, "meta", dict, {})
    for name in ("doc_id", "document", "doc"):
        if meta.get(name) not in (None, ""):
            return str(meta[name])
    return ""


def _tokens(row: Any) -> list[Range] | None:
    found = [(need(t, "start", int, at), need(t, "end", int, at)) for at, t in rows_of(row, "tokens", dict)]
    return found or None


def _add(task: _Task, row: Any, answer: str, conversion: Conversion, path: Path, place: str) -> None:
    record = task.record
    spans, relations = rows_of(row, "spans", dict), rows_of(row, "relations", dict)
    asks_relations = bool(relations)
    names: dict[str, list[tuple[int, int, str]]] = {_ACCEPT: [], _REJECT: []}
    for at, span in spans:
        said = may(span, "answer", str, answer, at)
        if said == _IGNORE:
            conversion.losses.add(
                "left out: answer is ignore", path, f"{place}, {at}", str(span.get("label"))
            )
        elif said == _REJECT and not asks_relations:
            record.rejected.append(_region(row, span, at, place))
            names[_REJECT].append((0, 0, ""))
        else:
            _named(task, _region(row, span, at, place), said == _ACCEPT)
    refused = 0
    links: list[Link] = []
    for at, relation in relations:
        said = may(relation, "answer", str, answer, at)
        if said == _IGNORE:
            conversion.losses.add(
                "left out: answer is ignore", path, f"{place}, {at}", need(relation, "label", str, at)
            )
            continue
        head, child = (_end(task, row, relation, role, at, place) for role in ("head", "child"))
        link = Link(head, child, need(relation, "label", str, at), at)
        refused += said == _REJECT
        (record.rejected_links if said == _REJECT else links).append(link)
    if answer == _REJECT:
        record.together |= len(names[_REJECT]) + refused > 1
        return
    if "relations" in row:
        record.links = [*(record.links or []), *links]
    is_binary = may(row, "_is_binary", bool, row.get("_view_id") in _BINARY)
    if is_binary or not ("spans" in row or "relations" in row):
        return
    record.complete = True
    whole = {(span.get("start"), span.get("end"), span.get("label")) for _, span in spans}
    whole |= {(link.head, link.tail, link.label) for link in links}
    if task.whole is not None and whole != task.whole:
        told = str(row.get("_annotator_id") or row.get("_session_id") or "")
        conversion.losses.add("changed: joined with another annotation of the text", path, place, told)
    task.whole = (task.whole or set()) | whole


def _region(row: Any, span: Any, at: str, place: str) -> Region:
    label = may(span, "label", str, "", at)
    if "start" not in span and "token_start" in span:
        tokens = _tokens(row) or []
        first, last = need(span, "token_start", int, at), need(span, "token_end", int, at)
        if not 0 <= first <= last < len(tokens):
            raise IndexError(f"{at}: tokens {first} to {last} of {len(tokens)}")
        start, end = tokens[first][0], tokens[last][1]
    else:
        start, end = need(span, "start", int, at), need(span, "end", int, at)
    text = may(span, "text", str, "", at) or None
    return Region(((start, end),), label, at=at, text=text, kb_id=may(span, "kb_id", str, "", at))


def _named(task: _Task, region: Region, is_entity: bool) -> str:
    """Add a region, or find the same one of another row. RETURNS (str): Its name."""
    key = (*region.fragments[0], region.label)
    if key not in task.names:
        task.names[key] = f"r{len(task.names)}"
        task.record.regions.append(region)
    name = task.names[key]
    number = int(name[1:])
    known = task.record.regions[number]
    task.record.regions[number] = Region(
        known.fragments,
        known.label,
        name,
        known.at,
        known.text,
        kb_id=known.kb_id or region.kb_id,
        is_entity=is_entity or (known.name != "" and known.is_entity),
    )
    return name


def _end(task: _Task, row: Any, relation: Any, role: str, at: str, place: str) -> str:
    """The name of a relation's head or child: a span, or a token that is none."""
    token = relation.get(role)
    if relation.get(f"{role}_span"):
        given = _region(row, need(relation, f"{role}_span", dict, at), f"{at}.{role}_span", place)
    else:
        token = need(relation, role, int, at)
        spans = [s for _, s in rows_of(row, "spans", dict) if s.get("token_end") == token]
        if spans:
            given = _region(
                row, max(spans, key=lambda s: int(s.get("end", 0)) - int(s.get("start", 0))), at, place
            )
        else:
            tokens = _tokens(row) or []
            if not 0 <= token < len(tokens):
                raise IndexError(f"{at}.{role}: token {token} of {len(tokens)}")
            given = Region((tokens[token],), "", at=f"{at}.{role}")
    here = [key for key in task.names if key[:2] == given.fragments[0]]
    same = [key for key in here if key[2] == given.label] or (here if not given.label else [])
    if same:
        return task.names[same[0]]
    return _named(task, given, False)


def _settled(task: _Task, conversion: Conversion, path: Path) -> Record:
    """What was accepted in one row and rejected in another is neither guessed nor lost: it counts as accepted."""
    record = task.record
    accepted = {(r.fragments, r.label) for r in record.regions if r.is_entity}
    kept = []
    for region in record.rejected:
        if (region.fragments, region.label) in accepted:
            told = f"{region.label} {region.fragments[0]}"
            conversion.losses.add("kept as accepted: rejected in another row", path, record.place, told)
        else:
            kept.append(region)
    record.rejected = kept
    return record
