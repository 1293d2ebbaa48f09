"""What a run of `luke annotate` has written, by id; and a pipeline that is quick and fails where a text asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_luke import Relation, set_extensions, to_dict
from spacy_luke.annotation import facts_from_relations
from spacy_luke.export import TABLES

Documents = dict[str, Any]
SUFFIXES = [".jsonl", ".parquet", ".spacy"]


@Language.component("luke_test_says")
def says(doc: Doc) -> Doc:
    """Every word that begins with a capital letter is an entity with a vector, related to the next one."""
    set_extensions()
    if "FAIL" in doc.text:
        raise RuntimeError("it was asked to")
    doc.ents = [Span(doc, token.i, token.i + 1, "X") for token in doc if token.text[:1].isupper()]
    for ent in doc.ents:
        ent._.luke_vector = [len(ent.text), 0.5]
        ent._.luke_labels = {"X": 0.25}
    pairs = list(zip(doc.ents, doc.ents[1:], strict=False))
    doc._.luke_relations = [Relation(head, tail, "next", 0.5, "P1") for head, tail in pairs]
    doc._.luke_facts = facts_from_relations(doc._.luke_relations)
    return doc


def make_pipeline() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke_test_says")
    return nlp


def write_corpus(path: Path, n: int) -> list[dict[str, Any]]:
    """A file of JSON lines. RETURNS (list[dict]): Its rows."""
    rows = [
        {"id": f"doc-{i}", "text": f"Ana met Bob {i} times. " * (1 + i % 3), "source": {"number": i}}
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    return rows


def read_documents(out: Path) -> Documents:
    """All that is in a folder of parts, by id; that a document is there twice is an error."""
    found: Documents = {}
    for id_, data in _READ[out.suffix](out):
        assert id_ not in found, id_
        found[id_] = data
    return found


def read_errors(out: Path) -> dict[str, str]:
    lines = [line for path in out.rglob("errors/*.jsonl") for line in path.read_text("utf8").splitlines()]
    rows = [json.loads(line) for line in lines]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row["error"] for row in rows}


def _json_lines(out: Path) -> Any:
    paths = [path for path in sorted(out.rglob("part-*.jsonl")) if path.parent.name != "errors"]
    rows = [json.loads(line) for path in paths for line in path.read_text("utf8").split("\n") if line]
    return [(row["id"], row) for row in rows]


def _docs(out: Path) -> Any:
    vocab = spacy.blank("en").vocab
    for path in sorted(out.rglob("part-*.spacy")):
        for doc in DocBin(store_user_data=True).from_disk(path).get_docs(vocab):
            yield doc._.luke_id, to_dict(doc, tokens=True, vectors=True)


def _tables(out: Path) -> Any:
    from pyarrow import parquet

    tables: dict[str, list[dict[str, Any]]] = {}
    for name in TABLES:
        paths = sorted(out.rglob(f"{name}/part-*.parquet"))
        tables[name] = [row for path in paths for row in parquet.ParquetFile(path).read().to_pylist()]
    for row in tables["documents"]:
        id_ = row["document"]
        yield id_, {name: [r for r in rows if r["document"] == id_] for name, rows in tables.items()}


_READ = {".jsonl": _json_lines, ".spacy": _docs, ".parquet": _tables}
