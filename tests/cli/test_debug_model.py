"""`spacy debug model` on the shipped configs: it initializes each pipe, trains it, and shows its model Docs."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from every_pipe import PIPES, save
from spacy.cli import app
from spacy.tokens import Doc, DocBin, Span
from tiny import make_corpus
from typer.testing import CliRunner

from spacy_luke import Relation, set_extensions

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents with gold for every pipe."""
    set_extensions()
    docs = []
    for example in make_corpus(spacy.blank("en")):
        doc: Doc = example.reference
        doc.ents = [Span(doc, e.start, e.end, e.label_, kb_id=e.text) for e in doc.ents]
        if not doc._.luke_relations and len(doc.ents) > 1:
            doc._.luke_relations = [Relation(doc.ents[0], doc.ents[1], "likes")]
        doc.cats = {"good": float(len(doc) % 2), "bad": float(1 - len(doc) % 2)}
        for token in doc:
            token._.luke_tag = token.tag_ = "NAME" if token.ent_type else "O"
        doc._.luke_question = "Who?"
        doc.spans["luke_answers"] = [Span(doc, 0, 1, "Who?")]
        doc._.luke_choices = ["tea", "Rome"]
        doc._.luke_choice = "tea"
        docs.append(doc)
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.mark.parametrize("pipe", ["luke", *PIPES])
def test_debug_model_runs(pipe: str, corpus: Path, checkpoint: str, tmp_path: Path) -> None:
    joint = pipe in ("luke", "luke_ner")
    folder = checkpoint if joint else save(pipe, tmp_path)
    arguments = [str(CONFIGS / f"{pipe}.cfg"), pipe, "-P0", "-P1", "-P2", "-P3", "-DIM", "-PAR", "-ATTR"]
    paths = {"paths.train": corpus, "paths.dev": corpus, f"components.{pipe}.model.checkpoint": folder}
    options = [text for name, value in paths.items() for text in (f"--{name}", str(value))]
    done = CliRunner().invoke(app, ["debug", "model", *arguments, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "Initialized the model with the training corpus" in done.output
    assert "STEP 3 - prediction" in done.output
    assert "model looks good" in done.output
