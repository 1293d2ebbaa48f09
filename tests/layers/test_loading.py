"""`spacy_luke.load` and `luke assemble`: a checkpoint of each published class gets the pipe that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
import torch
from tiny import TEXTS, make_tokenizer
from typer.testing import CliRunner

import spacy_luke
from spacy_luke.cli import app
from spacy_luke.nn import heads
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.model import LukeModel

PIPES = {
    "LukeForEntityClassification": "luke_typing",
    "LukeForEntityPairClassification": "luke_relations",
    "LukeForEntitySpanClassification": "luke_ner",
    "LukeForSequenceClassification": "luke_textcat",
    "LukeForMultipleChoice": "luke_choice",
    "LukeForTokenClassification": "luke_tagger",
    "LukeForQuestionAnswering": "luke_qa",
    "LukeForMaskedLM": "luke_linker",
}
MARKED = ("luke_ner", "luke_typing", "luke_relations")


def save_checkpoint(folder: Path, task: str | None) -> str:
    """A tiny published checkpoint with random weights."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Rome": 4, "Oslo": 5})
    config = LukeConfig(
        vocab_size=len(tokenizer),
        entity_vocab_size=6,
        hidden_size=32,
        entity_emb_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,
        num_labels=2 if task == "LukeForQuestionAnswering" else 3,
    )
    module = LukeModel(config) if task is None else getattr(heads, task)(config)
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("task", PIPES)
def test_each_published_class_has_its_pipe(task: str, tmp_path: Path):
    checkpoint = save_checkpoint(tmp_path / "checkpoint", task)
    nlp = spacy_luke.load(checkpoint)
    assert nlp.pipe_names[-1] == PIPES[task]
    assert ("sentencizer" in nlp.pipe_names) == (PIPES[task] in MARKED)
    assert all(doc.text == text for doc, text in zip(nlp.pipe(TEXTS), TEXTS, strict=True))


def test_without_a_checkpoint_the_default_model():
    assert spacy_luke.load().pipe_names == ["sentencizer", "luke"]


def test_a_joint_checkpoint_is_for_luke(checkpoint: str):
    for folder in (checkpoint, Path(checkpoint)):
        nlp = spacy_luke.load(folder)
        assert nlp.pipe_names == ["sentencizer", "luke"]
        assert nlp.config["components"]["luke"]["model"]["checkpoint"] == checkpoint


def test_an_encoder_alone_does_not_tell(tmp_path: Path):
    with pytest.raises(ValueError, match=r"an encoder without a trained head .*LukeForQuestionAnswering"):
        spacy_luke.load(save_checkpoint(tmp_path, None))


@pytest.mark.parametrize("task", ["LukeForEntitySpanClassification", "LukeForTokenClassification"])
def test_assemble_writes_what_load_gives(task: str, tmp_path: Path):
    checkpoint = save_checkpoint(tmp_path / "checkpoint", task)
    result = CliRunner().invoke(app, ["assemble", checkpoint, str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert PIPES[task] in result.output
    assert "LABEL_0" in result.output or "LABEL_1" in result.output
    assert "--lang" in result.output
    expected = list(spacy_luke.load(checkpoint).pipe(TEXTS))
    found = list(spacy.load(tmp_path / "out").pipe(TEXTS))
    assert [doc.to_json() for doc in found] == [doc.to_json() for doc in expected]
    assert [[t._.luke_tag for t in doc] for doc in found] == [[t._.luke_tag for t in doc] for doc in expected]


def test_assemble_says_what_is_missing(tmp_path: Path):
    checkpoint = save_checkpoint(tmp_path / "checkpoint", "LukeForEntityClassification")
    out = tmp_path / "pipelines" / "out"  # a new folder in a new one
    result = CliRunner().invoke(app, ["assemble", checkpoint, str(out), "--lang", "xx"])
    assert "Put a component before it" in result.output
    assert "--lang" not in result.output
    assert spacy.load(out).lang == "xx"


def test_assemble_keeps_strangers_files(tmp_path: Path):
    checkpoint = save_checkpoint(tmp_path / "checkpoint", "LukeForTokenClassification")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    result = CliRunner().invoke(app, ["assemble", checkpoint, str(tmp_path / "out")])
    assert result.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
