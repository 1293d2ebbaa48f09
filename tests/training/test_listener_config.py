"""configs/luke_listener.cfg as a user runs it: a tagger on top of the default model, which stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from tiny import summary

import spacy_luke

pytest.importorskip("spacy_transformers")

ROOT = Path(__file__).parent.parent.parent
TAGS = ["NNP", "VBD", "NNP", "IN", "NNP", "."]


def test_a_tagger_learns_and_luke_stays_as_it_is(tmp_path: Path) -> None:
    vocab = spacy.blank("en").vocab
    docs = [
        Doc(vocab, words=[who, verb, "Maria", "in", where, "."], tags=TAGS)
        for who in ("Anna", "Peter", "Tim")
        for verb in ("met", "saw")
        for where in ("Rome", "Oslo")
    ]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    luke = spacy_luke.load()
    luke.to_disk(tmp_path / "luke")
    overrides = {
        "paths.luke": str(tmp_path / "luke"),
        "paths.train": str(tmp_path / "train.spacy"),
        "paths.dev": str(tmp_path / "train.spacy"),
        "training.max_steps": 20,
        "training.eval_frequency": 20,
        "training.optimizer.learn_rate.warmup_steps": 2,
    }
    config = load_config(ROOT / "configs" / "luke_listener.cfg", overrides=overrides)
    (tmp_path / "model").mkdir()
    train(init_nlp(config), tmp_path / "model")

    trained = spacy.load(tmp_path / "model" / "model-last")
    assert trained.meta["performance"]["tag_acc"] > 0.9
    doc = trained("Max saw Eve in Kyiv.")
    assert [token.tag_ for token in doc] == TAGS
    text = "Marie Curie was born in Warsaw. She met Pierre Curie in Paris."
    assert summary(trained(text)) == summary(luke(text))
    assert summary(luke(text))["relations"]
