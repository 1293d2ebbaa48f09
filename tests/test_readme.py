"""The README's code runs as it stands; where it names a checkpoint of the hub, on a tiny one of that name."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
from spacy.cli import app
from spacy.tokens import DocBin
from tiny import make_tokenizer, save_bert
from typer.testing import CliRunner

import spacy_luke
import spacy_luke.cli  # registers the commands, as the entry point does
from spacy_luke.nn import heads

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf8"), re.M | re.S)
PUBLISHED = {
    "studio-ousia/luke-base": "LukeForMaskedLM",
    "studio-ousia/luke-large-finetuned-conll-2003": "LukeForEntitySpanClassification",
    "studio-ousia/luke-large-finetuned-tacred": "LukeForEntityPairClassification",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has what the README takes for granted."""
    tokenizer = make_tokenizer({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Paris": 4})
    for name, task in PUBLISHED.items():
        torch.manual_seed(0)
        config = spacy_luke.LukeConfig(
            vocab_size=len(tokenizer),
            entity_vocab_size=5,
            hidden_size=32,
            entity_emb_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            num_labels=3,
        )
        getattr(heads, task)(config).save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    (tmp_path / "path" / "to" / "bert-or-roberta").mkdir(parents=True)
    save_bert(tmp_path / "path" / "to" / "bert-or-roberta")
    row = {"mention": "Paris", "candidates": {"Paris": 0.9}}
    (tmp_path / "aliases.jsonl").write_text(json.dumps(row), encoding="utf8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*found no weights for .*pooler")  # published checkpoints have a pooler
def test_python_and_training(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for language, code in BLOCKS:
        if language == "python":
            exec(compile(code, "README.md", "exec"), names)
        elif "spacy train" in code:
            docs = DocBin(store_user_data=True).from_disk("train.spacy")
            docs.to_disk("dev.spacy")
            for line in commands(code):
                few = (
                    ["--training.max_steps", "1", "--training.eval_frequency", "1"]
                    if line[0] == "train"
                    else []
                )
                missing = (
                    ["--paths.train", "train.spacy", "--paths.dev", "dev.spacy"] if line[-1] == "..." else []
                )
                spacy_cli(*(word for word in line if word != "..."), *missing, *few)
    printed = capsys.readouterr().out
    assert "Marie Curie PER PER" in printed
    assert "Marie Curie place of birth Warsaw" in printed
    assert names["nlp"].pipe_names == ["sentencizer", "luke_ner"]
    assert names["outputs"].entity_last_hidden_state.shape == (1, 1, 32)
    assert (place / "model" / "model-last").is_dir()


def test_run() -> None:
    [line] = [
        line for _, code in BLOCKS for line in commands(code) if line[:2] == ["luke", "run"] and line[2:]
    ]
    text = spacy_cli(*line)
    assert "Ada Lovelace" in text
    assert "place of birth" in text


def commands(code: str) -> list[list[str]]:
    """The arguments of all `python -m spacy` in a block."""
    parts = [part.strip() for line in code.splitlines() for part in line.split(" && ")]
    return [shlex.split(part)[3:] for part in parts if part.startswith("python -m spacy ")]


def spacy_cli(*arguments: str) -> str:
    """Run a command as a shell would, with what it prints in a file if the line says so."""
    words, to_file = (arguments[:-2], arguments[-1]) if ">" in arguments else (arguments, None)
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if to_file is not None:
        Path(to_file).write_text(done.output, encoding="utf8")
    return done.output
