"""A tiny corpus and tiny models to benchmark."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_luke.annotation import set_extensions

NAMES = {"Ada": "PER", "Bob": "PER", "Rome": "LOC", "Oslo": "LOC"}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen sentences in which the verb tells the relation of the names around it."""
    set_extensions()
    nlp = spacy.blank("en")
    docs = []
    for head, verb, tail in [(h, v, t) for h in ("Ada", "Bob") for v in ("left", "likes") for t in NAMES]:
        doc = Doc(nlp.vocab, words=[head, verb, tail, "."], sent_starts=[True, False, False, False])
        doc.ents = [Span(doc, i, i + 1, NAMES[doc[i].text]) for i in (0, 2)]
        doc._.luke_relations = [(doc.ents[0], doc.ents[1], verb)]
        docs.append(doc)
    path = tmp_path_factory.mktemp("corpus") / "gold.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def tiny() -> list[str]:
    """Options that make the base configuration tiny."""
    sizes = {
        "vocab_size": 60,
        "entity_vocab_size": 20,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 120,
        "entity_emb_size": 8,
    }
    return ["--size", *(f"{name}={value}" for name, value in sizes.items())]


@pytest.fixture
def run_here() -> Callable[..., dict[str, Any]]:
    """`run_elsewhere` without a new process, in which all would be imported again."""

    def run(args: Sequence[str], **_: object) -> dict[str, Any]:
        assert args[0] == "-m"
        with redirect_stdout(io.StringIO()) as out:
            importlib.import_module(args[1]).main(args[2:])
        found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
        return found

    return run
