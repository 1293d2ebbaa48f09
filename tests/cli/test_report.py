"""`luke report`: a page and a text that say the same."""

from __future__ import annotations

import base64
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from tiny import make_corpus, make_pipeline
from typer.testing import CliRunner

from spacy_luke.cli import app
from spacy_luke.cli.report import read_log, report

pytest.importorskip("matplotlib", reason="needs the extra viz")
LOG = [
    {
        "epoch": 0,
        "step": step,
        "losses": {"luke": 9.0 / (step + 1)},
        "scores": {"ents_f": step / 20},
        "score": step / 10,
    }
    for step in range(4)
]


@pytest.fixture(scope="module")
def folder(checkpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that finds a lot and knows nothing, gold documents, and the log of a training."""
    folder = tmp_path_factory.mktemp("report")
    nlp = make_pipeline(checkpoint)
    nlp.to_disk(folder / "model")
    golds = [eg.reference for eg in make_corpus(nlp, 5)]
    DocBin(docs=golds, store_user_data=True).to_disk(folder / "gold.spacy")
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, LOG)))
    return folder


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    names = [str(folder / name) for name in ("model", "gold.spacy", "out", "log.jsonl")]
    done = CliRunner().invoke(app, ["report", *names[:3], "--log", names[3]])
    assert done.exit_code == 0, done.output
    return folder / "out"


def test_the_page_shows_what_the_text_says(out: Path) -> None:
    page, text = ((out / name).read_text("utf8") for name in ("report.html", "report.txt"))
    titles = (
        "Entities that were found",
        "Labels of gold mentions",
        "Relations of gold mentions",
        "Facts",
        "Training",
    )
    for title in titles:
        assert title in text
        assert f"<h2>{title}</h2>" in page
    for part in ("threshold", "average precision", "mean score", "answer"):
        assert part in text
    assert re.search(r"^3 +0\.300 +0\.150$", text, re.M)  # the last step of the log


def test_the_plots_are_images_with_words_beside_them(out: Path) -> None:
    page = (out / "report.html").read_text("utf8")
    images = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    assert len(images) == 2 + 3 * 4 + 1
    for data, told in images:
        assert told
        assert ET.fromstring(base64.b64decode(data)).tag.endswith("svg")


def test_the_worst_documents_are_drawn_with_their_gold(out: Path) -> None:
    page = (out / "report.html").read_text("utf8")
    assert (
        page.count(">gold</h4>")
        == page.count(">prediction</h4>")
        == page.count('<figure class="spacy-luke') / 2
        > 0
    )
    assert "missed: " in page
    counts = [len(re.findall("<li>", part)) for part in page.split("<h3>")[1:]]
    assert counts == sorted(counts, reverse=True)


def test_equal_reports_are_equal_files(folder: Path, out: Path) -> None:
    again = report(
        str(folder / "model"), folder / "gold.spacy", folder / "again", folder / "log.jsonl", "luke"
    )
    assert [path.read_bytes() for path in again] == [(out / path.name).read_bytes() for path in again]


def test_what_cant_be_reported_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, gold = str(folder / "model"), folder / "gold.spacy"
    with pytest.raises(ValueError, match=r"no component nothing .* components on entities: luke\."):
        report(model, gold, tmp_path / "out", None, "nothing")
    nlp = spacy.load(model)
    DocBin(docs=[nlp.make_doc("Ana .")], store_user_data=True).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(ValueError, match=r"bare.spacy has no gold entities"):
        report(model, tmp_path / "bare.spacy", tmp_path / "out", None, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ValueError, match=r"spacy_luke\[viz\]"):
        report(model, gold, tmp_path / "out", None, None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "[1]", '{"step": 1}', "step,score"])
def test_what_is_no_log_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(content)
    with pytest.raises(ValueError, match=r"log\.jsonl"):
        read_log(tmp_path / "log.jsonl")
