"""The page over a corpus, and the commands that write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn import ATTACK, attack, crowd, curie
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_luke import write_page
from spacy_luke.cli import app


def data_of(path: Path) -> dict[str, object]:
    """The page's data by id, read as a browser does: up to the first end tag."""
    found = re.findall(
        r'<script type="application/json" id="(\w+)">(.*?)</script>', path.read_text("utf8"), re.S
    )
    return {name: json.loads(data) for name, data in found}


def test_the_page_has_an_index_and_a_figure_for_each_document(tmp_path: Path) -> None:
    assert write_page([curie(), {"text": "Plain"}, crowd()], tmp_path / "page.html", title="Mine") == 3
    data = data_of(tmp_path / "page.html")
    assert set(data) == {"d0", "d1", "d2", "index"}
    index = data["index"]
    assert isinstance(index, dict)
    title, text, mentions, links = index["docs"][0]
    assert (title, text) == ("Marie", curie().text)
    assert mentions[1] == ["Warsaw", index["labels"].index("LOC"), 0.9]
    assert links[0] == [index["labels"].index("place of birth"), 0.93, 0, 1]
    assert len(links) == 3  # facts that no relation states, too
    assert index["docs"][1] == ["Plain", "Plain", [], []]
    assert str(data["d0"]).startswith("<figure")
    assert "<title>Mine</title>" in (tmp_path / "page.html").read_text("utf8")


def test_hostile_documents(tmp_path: Path) -> None:
    write_page([attack()], tmp_path / "page.html", title=ATTACK)
    page = (tmp_path / "page.html").read_text("utf8")
    assert "<img" not in page
    assert page.count("<script>") == 1
    assert "<img" not in str(data_of(tmp_path / "page.html")["d0"])


def test_a_page_that_fails_is_not_written(tmp_path: Path) -> None:
    def docs() -> Iterator[Doc]:
        yield curie()
        raise OSError("the disk is gone")

    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(OSError, match="the disk is gone"):
        write_page(docs(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="There is no option 'fact'"):
        write_page([], path, options={"fact": True})


def test_run_writes_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["run", "Ada lives in Rome.", "Bob.", "--html", str(path)])
    assert done.exit_code == 0, done.output
    assert f"Wrote {path}" in done.output
    assert "Ada" in done.output  # the tables are printed all the same
    assert set(data_of(path)) == {"d0", "d1", "index"}


def test_render_writes_a_page_of_documents_on_disk(tmp_path: Path) -> None:
    corpus, path = tmp_path / "docs.spacy", tmp_path / "page.html"
    DocBin(docs=[curie(), curie()], store_user_data=True).to_disk(corpus)
    done = CliRunner().invoke(app, ["render", str(corpus), str(path), "--threshold", "0.8"])
    assert done.exit_code == 0, done.output
    assert "Wrote 2 documents" in done.output
    index = data_of(path)["index"]
    assert isinstance(index, dict)
    assert [len(links) for _, _, _, links in index["docs"]] == [1, 1]


def test_render_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs.spacy").write_bytes(b"no documents")
    done = CliRunner().invoke(app, ["render", str(tmp_path / "docs.spacy"), str(tmp_path / "page.html")])
    assert done.exit_code == 1
    assert "doesn't look like the data is" in done.output
    assert not (tmp_path / "page.html").exists()
