"""A corpus comes out as `nlp.pipe` gives it, in every format; what fails is told, and runs don't mix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import DocBin
from written import SUFFIXES, make_pipeline, read_documents, read_errors, write_corpus

from spacy_luke import to_dict
from spacy_luke.annotation import write_id, write_meta
from spacy_luke.corpora import Fields, Settings, annotate
from spacy_luke.corpora.parts import Progress, locked
from spacy_luke.export import to_rows


def run(inputs: list[Path] | Path, out: Path, **settings: Any) -> Progress:
    """Annotate with a quick pipeline."""
    if out.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    paths = [str(path) for path in (inputs if isinstance(inputs, list) else [inputs])]
    _, steps = annotate(make_pipeline(), paths, out, Settings(**settings))
    return list(steps)[-1].progress


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "in.jsonl", 20)
    return tmp_path / "in.jsonl"


def expected(path: Path, suffix: str, vectors: bool = True) -> dict[str, Any]:
    """What the pipeline says of a corpus."""
    nlp, found = make_pipeline(), {}
    for row in map(json.loads, path.read_text("utf8").splitlines()):
        doc = nlp(row["text"])
        write_id(doc, row["id"])
        write_meta(doc, {"source": row["source"]})
        data = to_dict(doc, vectors=vectors, tokens=suffix == ".spacy")
        if suffix == ".parquet":
            data = json.loads(json.dumps(to_rows([data])))
        found[row["id"]] = data
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("n_process", [1, 2])
def test_a_corpus_is_annotated(corpus: Path, tmp_path: Path, suffix: str, n_process: int) -> None:
    out = tmp_path / f"out{suffix}"
    progress = run(corpus, out, part_size=200, n_process=n_process, batch_size=3)
    assert read_documents(out) == expected(corpus, suffix)
    assert (progress.documents, progress.failed, progress.complete) == (20, 0, True)
    assert progress.parts > 3
    texts = [row["text"] for row in expected(corpus, ".jsonl").values()]
    assert progress.words == sum(map(len, make_pipeline().pipe(texts)))
    assert run(corpus, out, part_size=200, n_process=1) == progress  # there is nothing left to do


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_vectors_can_be_left_out(corpus: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    run(corpus, out, vectors=False)
    without = expected(corpus, suffix, vectors=False)
    found = read_documents(out)
    if suffix == ".spacy":
        for data in found.values():
            assert [ent.pop("vector") for ent in data["entities"]] == [None] * len(data["entities"])
    assert found == without


def test_tables_join_in_duckdb(corpus: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    out = tmp_path / "out.parquet"
    run(corpus, out, part_size=200)
    names = ("documents", "facts", "evidence")
    documents, facts, evidence = (f"read_parquet('{out}/{name}/*.parquet')" for name in names)
    found = duckdb.sql(
        f"SELECT d.document, f.label, substr(d.text, e.head_start + 1, e.head_end - e.head_start) FROM {documents} d "
        f"JOIN {facts} f USING (document) JOIN {evidence} e USING (document, fact) WHERE e.rank = 0 ORDER BY 1, 2"
    ).fetchall()
    assert len(found) == sum(len(data["facts"]) for data in expected(corpus, ".jsonl").values())
    assert {row[1:] for row in found} == {("next", "Ana"), ("next", "Bob")}


@pytest.mark.parametrize("n_process", [1, 2])
def test_bad_documents_are_told_and_stop_nothing(tmp_path: Path, n_process: int) -> None:
    lines = [
        '{"id": "good", "text": "Ana met Bob."}',
        '{"id": "fails", "text": "FAIL Ana"}',
        "no json",
        '{"id": "bare"}',
        '{"id": "number", "text": 3}',
        "[]",
        "",
        '{"id": "nan", "text": "Ana", "more": NaN}',
        '{"id": "surrogate", "text": "Ana \\ud800"}',
        '{"id": "surrogate in meta", "text": "Ana", "more": "\\ud800"}',
        json.dumps({"id": "long", "text": "a " * 600_000}),
        '{"id": 7, "text": ""}',
        '{"id": "last", "text": "Bob"}',
    ]
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes("\n".join(lines).encode() + b'\n{"id": "latin", "text": "\xe9"}')
    progress = run(path, out, n_process=n_process, batch_size=4)
    assert list(read_documents(out)) == ["good", "7", "last"]
    errors = read_errors(out)
    assert (progress.documents, progress.failed) == (3, len(errors))
    for id_, message in [
        ("fails", "luke_test_says: RuntimeError: it was asked to"),
        (f"{path}:3", "Expecting value"),
        ("bare", "It has no text: 'text' is missing"),
        ("number", "'text' is of type int"),
        (f"{path}:6", "It is no JSON object, but list"),
        (f"{path}:8", "NaN"),
        ("surrogate", "surrogates not allowed"),
        ("surrogate in meta", "luke_meta"),
        ("long", "1200000 characters"),
        (f"{path}:14", "utf-8"),
    ]:
        assert message in errors.pop(id_)
    assert not errors


def test_shards_make_the_whole(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for shard in ("1/3", "3/3", "2/3"):
        assert run(corpus, out, shard=shard, part_size=100).documents in (6, 7)
    assert read_documents(out) == expected(corpus, ".jsonl")
    assert sorted(path.name for path in out.iterdir()) == [f"shard-{i}-of-3" for i in (1, 2, 3)]
    for wrong in ("0/3", "4/3", "1", "a/b"):
        with pytest.raises(ValueError, match="has to be like 3/100"):
            run(corpus, out, shard=wrong)


def test_runs_do_not_mix(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(corpus, out)
    before = read_documents(out)
    with pytest.raises(
        ValueError, match=r"begun with another settings: \{'vectors': True\} there, \{'vectors': False\}"
    ):
        run(corpus, out, vectors=False)
    nlp = make_pipeline()
    nlp.remove_pipe("sentencizer")
    with pytest.raises(ValueError, match="begun with another model"):
        list(annotate(nlp, [str(corpus)], out)[1])
    with corpus.open("a") as file:
        file.write('{"text": "more"}\n')
    with pytest.raises(ValueError, match="begun with another input"):
        run(corpus, out)
    assert read_documents(out) == before
    other = tmp_path / "other.jsonl"
    other.mkdir()
    (other / "notes").write_text("mine")
    with pytest.raises(ValueError, match="has files in it that aren't of an earlier run"):
        run(corpus, other)
    with pytest.raises(ValueError, match=r"has to end in .jsonl or .parquet or .spacy"):
        run(corpus, tmp_path / "out.csv")


def test_an_input_that_changed_is_refused_even_if_its_ends_did_not(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = write_corpus(path, 3000)
    steps = annotate(make_pipeline(), [str(path)], out, Settings(part_size=10_000))[1]
    while next(steps).progress.parts < 15:
        pass
    steps.close()  # type: ignore[attr-defined]
    assert path.stat().st_size > 3 << 16
    rows[1400]["text"] = rows[1400]["text"].replace("Ana", "Eve")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    with pytest.raises(ValueError, match=r"its first \d+ documents have changed"):
        run(path, out, part_size=10_000)


def test_only_one_process_writes(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    import os

    out = tmp_path / "out.jsonl"
    with locked(out):
        child = os.fork()
        if not child:
            try:
                run(corpus, out)
            except ValueError as error:
                os._exit(3 if "Another process writes" in str(error) else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def test_annotated_documents_stay_as_they_are(tmp_path: Path) -> None:
    """DocBins, and JSON lines of an earlier run."""
    nlp = make_pipeline()
    doc = nlp("Ana met Bob.")
    doc.cats, doc._.luke_id = {"a": 0.5}, "first"
    DocBin(docs=[doc, nlp("Eve")], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    (tmp_path / "data.jsonl").write_text(json.dumps({**to_dict(doc), "id": "third"}))
    run([tmp_path / "docs.spacy", tmp_path / "data.jsonl"], tmp_path / "out.jsonl")
    found = read_documents(tmp_path / "out.jsonl")
    assert list(found) == ["first", f"{tmp_path}/docs.spacy:2", "third"]
    assert found["first"] == to_dict(doc, vectors=True)
    assert found["third"]["cats"] == {"a": 0.5}
    assert found["third"]["relations"] == to_dict(doc)["relations"]


def test_an_empty_corpus_has_an_empty_part(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n")
    progress = run(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert (progress.parts, progress.documents, progress.complete) == (1, 0, True)
    assert (tmp_path / "out.jsonl" / "part-00000.jsonl").read_text() == ""


def test_fields_have_other_names(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"key": 1, "body": "Ana", "id": "x", "text": null}')
    run(tmp_path / "in.jsonl", tmp_path / "out.jsonl", fields=Fields("key", "body"))
    found = read_documents(tmp_path / "out.jsonl")
    assert found["1"]["text"] == "Ana"
    assert found["1"]["meta"] == {"id": "x", "text": None}
