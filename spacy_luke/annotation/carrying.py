"""Stored annotation moved to a document with other offsets: a part of it, or an augmented variant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from .store import KEY, Table, store, stored

Place = Callable[[int, int], "tuple[int, int] | None"]


def transfer_annotation(source: Doc, target: Doc, place: Place) -> None:
    """Replace what is stored for one document by what another has, at other places.

    What has no place in the target is left out, and with it the pairs and facts that need it.

    source (Doc): The annotated document; not changed.
    target (Doc): The document to annotate.
    place (Callable[[int, int], tuple[int, int] | None]): Character offsets in the target for those of a span
        in the source, or None where it is not there.
    """
    tables: Table = {}
    for kind, table in stored(source).items():
        if kind in ("labels", "best", "tags", "candidates"):
            tables[kind] = _move_rows(table, place)
        elif kind == "vectors":
            rows = _move_rows(table["rows"], place)
            array = np.asarray(table["array"])[list(rows.values())]
            tables[kind] = {"rows": {key: i for i, key in enumerate(rows)}, "array": array}
        elif kind in ("relations", "facts"):
            tables[kind] = _move_pairs(table, place)
        else:  # text pair, questions, choices: they have no place
            tables[kind] = table
    store(target, tables)


def _move_rows(rows: dict[str, Any], place: Place) -> dict[str, Any]:
    moved = {}
    for key, value in rows.items():
        start, end, label = key.split(":", 2)
        there = place(int(start), int(end))
        if there is not None:
            moved[f"{there[0]}:{there[1]}:{label}"] = value
    return moved


def _move_pairs(table: Table, place: Place) -> Table:
    spans: list[tuple[Any, ...]] = []
    where: dict[int, int] = {}
    for i, (start, end, *rest) in enumerate(table["spans"]):
        there = place(start, end)
        if there is not None:
            where[i] = len(spans)
            spans.append((*there, *rest))
    kept = [head in where and tail in where for head, tail, *_ in table["pairs"]]
    pairs = [
        (where[head], where[tail], *rest)
        for (head, tail, *rest), keep in zip(table["pairs"], kept, strict=True)
        if keep
    ]
    moved: Table = {"spans": spans, "pairs": pairs}
    if "facts" in table:
        before = np.concatenate([[0], np.cumsum(kept, dtype=int)]).tolist()
        facts = [(*rest, before[start], before[end]) for *rest, start, end in table["facts"]]
        moved["facts"] = [row for row in facts if row[-2] < row[-1]]
    return moved


def span_as_doc(span: Span) -> Doc:
    """Copy a part of a document to a document of its own, with entities, span groups and all that is stored.

    Unlike `Span.as_doc`, which drops span groups and cannot know our offsets.

    span (Span): The part, e.g. a sentence.
    RETURNS (Doc): The copy; "relations never annotated" and "none" stay what they were.
    """
    doc = span.as_doc()
    doc.user_data.update({k: v for k, v in span.doc.user_data.items() if isinstance(k, str) and k != KEY})
    for name, group in span.doc.spans.items():
        inside = [member for member in group if span.start <= member.start and member.end <= span.end]
        doc.spans[name] = [
            Span(doc, m.start - span.start, m.end - span.start, m.label_, kb_id=m.kb_id_, span_id=m.id_)
            for m in inside
        ]

    def place(start: int, end: int) -> tuple[int, int] | None:
        if start < span.start_char or end > span.end_char:
            return None
        return start - span.start_char, end - span.start_char

    transfer_annotation(span.doc, doc, place)
    return doc
