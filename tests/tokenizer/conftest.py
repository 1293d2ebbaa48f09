"""Small vocabularies of three kinds, built here: byte-level BPE in files, WordPiece and Unigram in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from spacy_luke.tokenizer import LukeTokenizer

ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Ana": 4, "Los Angeles": 5}
SAMPLE = "Ana Lopez met Bob in Los Angeles, and they didn't stay: 12 of 300 people left. " * 3
WORDS = [
    "ana",
    "lo",
    "##pez",
    "met",
    "bob",
    "in",
    "los",
    "angeles",
    "mask",
    "ent",
    "s",
    "<",
    ">",
    "[",
    "]",
    ".",
    ",",
]


@pytest.fixture(scope="session")
def bpe_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with vocab.json, merges.txt and entity_vocab.json and nothing else."""
    folder = tmp_path_factory.mktemp("bpe")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([SAMPLE], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"]), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "entity_vocab.json").write_text(json.dumps(ENTITIES), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def make_bpe(bpe_folder: Path) -> Callable[..., LukeTokenizer]:
    """Make a byte-level tokenizer with options."""
    files = [bpe_folder / name for name in ("vocab.json", "merges.txt", "entity_vocab.json")]

    def make(**options: Any) -> LukeTokenizer:
        return LukeTokenizer(*files, **options)

    return make


def bert_json() -> Tokenizer:
    """An uncased WordPiece tokenizer with BERT's special tokens around texts."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = {token: i for i, token in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(special)
    tokenizer.enable_padding(length=64)
    tokenizer.enable_truncation(8)
    return tokenizer


def unigram_json() -> Tokenizer:
    """A Unigram tokenizer with RoBERTa's special tokens, none of them around texts."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [(token, 0.0) for token in special]
    pieces += [(piece, -3.0) for piece in ("▁ana", "▁met", "▁bob", "▁", "a", "n", "m", "e", "t", "b", "o")]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(special)
    return tokenizer


@pytest.fixture(scope="session")
def make_json() -> Callable[..., LukeTokenizer]:
    """Make a tokenizer of a kind, "bert" or "unigram", with options."""

    def make(kind: str = "bert", **options: Any) -> LukeTokenizer:
        tokenizer = {"bert": bert_json, "unigram": unigram_json}[kind]()
        return LukeTokenizer.from_tokenizer_json(tokenizer, ENTITIES, **options)

    return make
