"""Tokenizers of both sides on the same tiny vocabularies, for the tests that compare them."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from spacy_luke.tokenizer import LukeTokenizer, MLukeTokenizer

transformers = pytest.importorskip("transformers")
if int(transformers.__version__.split(".")[0]) != 4:
    pytest.skip("the tokenizer to compare with is that of transformers 4", allow_module_level=True)
logging.getLogger("transformers").setLevel(logging.CRITICAL)

ROBERTA = Path(__file__).parents[2] / "shared" / "data" / "roberta-vocab"
TITLES = ["[PAD]", "[UNK]", "[MASK]", "[MASK2]", "Ana", "Los Angeles", "東京"]
TASKS = [None, "entity_classification", "entity_pair_classification", "entity_span_classification"]
SAMPLE = "Ana Lopez met Bob in Los Angeles, and they didn't stay: 12 of 300 people left. " * 3

few = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@lru_cache
def vocabulary(name: str) -> tuple[str, str, str]:
    """Paths of vocab.json, merges.txt, entity_vocab.json: RoBERTa's, a tiny one, one that lacks bytes."""
    folder = Path(mkdtemp())
    entities = folder / "entity_vocab.json"
    entities.write_text(json.dumps({title: i for i, title in enumerate(TITLES)}), encoding="utf-8")
    if name == "roberta":
        return str(ROBERTA / "vocab.json"), str(ROBERTA / "merges.txt"), str(entities)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet() if name == "tiny" else []
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator([SAMPLE], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"]), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    return str(folder / "vocab.json"), str(folder / "merges.txt"), str(entities)


@lru_cache
def multilingual_vocabulary() -> tuple[str, str]:
    """Paths of a tiny SentencePiece model and of entity_vocab.json."""
    import sentencepiece

    _, _, entities = vocabulary("tiny")
    path = Path(mkdtemp()) / "sentencepiece.bpe.model"
    lines = [SAMPLE, "東京は日本の首都である。アフガニスタン", "Zürich und مرحبا بالعالم"] * 5
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=file,
            vocab_size=150,
            hard_vocab_limit=False,
            character_coverage=1.0,
            minloglevel=2,
        )
    return str(path), entities


@lru_cache
def tokenizers(vocab: str, task: str | None = None, **options: Any) -> tuple[LukeTokenizer, Any]:
    """Ours and theirs of the same files."""
    name, files = "LukeTokenizer", vocabulary(vocab) if vocab != "multilingual" else ()
    if not files:
        name, files = "MLukeTokenizer", multilingual_vocabulary()
    ours = {"LukeTokenizer": LukeTokenizer, "MLukeTokenizer": MLukeTokenizer}[name]
    return ours(*files, task=task, **options), getattr(transformers, name)(*files, task=task, **options)


needs_roberta = pytest.mark.skipif(not ROBERTA.exists(), reason="RoBERTa's vocabulary isn't here")
needs_spm = pytest.mark.skipif(find_spec("sentencepiece") is None, reason="sentencepiece isn't installed")
VOCABS = [
    pytest.param("roberta", marks=needs_roberta),
    "tiny",
    "lacking",
    pytest.param("multilingual", marks=needs_spm),
]
