"""`luke evaluate`: spaCy's tables, then those of our scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from every_pipe import PIPES, ask, make, save
from spacy.cli import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands
from spacy_luke.cli.evaluate import score_tables

SHOWN = {
    "luke_ner": ["NER F"],
    "luke_typing": ["LABELS P", "LABELS R", "LABELS F", "GOLD LABELS F"],
    "luke_relations": ["RELS F", "FACTS F", "GOLD RELS F"],
    "luke_linker": ["LINKS ACC", "LINKS ALL"],
    "luke_textcat": ["TEXTCAT"],
    "luke_tagger": ["TAGS ACC", "TAGS F"],
    "luke_qa": ["ANSWERS F", "ANSWERS EM"],
    "luke_choice": ["CHOICE ACC"],
}


@pytest.mark.parametrize("pipe", PIPES)
def test_every_pipe_has_figures(pipe: str, tmp_path: Path) -> None:
    nlp = make(pipe, save(pipe, tmp_path / "checkpoint"))
    docs = list(
        nlp.pipe(ask(nlp, pipe, text) for text in ("Ana was born in Rome .", "Bob likes tea in Oslo ."))
    )
    for doc, best in zip(docs, ("good", "bad"), strict=True):
        for label in doc.cats:
            doc.cats[label] = float(label == best)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    nlp.to_disk(tmp_path / "model")
    arguments = [str(tmp_path / name) for name in ("model", "dev.spacy", "scores.json")]
    done = CliRunner().invoke(app, ["luke", "evaluate", *arguments[:2], "--output", arguments[2]])
    assert done.exit_code == 0, done.output
    plain = " ".join(done.output.split())
    for name in SHOWN[pipe]:
        assert name in plain
    assert "SPEED" in plain
    scores = json.loads(Path(arguments[2]).read_text())
    assert all(name.startswith(("luke_", "gold_luke_")) for name in scores if "luke" in name)
    if pipe == "luke_relations":
        assert "RELS P R F" in plain  # by label
        assert scores["luke_relations_micro_f"] == scores["rels_f"] == 1.0


def test_a_pipeline_without_our_pipes(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert list(score_tables(nlp.evaluate([]))) == []
    done = CliRunner().invoke(app, ["luke", "evaluate", str(tmp_path), str(tmp_path / "gone.spacy")])
    assert done.exit_code != 0
    assert "gone.spacy" in done.output
