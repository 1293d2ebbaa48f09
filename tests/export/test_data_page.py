"""The code of docs/DATA.md runs as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pages import DOCS, blocks

import spacy_luke
from spacy_luke.export import TABLES, read_schema


def test_the_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("pandas", "pyarrow", "networkx", "rdflib"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in blocks("DATA.md", "python"):
        exec(compile(code, "DATA.md", "exec"), names)
    doc = names["doc"]
    assert doc._.luke_facts
    assert spacy_luke.to_dict(names["again"])["id"] == "curie"
    assert len(names["facts"]) == sum(len(fact.pairs) for fact in doc._.luke_facts)
    assert sorted(path.stem for path in (tmp_path / "tables").iterdir()) == sorted(TABLES)
    (query,) = blocks("DATA.md", "sparql")
    rdflib = pytest.importorskip("rdflib")
    found = list(rdflib.Graph().parse("facts.ttl").query(query))
    assert len(found) >= len(doc._.luke_facts)


def test_the_page_names_all_keys() -> None:
    text = (DOCS / "DATA.md").read_text(encoding="utf8")
    assert [key for key in read_schema()["properties"] if f"`{key}`" not in text] == []
    assert [name for name in TABLES if f"`{name}`" not in text] == []
