"""`python -m scripts`: the commands behind project.yml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import spacy
from spacy.tokens import DocBin
from tiny import make_corpus
from typer.testing import CliRunner

from scripts.__main__ import app

ROOT = Path(__file__).parents[2]


def test_help_names_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    for command in ("corpus", "second-corpus", "evaluate"):
        assert f" {command} " in done.stdout


def test_errors_are_plain(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["second-corpus", *[str(tmp_path)] * 4])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "lacks redocred/rel_info.json" in " ".join(done.output.split())


def test_evaluate_prints_figures(checkpoint: str, tmp_path: Path) -> None:
    golds = [example.reference for example in make_corpus(spacy.blank("en"), 2)]
    DocBin(docs=golds, store_user_data=True).to_disk(tmp_path / "gold.spacy")
    arguments = ["evaluate", str(tmp_path / "gold.spacy"), "--checkpoint", checkpoint]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "relations stated in a sentence, micro-F1" in done.output
