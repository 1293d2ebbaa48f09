"""To Prodigy: rows for `rel.manual`, `spans.manual` and `ner.manual`. See `converters/prodigy.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from ..converters.records import Losses
from .marked import mark
from .uncertain import least_sure


def export_prodigy(docs: Iterable[Doc], target: Path, losses: Losses, source: Path) -> None:
    """Write one row a document, with its tokens. Where nobody annotated entities or relations, the row has none of
    these fields; the least score goes to `meta`, which Prodigy shows.

    docs (Iterable[Doc]): The documents.
    target (Path): `.jsonl` file.
    losses (Losses): What the format can't hold is listed there. source (Path): The documents' file, for that list.
    """
    with target.open("w", encoding="utf8", newline="\n") as file:
        for marked in mark(docs, losses, source):
            doc = marked.doc
            row: dict[str, Any] = {"text": doc.text, "tokens": [_token(token) for token in doc]}
            if marked.spans or doc.has_annotation("ENT_IOB"):
                row["spans"] = [_span(span) for span in marked.spans]
            if marked.relations is not None:
                row["relations"] = [
                    {
                        "head": relation.head.end - 1,
                        "child": relation.tail.end - 1,
                        "head_span": _span(relation.head),
                        "child_span": _span(relation.tail),
                        "label": relation.label,
                    }
                    for relation in marked.relations
                ]
            score = least_sure(doc)
            meta = {"doc_id": marked.group, "score": None if score is None else round(score, 4)}
            row["meta"] = {name: value for name, value in meta.items() if value not in (None, "")}
            for span in marked.spans:
                if span.id_:
                    losses.add("left out: which mentions are of one entity", source, marked.name, span.text)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _token(token: Any) -> dict[str, Any]:
    end = token.idx + len(token.text)
    return {"text": token.text, "start": token.idx, "end": end, "id": token.i, "ws": bool(token.whitespace_)}


def _span(span: Span) -> dict[str, Any]:
    found = {
        "start": span.start_char,
        "end": span.end_char,
        "token_start": span.start,
        "token_end": span.end - 1,
        "label": span.label_ or None,
    }
    return {**found, "kb_id": span.kb_id_} if span.kb_id_ else found
