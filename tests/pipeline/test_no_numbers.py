"""Weights that are no numbers are refused by every pipe, instead of saying nothing for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from every_pipe import PIPES, ask, make, save
from safetensors.torch import load_file, save_file
from spacy.language import Language

TEXT = "Ana saw Rome and tea"


def spoil(path: Path, value: float, at: int) -> str:
    """Put a value into a tensor of the weights; returns the tensor's name."""
    weights = load_file(path)
    name = sorted(weights)[at]
    weights[name].view(-1)[0] = value
    save_file(weights, path, metadata={"format": "pt"})
    return name


def refuses(nlp: Language, pipe: str, name: str) -> None:
    with pytest.raises(
        ValueError, match=r"1 weights of the model .* no numbers .*" + name.replace(".", r"\.")
    ):
        nlp.get_pipe(pipe)(ask(nlp, pipe, TEXT))


@pytest.mark.parametrize("pipe", PIPES)
def test_checkpoints(pipe: str, tmp_path: Path) -> None:
    folder = save(pipe, tmp_path)
    name = spoil(tmp_path / "model.safetensors", float("nan"), 3)
    refuses(make(pipe, folder), pipe, name)


def test_the_joint_model_and_saved_pipelines(make_checkpoint: Any, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke", config={"model": {"checkpoint": make_checkpoint(loud=True)}})
    assert nlp(TEXT).ents
    nlp.to_disk(tmp_path)
    (path,) = tmp_path.rglob("model.safetensors")
    name = spoil(path, float("inf"), -1)
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        spacy.load(tmp_path)(TEXT)


def test_weights_whose_sum_is_too_large_are_numbers(tmp_path: Path) -> None:
    folder = save("luke_textcat", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["classifier.bias"].fill_(3e38)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    nlp = make("luke_textcat", folder)
    assert nlp.get_pipe("luke_textcat")(ask(nlp, "luke_textcat", TEXT)).cats
