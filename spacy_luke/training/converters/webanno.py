r"""WebAnno TSV 3, which INCEpTION and WebAnno export: tokens in lines, layers of spans and relations in columns.

https://webanno.github.io/webanno/releases/3.6.6/docs/user-guide.html#sect_webannotsv

A layer of spans has a column a feature, a layer of relations also one that names the source of the relation, whose
target is the line's own: `1-1[1_3]` is from the annotation 1 of the token 1-1 to the line's annotation 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ...errors import Errors
from ...files import read_text
from .offsets import positions
from .records import TOKENS, Conversion, Link, Range, Record, Region

# Layers of words, which aren't entities or relations.
_OF_WORDS = {
    *("POS", "Lemma", "MorphologicalFeatures", "Stem", "SurfaceForm", "Dependency"),
    *("Token", "Chunk", "Constituent"),
}
_TOKEN = re.compile(r"(\d+)-(\d+)(\.\d+)?\t(\d+)-(\d+)\t")
_STACK = re.compile(r"(?<!\\)\|")
_NUMBER = re.compile(r"(.*?)(?<!\\)\[(\d+)\]", re.DOTALL)
_SOURCE = re.compile(r"(\d+-\d+(?:\.\d+)?)(?:\[(\d+)_(\d+)\])?")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r"}
_NONE, _EMPTY = "_", "*"
_UNIT = "utf16"  # Java's


class _Layer(NamedTuple):
    """A layer: its name, features, where its columns start, how many there are, and the layer that relations are of."""

    name: str
    features: list[str]
    column: int
    width: int
    base: str | None

    @property
    def short(self) -> str:
        return self.name.rsplit(".", 1)[-1]


class _Line(NamedTuple):
    """A token or a part of one: its address such as "2-4.1", its characters in the text, and its cells."""

    address: str
    place: Range
    cells: list[str]
    number: int


@dataclass
class _Table:
    """What a file holds."""

    layers: list[_Layer]
    text: str = ""
    lines: list[_Line] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)


def read_webanno(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read one document.

    path (Path): A `.tsv` file of WebAnno TSV 3.
    conversion (Conversion): Its option "fields" may name the one layer of entities to read, as "layer"; layers that
        aren't read are listed.
    YIELDS (Record): The document. A span's label is its feature "value", or the first one that has a value, or the
        layer's name; a feature "identifier" goes to `kb_id_`. Relations count as annotated if there is a layer of them.
    RAISES (ValueError): If a line isn't of the format; it says which.
    """
    table = _read(path)
    only = conversion.options.get("fields", {}).get("layer")
    regions: dict[tuple[str, str], Region] = {}
    links: list[Link] = []
    has_relations = False
    for layer in table.layers:
        if layer.short in _OF_WORDS or (
            only and layer.base is None and only not in (layer.short, layer.name)
        ):
            conversion.losses.add("left out: a layer", path, "the whole file", layer.name)
        elif layer.base is None and any("ROLE_" in name for name in layer.features):
            conversion.losses.add("left out: a layer with slots", path, "the whole file", layer.name)
        elif layer.base is None:
            _add_spans(table, layer, regions)
    for layer in table.layers:
        if layer.base is not None and layer.short not in _OF_WORDS:
            has_relations = True
            links += _links(table, layer, regions, path)
    empty = [key for key, region in regions.items() if not region.fragments]
    for key in empty:
        conversion.losses.add("left out: an empty span", path, regions[key].at, regions.pop(key).label)
    gone = {_name(*key) for key in empty}
    links = [link for link in links if not gone.intersection(link[:2])]
    yield Record(
        "the document",
        table.text,
        list(regions.values()),
        links if has_relations else None,
        tokens=[line.place for line in table.lines if "." not in line.address],
        sentences=table.sentences,
        unit=TOKENS,
        group=path.stem,
        data={"title": path.stem},
    )


# --- lines ---------------------------------------------------------------------------------


