"""Other names for labels: a map that is laid on whole documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ...annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    RELATIONS_LOOKED_FOR,
    get_labels,
    get_relations,
    get_unsure,
    has_relations,
    write_labels,
    write_relations,
    write_unsure,
)
from ...errors import Errors
from ...files import read_json
from ...types import Relation
from .build import NESTED
from .records import Losses

Names = Mapping[str, str | None]
_KINDS = {"entities", "relations"}


class LabelMap(NamedTuple):
    """New names by old ones; None leaves a label out. Labels that aren't in it stay.

    entities (Mapping[str, str | None]): For entities, also for their fine types.
    relations (Mapping[str, str | None]): For relations.
    used (set[str]): Old names that were met.
    """

    entities: Names
    relations: Names
    used: set[str]

    def unused(self) -> list[str]:
        """RETURNS (list[str]): Labels of the map that no document had."""
        return sorted({*self.entities, *self.relations} - self.used)

    def entity(self, label: str) -> str | None:
        """label (str): Of an entity. RETURNS (str | None): Its new name, or None."""
        return self._new(self.entities, label)

    def relation(self, label: str) -> str | None:
        """label (str): Of a relation. RETURNS (str | None): Its new name, or None."""
        return self._new(self.relations, label)

    def _new(self, names: Names, label: str) -> str | None:
        if label in names:
            self.used.add(label)
        return names.get(label, label)


def read_label_map(path: Path) -> LabelMap:
    """path (Path): A JSON file: {old: new or null}, or {"entities": {...}, "relations": {...}}.
    RETURNS (LabelMap): The map. RAISES (ValueError): If it is anything else."""
    content = read_json(path)
    parts = [content, content]
    if (
        isinstance(content, dict)
        and content
        and set(content) <= _KINDS
        and any(isinstance(part, dict) for part in content.values())
    ):
        parts = [content.get("entities", {}), content.get("relations", {})]
    for part in parts:
        if not isinstance(part, dict):
            raise ValueError(Errors.L664.format(path=path, found=f"{type(part).__name__} {str(part)[:60]}"))
        for old, new in part.items():
            if new is not None and (not isinstance(new, str) or not new):
                raise ValueError(Errors.L664.format(path=path, found=f"{old!r} becomes {new!r}"))
    return LabelMap(parts[0], parts[1], set())


def rename(doc: Doc, names: LabelMap, losses: Losses, source: str) -> None:
    """Give the labels of a document new names.

    doc (Doc): The document: entities, those in entities, fine types, relations, what was rejected or looked for.
    names (LabelMap): The map.
    losses (Losses): What is left out with an entity is listed there.
    source (str): Where the document is from, for that list.
    """
    relations, unsure = get_relations(doc) if has_relations(doc) else None, get_unsure(doc)
    types = [(span, get_labels(span)) for span in (*doc.ents, *doc.spans.get(NESTED, ())) if get_labels(span)]
    old_types = {(span.start, span.end, span.label_, span.id_): labels for span, labels in types}
    for span, _ in types:
        write_labels(span, None)
    known = doc.has_annotation("ENT_IOB")
    missing = [token.i for token in doc if token.ent_iob == 0]
    ents = _renamed(doc, doc.ents, names, old_types)
    if known:
        doc.set_ents(ents, missing=[doc[i : i + 1] for i in missing], default="outside")
    if NESTED in doc.spans:
        nested = _renamed(doc, doc.spans[NESTED], names, old_types)
        del doc.spans[NESTED]
        if nested:
            doc.spans[NESTED] = nested
    if relations is not None:
        write_relations(doc, _renamed_relations(doc, relations, names, losses, source))
    if unsure:
        write_unsure(doc, _renamed_relations(doc, unsure, names, losses, source) or None)
    for key, new in ((REJECTED_ENTITIES, names.entity), (REJECTED_RELATIONS, names.relation)):
        if key in doc.user_data:
            rows = [[*row[:-1], new(row[-1])] for row in doc.user_data[key]]
            doc.user_data[key] = [row for row in rows if row[-1] is not None]
    if RELATIONS_LOOKED_FOR in doc.user_data:
        labels = {names.relation(label) for label in doc.user_data[RELATIONS_LOOKED_FOR]}
        doc.user_data[RELATIONS_LOOKED_FOR] = sorted(label for label in labels if label)


def _renamed(doc: Doc, spans: Any, names: LabelMap, types: Mapping[Any, Mapping[str, float]]) -> list[Span]:
    found = []
    for span in spans:
        label = names.entity(span.label_)
        if label is None:
            continue
        new = _relabelled(doc, span, label)
        fine = types.get((span.start, span.end, span.label_, span.id_))
        if fine is not None:
            kept = {names.entity(old): score for old, score in fine.items()}
            write_labels(new, {name: score for name, score in kept.items() if name is not None})
        found.append(new)
    return found


def _relabelled(doc: Doc, span: Span, label: str) -> Span:
    return Span(doc, span.start, span.end, label, kb_id=span.kb_id_, span_id=span.id_)


def _renamed_relations(
    doc: Doc, relations: Any, names: LabelMap, losses: Losses, source: str
) -> list[Relation]:
    found: dict[Any, Relation] = {}
    for relation in relations:
        label = names.relation(relation.label)
        ends = [(span, names.entity(span.label_) if span.label_ else "") for span in relation[:2]]
        if label is None:
            continue
        if any(new is None for _, new in ends):
            told = f"{relation.head.text!r} {relation.label} {relation.tail.text!r}"
            losses.add("left out: relation of an entity whose label the map leaves out", source, "", told)
            continue
        head, tail = (_relabelled(doc, span, new or "") for span, new in ends)
        key = (head.start, head.end, head.label, head.id, tail.start, tail.end, tail.label, tail.id, label)
        found[key] = relation._replace(head=head, tail=tail, label=label)
    return list(found.values())
