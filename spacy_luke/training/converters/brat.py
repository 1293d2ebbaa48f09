"""brat's standoff format: folders of texts (`.txt`) with annotations beside them (`.ann`).

https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import Errors
from ...files import decode, read_lines
from .offsets import agrees, choose_unit, positions
from .records import Conversion, Link, Record, Region

_ENTITY = re.compile(r"(T\S*)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
_RELATION = re.compile(r"(R\S*)\t(\S+) (\S+?):(\S+) (\S+?):(\S+?)(?: .*|\t.*)?")
_EVENT = re.compile(r"(E\S*)\t(\S+?):(\S+)((?: \S+?:\S+)*)\s*")
_EQUAL = re.compile(r"\*\tEquiv((?: \S+)+)\s*")
_NORMAL = re.compile(r"(N\S*)\tReference (\S+) (\S+)(?:\t.*)?")
_FORMS = {
    "T": "T1, a tab, a label with ranges such as 0 5;16 23, a tab and the text",
    "R": "R1, a tab, a label with two arguments such as Arg1:T1 Arg2:T2",
    "E": "E1, a tab, a type with its trigger such as Birth:T3, and arguments such as Theme:T1",
    "*": "*, a tab, Equiv and names such as T1 T2",
    "N": "N1, a tab, Reference with a name and an identifier such as T1 Wikipedia:1234, a tab and a text",
}
OWN_BASE = (
    "kb:"  # what our export puts before identifiers that name no knowledge base, because brat's have to
)
_NOT_USED = {"A": "attribute", "M": "attribute", "#": "note"}


@dataclass
class _Notes:
    """The lines of one `.ann` file."""

    regions: dict[str, Region] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    triggers: dict[str, str] = field(default_factory=dict)
    other: Counter[str] = field(default_factory=Counter)


def read_brat(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read a folder with all folders in it, or one `.ann` file.

    path (Path): The folder or file.
    conversion (Conversion): Where lines that can't be used are listed.
    YIELDS (Record): One a text. Mentions that are equivalent are of one entity, normalizations are knowledge base
        identifiers, and the arguments of an event are relations from its trigger. If no text of the folder has a
        relation, they count as not annotated.
    RAISES (ValueError): If a line isn't of the format, or there is no text; it says which.
    """
    files = sorted(path.rglob("*.ann")) if path.is_dir() else [path]
    parsed = [(file, _parse(file)) for file in files]
    has_relations = any(notes.links for _, notes in parsed)
    if path.is_dir():
        for text in sorted(path.rglob("*.txt")):
            if not text.with_suffix(".ann").exists():
                conversion.losses.add("left out: text without annotations", text, "the whole file", text.name)
    for file, notes in parsed:
        for what, n in notes.other.items():
            conversion.losses.add(f"left out: {what}", file, "the whole file", f"{n} of them")
        regions = list(notes.regions.values())
        name = str(file.relative_to(path).with_suffix("")) if path.is_dir() else file.stem
        yield Record(
            file.name,
            _text(file, regions),
            regions,
            notes.links if has_relations else None,
            group=name,
            data={"title": name},
        )


def _text(file: Path, regions: list[Region]) -> str:
    r"""The text, with the line ends that the offsets count: "\r\n" may have been made of "\n" since, or the reverse."""
    path = file.with_suffix(".txt")
    if not path.is_file():
        raise ValueError(Errors.L660.format(path=file, text=path.name))
    raw = decode(path.read_bytes(), path)
    unix = raw.replace("\r\n", "\n")
    return max((raw, unix, unix.replace("\n", "\r\n")), key=lambda text: _fitting(text, regions))


def _fitting(text: str, regions: list[Region]) -> int:
    to_characters = positions(text, choose_unit(text, regions, "codepoint"))
    return sum(agrees(text, region, to_characters) for region in regions)


def _parse(file: Path) -> _Notes:
    notes = _Notes()
    equal: list[list[str]] = []
    places: dict[str, str] = {}
    for number, line in read_lines(file):
        kind, place = line[0], f"line {number}"
        if kind in _NOT_USED:
            notes.other[_NOT_USED[kind]] += 1
        elif kind == "T" and (found := _ENTITY.fullmatch(line)):
            name, label, ranges, text = found.groups()
            parts = (part.split(" ") for part in ranges.split(";"))
            fragments = tuple((int(start), int(end)) for start, end in parts)
            notes.regions[name] = Region(fragments, label, name, place, text or None)
        elif kind == "R" and (found := _RELATION.fullmatch(line)):
            notes.links.append(Link(found[4], found[6], found[2], place))
        elif kind == "E" and (found := _EVENT.fullmatch(line)):
            notes.triggers[found[1]] = found[3]
            arguments = (argument.split(":", 1) for argument in found[4].split())
            notes.links += [Link(found[3], name, role, place) for role, name in arguments]
        elif kind == "*" and (found := _EQUAL.fullmatch(line)):
            equal.append(found[1].split())
        elif kind == "N" and (found := _NORMAL.fullmatch(line)):
            places[found[2]] = found[3].removeprefix(OWN_BASE)
        else:
            expected = _FORMS.get(kind, "a line that starts with T, R, E, *, N, A, M or #")
            raise ValueError(Errors.L659.format(path=file, number=number, line=line, expected=expected))
    ends = notes.triggers  # events that are arguments stand for their triggers
    notes.links = [link._replace(head=ends.get(link.head, link.head)) for link in notes.links]
    notes.links = [link._replace(tail=ends.get(link.tail, link.tail)) for link in notes.links]
    _merge(notes, equal, {ends.get(name, name): kb_id for name, kb_id in places.items()})
    return notes


def _merge(notes: _Notes, equal: list[list[str]], kb_ids: dict[str, str]) -> None:
    """Lay clusters and identifiers on the regions that they name."""
    for names in equal:
        known = [notes.regions[name].cluster for name in names if name in notes.regions]
        cluster = next(filter(None, known), names[0])
        same = {name for name, region in notes.regions.items() if region.cluster and region.cluster in known}
        for name in same.union(names) & set(notes.regions):
            notes.regions[name] = replace(notes.regions[name], cluster=cluster)
    for name, kb_id in kb_ids.items():
        if name in notes.regions:
            notes.regions[name] = replace(notes.regions[name], kb_id=kb_id)
