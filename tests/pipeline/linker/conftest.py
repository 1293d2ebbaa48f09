"""Tiny models that link."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import make_tokenizer
from tiny_linker import (
    SIZES,
    VOCAB,
    Make,
)

from spacy_luke import LukeConfig


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Writes a tiny LukeForMaskedLM with random weights, which count as trained; returns its folder."""

    def write(kind: str = "LukeForMaskedLM", vocab: dict[str, int] = VOCAB, **changes: Any) -> str:
        import spacy_luke

        torch.manual_seed(0)
        tokenizer = make_tokenizer(vocab)
        sizes = {"vocab_size": len(tokenizer), "entity_vocab_size": len(vocab), **SIZES, **changes}
        folder = tmp_path_factory.mktemp("checkpoint")
        getattr(spacy_luke, kind)(LukeConfig(**sizes)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)

    return write


@pytest.fixture(scope="module")
def checkpoint(make: Make) -> str:
    return make()
