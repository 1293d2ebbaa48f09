"""To DocRED: sentences of tokens, entities with their mentions, relations with evidence. See `converters/docred.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...annotation import get_unsure
from ...types import Relation
from ..converters.records import Losses
from .marked import Marked, Sentences, mark, shown

NAMES = ".rel_info.json"  # the ending of the file with relations' names, for `convert docred --names`


def export_docred(docs: Iterable[Doc], target: Path, losses: Losses, source: Path) -> None:
    """Write a list of documents, and beside it a file with the relations' names by id (`OUT.rel_info.json`).

    docs (Iterable[Doc]): The documents. Mentions with one `id_` are of one entity. The sentences of a relation's two
        mentions are its evidence.
    target (Path): `.json` file.
    losses (Losses): What the format can't hold, such as relations within an entity, is listed there.
    source (Path): The documents' file, for that list.
    """
    names: dict[str, str] = {}
    records = [_record(marked, names, losses, source) for marked in mark(docs, losses, source, unsure=True)]
    target.write_text(json.dumps(records, ensure_ascii=False), "utf8")
    target.with_suffix(NAMES).write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf8")


def _record(marked: Marked, names: dict[str, str], losses: Losses, source: Path) -> dict[str, Any]:
    sentences = Sentences(marked.doc)
    vertices: list[list[dict[str, Any]]] = []
    clusters: dict[str, int] = {}
    of: dict[int, tuple[int, int]] = {}  # of a mention: its entity and its sentence
    for i, span in enumerate(marked.spans):
        place = sentences.place(span)
        if place is None:
            losses.add("left out: a mention across sentences", source, marked.name, span.text)
            continue
        if span.kb_id_:
            losses.add("left out: an identifier of a knowledge base", source, marked.name, span.kb_id_)
        sentence, start, end = place
        number = clusters.setdefault(span.id_, len(vertices)) if span.id_ else len(vertices)
        if number == len(vertices):
            vertices.append([])
        name = " ".join(sentences.tokens[sentence][start:end])
        vertices[number].append({"name": name, "sent_id": sentence, "pos": [start, end], "type": span.label_})
        of[i] = number, sentence
    record: dict[str, Any] = {
        "title": marked.group or marked.name,
        "sents": sentences.tokens,
        "vertexSet": vertices,
    }
    if marked.relations is not None:
        record["labels"] = _labels(marked, of, names, losses, source)
    return record


def _labels(
    marked: Marked, of: dict[int, tuple[int, int]], names: dict[str, str], losses: Losses, source: Path
) -> list[dict[str, Any]]:
    evidence: dict[tuple[int, int, str], set[int]] = {}
    for relation, first, last in marked.ends(losses, source):
        head, tail = of.get(first), of.get(last)
        if head is None or tail is None or head[0] == tail[0]:
            losses.add(
                "left out: a relation that isn't of two entities", source, marked.name, shown(relation)
            )
            continue
        key = head[0], tail[0], _name(relation, names)
        evidence.setdefault(key, set()).update((head[1], tail[1]))
    some = bool(evidence)
    told = marked._replace(relations=list(get_unsure(marked.doc)))
    for relation, first, last in told.ends(losses, source):
        head, tail = of.get(first), of.get(last)
        if head is None or tail is None or head[0] == tail[0] or not some or relation.score < 1:
            # Where nothing has evidence, DocRED's readers take all relations as stated.
            losses.add("left out: an unsure relation", source, marked.name, shown(relation))
        else:
            evidence.setdefault((head[0], tail[0], _name(relation, names)), set())
    return [
        {"h": h, "t": t, "r": r, "evidence": sorted(found)} for (h, t, r), found in sorted(evidence.items())
    ]


def _name(relation: Relation, names: dict[str, str]) -> str:
    """The id of a relation, or its label where it has none, or one that another label has."""
    id_ = relation.id or relation.label
    if names.setdefault(id_, relation.label) == relation.label:
        return id_
    names[relation.label] = relation.label
    return relation.label