def _read(path: Path) -> _Table:
    lines = read_text(path).split("\n")
    if not lines[0].startswith("#FORMAT=WebAnno TSV 3"):
        raise ValueError(Errors.L658.format(path=path, line=lines[0][:80]))
    table = _Table(_layers([line for line in lines if line.startswith(("#T_SP=", "#T_RL=", "#T_CH="))]))
    width = sum(layer.width for layer in table.layers)
    text, units = "", 0  # so far, and how many of the file's units it has
    sentence, token = "", (0, 0, "")
    for number, line in enumerate(lines, start=1):
        found = _TOKEN.match(line)
        if found is None and (not line.strip() or line.startswith("#")):
            continue
        wrong = ValueError(Errors.L657.format(path=path, number=number, line=line, columns=width))
        cells = line[found.end() :].split("\t") if found else []
        if found is None or len(cells) <= width:
            raise wrong
        word, start, end = _plain(cells[0]), int(found[4]), int(found[5])
        address = f"{found[1]}-{found[2]}{found[3] or ''}"
        if found[3]:
            first, begin, whole = token
            inside = positions(whole, _UNIT)
            place = inside(start - begin), inside(end - begin)
            if place[0] is None or place[1] is None:
                raise wrong
            table.lines.append(_Line(address, (first + place[0], first + place[1]), cells[1:], number))
            continue
        gap = start - units
        if gap < 0 or end < start:
            raise wrong
        text += "\n" if sentence not in ("", found[1]) and gap == 1 else " " * gap
        if found[1] != sentence:
            table.sentences.append(len(text))
        sentence, token, units = found[1], (len(text), start, word), end
        table.lines.append(_Line(address, (len(text), len(text) + len(word)), cells[1:], number))
        text += word
    table.text = text
    return table


def _layers(headers: list[str]) -> list[_Layer]:
    """Layers of a file's head. A layer without features has an empty name in their place, and a column."""
    layers, column = [], 0
    for header in headers:
        kind, _, rest = header.partition("=")
        name, *parts = rest.split("|")
        base = parts.pop().removeprefix("BT_") if kind == "#T_RL" and parts else None
        features = parts or [""]
        width = 2 if kind == "#T_CH" else len(features) + (kind == "#T_RL")
        if kind == "#T_CH":
            features = [f"ROLE_{feature}" for feature in features]
        layers.append(_Layer(name, features, column, width, base))
        column += width
    return layers


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1], found[1]), text)


def _values(cell: str) -> list[tuple[str, str]]:
    """Values that are stacked in a cell, each with its number in the document ("" for one on this token alone)."""
    if cell in (_NONE, ""):
        return []
    found = []
    for value in _STACK.split(cell):
        numbered = _NUMBER.fullmatch(value)
        value, number = (numbered[1], numbered[2]) if numbered else (value, "")
        found.append(("" if value == _EMPTY else _plain(value), number))
    return found


# --- layers --------------------------------------------------------------------------------


def _name(layer: str, key: str) -> str:
    return f"{layer} {key}"


def _key(number: str, address: str) -> str:
    return f"[{number}]" if number else address


def _add_spans(table: _Table, layer: _Layer, regions: dict[tuple[str, str], Region]) -> None:
    """Add the spans of a layer. One of several tokens has a number, and its lines need not follow each other."""
    spans: dict[str, tuple[list[Range], list[str], int]] = {}
    for line in table.lines:
        columns = [_values(line.cells[layer.column + i]) for i in range(len(layer.features))]
        for i, (_, number) in enumerate(columns[0]):
            values = [column[i][0] if i < len(column) else "" for column in columns]
            places, _, _ = spans.setdefault(_key(number, line.address), ([], values, line.number))
            if line.place[0] < line.place[1]:
                places.append(line.place)
    for key, (places, values, at_line) in spans.items():
        named = dict(zip(layer.features, values, strict=True))
        kb_id = named.pop("identifier", "")
        label = named.get("value") or next(filter(None, named.values()), layer.short)
        at = f"line {at_line}"
        regions[layer.name, key] = Region(tuple(places), label, _name(layer.name, key), at, kb_id=kb_id)


def _links(
    table: _Table, layer: _Layer, regions: dict[tuple[str, str], Region], path: Path
) -> Iterator[Link]:
    """The relations of a layer. Those between tokens of a layer that isn't read get regions that are no entities."""
    places = {line.address: line.place for line in table.lines}

    def end(number: str, address: str, at: str) -> str:
        key = (layer.base or "", _key("" if number == "0" else number, address))
        if key not in regions:
            if address not in places:
                raise ValueError(f"{at}: {Errors.L654.format(what='the source of a relation', name=address)}")
            regions[key] = Region((places[address],), "", _name(*key), at, is_entity=False)
        return _name(*key)

    for line in table.lines:
        cells = line.cells[layer.column : layer.column + layer.width]
        columns = [_values(cell) for cell in cells[:-1]]
        sources = [] if cells[-1] in (_NONE, "") else cells[-1].split("|")
        for i, source in enumerate(sources):
            found, at = _SOURCE.fullmatch(source), f"line {line.number}"
            if found is None:
                told = {"path": path, "number": line.number, "line": source, "columns": layer.width}
                raise ValueError(Errors.L657.format(**told))
            values = [column[i][0] for column in columns if i < len(column)]
            label = next(filter(None, values), layer.short)
            head, tail = end(found[2] or "0", found[1], at), end(found[3] or "0", line.address, at)
            yield Link(head, tail, label, at)
