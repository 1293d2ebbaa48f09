"""configs/luke_linker.cfg as a user runs it: a few short documents, titles of their own, a few steps."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

ROOT = Path(__file__).parent.parent.parent
TEXTS = {"Paris is the capital of France .": "Paris", "Paris is a small town in Texas .": "Paris, Texas"}


def test_titles_are_learned(tmp_path: Path, checkpoint: str) -> None:
    vocab = spacy.blank("en").vocab
    docs = []
    for text, title in TEXTS.items():
        doc = Doc(vocab, words=text.split())
        doc.ents = [Span(doc, 0, 1, "LOC", kb_id=title)]
        docs.append(doc)
    corpus = tmp_path / "train.spacy"
    DocBin(docs=docs).to_disk(corpus)
    paths = {"paths.train": str(corpus), "paths.dev": str(corpus)}
    steps = {
        "training.max_steps": 60,
        "training.eval_frequency": 60,
        "training.optimizer.learn_rate.warmup_steps": 5,
    }
    start = {
        "components.luke_linker.model.checkpoint": checkpoint,
        "training.optimizer.learn_rate.initial_rate": 3e-3,
    }
    config = load_config(ROOT / "configs" / "luke_linker.cfg", overrides={**paths, **steps, **start})
    (tmp_path / "model").mkdir()
    train(init_nlp(config), tmp_path / "model")
    trained = spacy.load(tmp_path / "model" / "model-last")
    assert trained.meta["performance"]["luke_links_acc"] == 1
    for doc in docs:
        again = Doc(trained.vocab, words=[token.text for token in doc])
        again.ents = [Span(again, 0, 1, "LOC")]
        assert trained.get_pipe("luke_linker")(again).ents[0].kb_id_ == doc.ents[0].kb_id_
