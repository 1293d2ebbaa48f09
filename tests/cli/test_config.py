"""`python -m spacy luke config`: the configs that train each pipe, by name."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from spacy.cli import app
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands, as the entry point does
from spacy_luke.cli.config import list_configs, read_config

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.cfg"))


def luke_config(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["luke", "config", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_is_its_file(path: Path) -> None:
    assert luke_config(path.stem) == path.read_text(encoding="utf8")


def test_every_pipe_has_a_config() -> None:
    pipes = {entry.name for entry in entry_points(group="spacy_factories") if entry.name.startswith("luke")}
    assert pipes
    assert pipes <= set(list_configs())


def test_the_list_says_what_each_is_for() -> None:
    told = list_configs()
    assert all(text.endswith(".") and len(text) < 90 for text in told.values())
    assert len(set(told.values())) == len(told)
    assert luke_config("--list") == luke_config()
    for name, text in told.items():
        assert f"{name} " in luke_config("--list")
        assert text in luke_config("--list")


def test_a_name_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"no config 'ner'\. Choose one of luke, .*luke_ner.*config --list"):
        read_config("ner")
    done = CliRunner().invoke(app, ["luke", "config", "ner"])
    assert done.exit_code == 1
    assert "There is no config 'ner'" in " ".join(done.output.split())
