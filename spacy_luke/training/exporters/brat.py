"""To brat: a folder of texts with `.ann` files, and what brat has to know of the labels. See `converters/brat.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from spacy.tokens import Doc, Span

from ..converters.brat import OWN_BASE
from ..converters.records import Losses
from .marked import Marked, mark

LABELS = "labels.json"  # brat's names of labels and ours, for `convert --label-map`
_UNFIT = re.compile(r"[^\w.-]+")
_NOT_LABEL = re.compile(r"[\s:;,|]")
_UNNAMED = "Mention"  # the label of what has none


def export_brat(docs: Iterable[Doc], target: Path, losses: Losses, source: Path) -> None:
    """Write a `.txt` and a `.ann` file a document, `annotation.conf`, and `labels.json` where labels had to change,
    because brat's have no spaces.

    docs (Iterable[Doc]): The documents.
    target (Path): Folder.
    losses (Losses): What the format can't hold is listed there. source (Path): The documents' file, for that list.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = _Names()
    everything = list(mark(docs, losses, source))
    some = any(marked.relations for marked in everything)
    width = len(str(len(everything)))
    for number, marked in enumerate(everything, start=1):
        if some and marked.relations is None:
            losses.add("changed: not annotated with relations, reads as none", source, marked.name, "")
        elif not some and marked.relations is not None:
            losses.add(
                "changed: annotated without relations, reads as not annotated", source, marked.name, ""
            )
        slug = _UNFIT.sub("_", marked.name).strip("_.")[:60]
        stem = f"{number:0{width}}-{slug}" if slug else f"{number:0{width}}"
        (target / f"{stem}.txt").write_text(marked.doc.text, "utf8", newline="")
        lines = _lines(marked, names, losses, source)
        (target / f"{stem}.ann").write_text("".join(f"{line}\n" for line in lines), "utf8", newline="\n")
    (target / "annotation.conf").write_text(names.settings(), "utf8", newline="\n")
    if names.changed:
        (target / LABELS).write_text(json.dumps(names.changed, ensure_ascii=False, indent=1), "utf8")
        for new, old in names.changed.items():
            losses.add(
                "changed: a label that brat can't hold", source, "all documents", f"{old!r} is {new!r}"
            )


class _Names:
    """Labels as brat has them."""

    def __init__(self) -> None:
        self.entities: dict[str, str] = {}
        self.relations: dict[str, str] = {}
        self.changed: dict[str, str] = {}

    def entity(self, label: str) -> str:
        return self._name(self.entities, label or _UNNAMED)

    def relation(self, label: str) -> str:
        return self._name(self.relations, label)

    def _name(self, known: dict[str, str], label: str) -> str:
        if label not in known:
            name = _NOT_LABEL.sub("_", label)
            taken = {*self.entities.values(), *self.relations.values(), *self.changed}
            while name != label and name in taken and self.changed.get(name) != label:
                name += "_"
            known[label] = name
            if name != label:
                self.changed[name] = label
        return known[label]

    def settings(self) -> str:
        relations = [f"{name}\tArg1:<ENTITY>, Arg2:<ENTITY>" for name in self.relations.values()]
        parts = {"entities": self.entities.values(), "relations": relations, "events": (), "attributes": ()}
        return "\n".join(
            f"[{part}]\n" + "".join(f"{line}\n" for line in lines) for part, lines in parts.items()
        )


def _lines(marked: Marked, names: _Names, losses: Losses, source: Path) -> list[str]:
    spans, lines = list(marked.spans), []
    pairs: list[tuple[str, int, int]] = []
    for relation in marked.relations or ():
        numbers: list[int] = []
        for end in relation[:2]:
            number = marked.number(end)
            if number is None:
                if not end.label_:
                    losses.add(f"changed: what has no label is a {_UNNAMED}", source, marked.name, end.text)
                number = marked.mentions[end.start, end.end, end.label_, end.id_] = len(spans)
                spans.append(end)
            numbers.append(number)
        pairs.append((names.relation(relation.label), numbers[0], numbers[1]))
    clusters: dict[str, list[str]] = {}
    for i, span in enumerate(spans, start=1):
        lines.append(f"T{i}\t{names.entity(span.label_)} {_ranges(span)}\t{_one_line(span.text)}")
        if span.id_:
            clusters.setdefault(span.id_, []).append(f"T{i}")
    lines += [
        f"R{i}\t{label} Arg1:T{head + 1} Arg2:T{tail + 1}" for i, (label, head, tail) in enumerate(pairs, 1)
    ]
    for i, (number, span) in enumerate(((n, s) for n, s in enumerate(spans, 1) if s.kb_id_), start=1):
        kb_id = span.kb_id_ if ":" in span.kb_id_ else f"{OWN_BASE}{span.kb_id_}"
        if re.search(r"\s", kb_id):
            losses.add("left out: an identifier with spaces", source, marked.name, kb_id)
        else:
            lines.append(f"N{i}\tReference T{number} {kb_id}\t{_one_line(span.text)}")
    return [*lines, *(f"*\tEquiv {' '.join(same)}" for same in clusters.values() if len(same) > 1)]


def _ranges(span: Span) -> str:
    """A range for each line that the mention has a part of."""
    parts = [found.span() for found in re.finditer(r"[^\r\n]+", span.text)]
    return ";".join(f"{span.start_char + start} {span.start_char + end}" for start, end in parts)


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\t]+", " ", text)
