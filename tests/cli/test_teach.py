"""`spacy luke teach`."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from tiny import FIRMS, PEOPLE, annotate, make_pipeline
from typer.testing import CliRunner

from spacy_luke.cli import app
from spacy_luke.pipeline.luke import LukeJoint


@pytest.fixture
def pipeline(checkpoint: str, tmp_path: Path) -> Path:
    make_pipeline(checkpoint).to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def run(*args: object) -> str:
    result = CliRunner().invoke(app, ["teach", *map(str, args)])
    assert result.exit_code == 0, result.output
    return result.output


def test_from_docs(pipeline: Path, tmp_path: Path):
    nlp = spacy.load(pipeline)
    docs = []
    for i in range(6):
        one, other, firm = PEOPLE[i], PEOPLE[(i + 1) % 6], FIRMS[i % 4]
        ents = {one: "PER", other: "PER", firm: "ORG"}
        text = f"{one} likes {other} and {firm} ."
        docs.append(annotate(nlp, text, ents, [(one, other, "likes")]).reference)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "examples.spacy")
    (tmp_path / "general.txt").write_text("Kim works for Acme in Oslo .\nEve was born in Rome .\n")
    told = run(
        tmp_path / "examples.spacy",
        tmp_path / "out",
        "--pipeline",
        pipeline,
        "--background",
        tmp_path / "general.txt",
        "--report",
        tmp_path / "report.json",
    )
    assert "likes" in told
    report = json.loads((tmp_path / "report.json").read_text())
    assert [(row["label"], row["examples"]) for row in report["labels"]] == [("likes", 6)]
    assert report["background"] > 0
    taught = spacy.load(tmp_path / "out").get_pipe("luke")
    assert isinstance(taught, LukeJoint)
    assert taught.taught == {"relations": ("likes",)}


def test_from_prodigy(pipeline: Path, tmp_path: Path):
    def record(text: str, head: str, tail: str, answer: str) -> dict:
        spans = {
            t: {"start": text.index(t), "end": text.index(t) + len(t), "label": "PER"} for t in (head, tail)
        }
        pair = {"head_span": spans[head], "child_span": spans[tail], "label": "likes"}
        return {"text": text, "spans": [*spans.values()], "relations": [pair], "answer": answer}

    rows = [record(f"{a} likes {b} .", a, b, "accept") for a, b in pairwise(PEOPLE)]
    rows.append(record("Ana and Max .", "Ana", "Max", "reject"))
    rows.append(record("Ana or Max .", "Ana", "Max", "ignore"))
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told = run(tmp_path / "rows.jsonl", tmp_path / "out", "--pipeline", pipeline, "--only-marked")
    assert "Rejected: 1" in told


def test_another_component(pipeline: Path, tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": "Ana"}))
    args = ["teach", str(tmp_path / "rows.jsonl"), str(tmp_path / "out"), "--pipeline", str(pipeline)]
    result = CliRunner().invoke(app, [*args, "--name", "sentencizer"])
    assert result.exit_code == 1
    assert "can't be taught" in " ".join(result.output.split())
