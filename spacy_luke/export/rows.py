"""Documents as rows of tables that join by document: the ground of all tables, graphs and triples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from spacy.tokens import Doc

from ..annotation import Data, get_id, to_dict
from ..errors import Errors

Row = dict[str, Any]
Documents: TypeAlias = "Iterable[Doc | Mapping[str, Any]]"

_SPAN = {"start": int, "end": int, "text": str}
_MENTION = {**_SPAN, "type": str, "kb_id": str, "id": str, "entity": int}
_PAIR = {
    **{"label": str, "id": str, "score": float},
    **{f"{end}_{name}": kind for end in ("head", "tail") for name, kind in _MENTION.items()},
    **{"first_sentence": int, "last_sentence": int},
}
# The tables, with the columns of each and their types. Dicts and lists are there as JSON.
TABLES: dict[str, dict[str, type]] = {
    "documents": {"document": str, "text": str, "lang": str, "meta": str, "annotated": str},
    "sentences": {"document": str, "sentence": int, "start": int, "end": int},
    "entities": {
        **{"document": str, "group": str, "entity": int, **_SPAN, "label": str},
        **{"luke_label": str, "score": float, "kb_id": str, "id": str, "labels": str, "candidates": str},
    },
    "relations": {"document": str, "relation": int, **_PAIR},
    "facts": {
        **{"document": str, "fact": int, "label": str, "id": str, "score": float},
        **{
            "head": str,
            "head_type": str,
            "head_kb_id": str,
            "tail": str,
            "tail_type": str,
            "tail_kb_id": str,
        },
        "n_evidence": int,
    },
    "evidence": {"document": str, "fact": int, "rank": int, **_PAIR},
}


def to_rows(docs: Documents) -> dict[str, list[Row]]:
    """Make tables of documents.

    docs (Iterable[Doc | Mapping]): Documents, or what `to_dict` gave of them.
    RETURNS (dict[str, list[dict]]): Rows of each of the tables `TABLES`, by the table's name. `document` is the
        document's id, or its number among the documents, from 0 on, where it has none.
    RAISES (ValueError): If two documents have the same id.
    """
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for data in identified(docs):
        for name, rows in rows_of(data).items():
            tables[name] += rows
    return tables


def identified(docs: Documents) -> Iterator[Data]:
    """docs (Iterable[Doc | Mapping]): Documents.
    YIELDS (dict[str, Any]): Each as plain data, with an id that no other has. RAISES (ValueError): If two are equal."""
    seen: set[str] = set()
    for number, doc in enumerate(docs):
        id_ = (get_id(doc) if isinstance(doc, Doc) else doc.get("id")) or str(number)
        if id_ in seen:
            raise ValueError(Errors.L608.format(id=id_))
        seen.add(id_)
        yield {**(to_dict(doc) if isinstance(doc, Doc) else doc), "id": id_}


def rows_of(data: Mapping[str, Any]) -> dict[str, list[Row]]:
    """data (Mapping[str, Any]): One document with an id, as `to_dict` gives it.
    RETURNS (dict[str, list[dict]]): Its rows of each table."""
    groups = {
        "": data.get("entities", ()),
        **{key: group["spans"] for key, group in data.get("spans", {}).items()},
    }
    sentences, relations, facts = (data.get(name, ()) for name in ("sentences", "relations", "facts"))
    tables: dict[str, list[Row]] = {
        "documents": [_document(data)],
        "sentences": [{"sentence": i, **row} for i, row in enumerate(sentences)],
        "entities": [_entity(row, key, i) for key, rows in groups.items() for i, row in enumerate(rows)],
        "relations": [{"relation": i, **_pair(row)} for i, row in enumerate(relations)],
        "facts": [_fact(row, i) for i, row in enumerate(facts)],
        "evidence": [
            {"fact": i, "rank": rank, **_pair(row)}
            for i, fact in enumerate(facts)
            for rank, row in enumerate(fact["evidence"])
        ],
    }
    return {name: [{"document": data["id"], **row} for row in rows] for name, rows in tables.items()}


def _document(data: Mapping[str, Any]) -> Row:
    names = {name: data.get(name, "") for name in ("text", "lang")}
    return {**names, "meta": _json(data.get("meta", {})), "annotated": " ".join(data.get("annotated", ()))}


def _entity(row: Mapping[str, Any], group: str, number: int) -> Row:
    names = ("start", "end", "text", "label", "luke_label", "score", "kb_id", "id")
    found = {name: row.get(name) for name in names}
    as_json = {name: _json(row.get(name)) for name in ("labels", "candidates")}
    vector = {"vector": row["vector"]} if "vector" in row else {}
    return {"group": group, "entity": number, **found, **as_json, **vector}


def _pair(row: Mapping[str, Any]) -> Row:
    told = {name: row.get(name) for name in ("label", "id", "score")}
    sentences = row.get("sentences") or [None]
    for end in ("head", "tail"):
        mention = row[end]
        told |= {f"{end}_{name}": mention.get("label" if name == "type" else name) for name in _MENTION}
    return {**told, "first_sentence": sentences[0], "last_sentence": sentences[-1]}


def _fact(row: Mapping[str, Any], number: int) -> Row:
    best = row["evidence"][0]
    found: Row = {"fact": number, "n_evidence": len(row["evidence"])}
    found |= {f"{end}_kb_id": best[end].get("kb_id", "") for end in ("head", "tail")}
    columns = [name for name in TABLES["facts"] if name != "document"]
    return {name: found[name] if name in found else row.get(name) for name in columns}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
