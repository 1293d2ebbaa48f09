"""Documents as tables, graphs and triples: nothing is lost between them, and what tells documents apart is checked."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from documents import documents
from fuzzing import examples
from gold_documents import curies
from hypothesis import given
from spacy.tokens import Doc

from spacy_luke import to_dict
from spacy_luke.annotation import facts_from_relations
from spacy_luke.export import (
    TABLES,
    read_schema,
    to_arrow,
    to_csv,
    to_networkx,
    to_pandas,
    to_rdf,
    to_rows,
)


def make(id_: str = "a/b") -> Doc:
    """Two facts with evidence in two sentences; the place has an id of Wikidata."""
    doc = curies()
    for token in doc:
        if token.ent_type_ == "LOC":
            token.ent_kb_id_ = "Q270"
    doc.spans["luke_nested"] = [doc.char_span(42, 48, "LOC", kb_id="Q270", span_id="e1")]
    relations = [(r.head, r.tail, "left", 0.5 + i / 10, "P1") for i, r in enumerate(doc._.luke_relations)]
    relations.append((doc.ents[2], doc.ents[1], "ever loved", 0.9, ""))
    doc._.luke_relations = relations
    doc._.luke_facts = facts_from_relations(doc._.luke_relations)
    doc._.luke_id = id_
    return doc


@given(documents())
@examples(60)
def test_the_schema_says_what_there_is(doc: Doc) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(read_schema())
    validator.validate(to_dict(doc, tokens=True, vectors=True))
    assert not validator.is_valid({**to_dict(doc), "more": 1})


def test_the_schema_is_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(read_schema())
    assert read_schema()["properties"]["schema"]["const"] == to_dict(curies())["schema"]


@given(documents())
@examples(60)
def test_rows_fit_the_columns(doc: Doc) -> None:
    tables = to_rows([doc])
    assert tables.keys() == TABLES.keys()
    for name, rows in tables.items():
        for row in rows:
            assert list(row) == list(TABLES[name])
            assert all(v is None or type(v) is TABLES[name][k] for k, v in row.items()), row
    assert len(tables["evidence"]) == sum(len(fact.pairs) for fact in doc._.luke_facts)


def test_rows_join() -> None:
    tables = to_rows([make(), to_dict(make("2"))])
    fact = tables["facts"][0]
    evidence = [
        r for r in tables["evidence"] if (r["document"], r["fact"]) == (fact["document"], fact["fact"])
    ]
    assert len(evidence) == fact["n_evidence"]
    assert max(row["score"] for row in evidence) == evidence[0]["score"] == fact["score"]
    assert (fact["tail_kb_id"], evidence[0]["tail_kb_id"]) == ("Q270", "Q270")


def test_documents_are_told_apart() -> None:
    assert [row["document"] for row in to_rows([curies(), curies()])["documents"]] == ["0", "1"]
    with pytest.raises(ValueError, match="Two documents have the id 'x'"):
        to_rows([make("x"), make("x")])
    with pytest.raises(ValueError, match="Two documents have the id '1'"):
        to_rows([make("1"), curies()])


def test_pandas_has_the_same_types_without_rows() -> None:
    pytest.importorskip("pandas")
    full, empty = to_pandas([make()]), to_pandas([])
    for name, rows in to_rows([make()]).items():
        assert full[name].dtypes.to_dict() == empty[name].dtypes.to_dict()
        assert full[name].astype(object).where(full[name].notna(), None).to_dict("records") == rows
        assert len(empty[name]) == 0
    joined = full["facts"].merge(full["evidence"], on=["document", "fact"])
    assert len(joined) == len(full["evidence"]) == 5


def test_arrow_gives_the_rows_back() -> None:
    pytest.importorskip("pyarrow")
    tables = to_arrow([make()])
    assert {name: table.to_pylist() for name, table in tables.items()} == to_rows([make()])
    assert [table.schema for table in to_arrow([]).values()] == [table.schema for table in tables.values()]


def test_csv_gives_the_rows_back(tmp_path: Path) -> None:
    to_csv([make()], tmp_path)
    for name, rows in to_rows([make()]).items():
        with (tmp_path / f"{name}.csv").open(encoding="utf8", newline="") as file:
            found = list(csv.DictReader(file))
        assert found == [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]


def test_networkx_has_entities_and_facts(tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    graph = to_networkx([make("1"), make("2")])
    assert dict(graph.nodes(data="mentions")) == {"marie curie": 2, "Q270": 4, "curie": 2}
    assert graph.nodes["Q270"]["name"] == "Warsaw"
    edges = graph.get_edge_data("marie curie", "Q270")  # facts know that Curie is she
    assert sorted(edge["label"] for edge in edges.values()) == ["ever loved"] * 2 + ["left"] * 2
    facts = to_dict(make("1"))["facts"]
    for number, fact in enumerate(facts):
        (edge,) = [e for _, _, key, e in graph.edges(keys=True, data=True) if key == f"1:{number}"]
        assert json.loads(edge["evidence"]) == fact["evidence"]
        assert (edge["score"], edge["id"], edge["document"]) == (fact["score"], fact["id"], "1")
    networkx.write_graphml(graph, tmp_path / "graph.xml")
    assert networkx.read_graphml(tmp_path / "graph.xml").number_of_edges() == graph.number_of_edges()


QUERY = """
PREFIX luke: <urn:spacy-luke:>
SELECT ?head ?relation ?tail ?score ?pairScore ?start ?end ?sentence WHERE {
    ?head ?relation ?tail .
    ?fact a rdf:Statement ; rdf:subject ?head ; rdf:predicate ?relation ; rdf:object ?tail ; luke:score ?score ;
        luke:evidence [ luke:score ?pairScore ; luke:headStart ?start ; luke:headEnd ?end ; luke:sentence ?sentence ]
}"""


def test_score_and_evidence_survive_in_rdf() -> None:
    rdflib = pytest.importorskip("rdflib")
    text = to_rdf([make()]).serialize(format="turtle")
    graph = rdflib.Graph().parse(data=text, format="turtle")
    found = {tuple(value.toPython() for value in row) for row in graph.query(QUERY)}
    doc = "urn:spacy-luke:document:a%2Fb"
    expected: set[Any] = set()
    for fact in make()._.luke_facts:
        relation = (
            "http://www.wikidata.org/prop/direct/P1" if fact.id else "urn:spacy-luke:relation:ever%20loved"
        )
        head = f"{doc}#entity-{'marie%20curie' if fact.head.startswith('Marie') else 'curie'}"
        for pair in fact.pairs:
            for sentence in pair.sentences:
                row = (head, relation, "http://www.wikidata.org/entity/Q270", fact.score, pair.score)
                expected.add((*row, *pair.head_offsets, sentence.text))
    assert {tuple(map(str, row)) for row in found} == {tuple(map(str, row)) for row in expected}
    assert len(found) == 8


@pytest.mark.parametrize(
    ("package", "export"),
    [("pandas", to_pandas), ("pyarrow", to_arrow), ("networkx", to_networkx), ("rdflib", to_rdf)],
)
def test_without_the_extra_an_error_names_it(
    package: str, export: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = importlib.import_module

    def missing(name: str) -> Any:
        if name == package:
            raise ImportError(name)
        return usual(name)

    monkeypatch.setattr("spacy_luke.export.extras.import_module", missing)
    with pytest.raises(ImportError, match=rf"needs {package}, .*spacy_luke\[data\]"):
        export([make()])
