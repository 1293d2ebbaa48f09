"""The commands and the code of docs/ANNOTATE.md run as they stand."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from pages import DOCS, blocks
from spacy.cli import app
from typer.main import get_command
from typer.testing import CliRunner
from written import read_documents, write_corpus

import spacy_luke.cli  # registers the commands, as the entry point does

TEXT = "Marie Curie was born in Warsaw."


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "curie.txt").write_text(TEXT)
    write_corpus(tmp_path / "articles.jsonl", 2)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_and_the_query_run(place: Path) -> None:
    pytest.importorskip("pyarrow")
    (line,) = blocks("ANNOTATE.md", "bash")
    for _ in range(2):  # the second time there is nothing to do
        done = CliRunner().invoke(app, shlex.split(line)[3:], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert "Wrote 3 documents" in done.output
    found = read_documents(place / "annotated.parquet")
    assert set(found) == {"texts/curie.txt", "doc-0", "doc-1"}
    assert found["texts/curie.txt"]["entities"][0]["text"] == "Marie Curie"
    assert len(found["texts/curie.txt"]["entities"][0]["vector"]) > 1
    duckdb = pytest.importorskip("duckdb")
    (query,) = blocks("ANNOTATE.md", "sql")
    rows = duckdb.sql(query).fetchall()
    assert len(rows) == sum(len(tables["evidence"]) for tables in found.values()) > 0


def test_the_python_code_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("ANNOTATE.md", "python")
    exec(compile(code, "ANNOTATE.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[-1] == f"1 7 {len(TEXT)} of {len(TEXT)} bytes"
    assert (
        json.loads((place / "annotated.jsonl" / "manifest.json").read_text())["settings"]["vectors"] is False
    )


def test_stdin_and_what_is_wrong(place: Path) -> None:
    line = json.dumps({"id": "x", "text": TEXT})
    done = CliRunner().invoke(app, ["luke", "annotate", "-", "out.jsonl", "--no-vectors"], input=line)
    assert done.exit_code == 0, done.output
    assert list(read_documents(place / "out.jsonl")) == ["x"]
    for words, message in [
        (["nowhere", "out.jsonl"], "names no file"),
        (["texts", "out.txt"], "has to end in"),
    ]:
        done = CliRunner().invoke(app, ["luke", "annotate", *words])
        assert done.exit_code == 1
        assert message in " ".join(done.output.split())


def test_the_page_names_all_options() -> None:
    text = (DOCS / "ANNOTATE.md").read_text(encoding="utf8")
    command = get_command(spacy_luke.cli.app).commands["annotate"]  # type: ignore[attr-defined]
    options = [parameter.opts[0] for parameter in command.params if parameter.param_type_name == "option"]
    assert [
        name for name in options if name.replace("--vectors", "--no-vectors") not in text and name != "--help"
    ] == []
