"""configs/luke_textcat.cfg, luke_tagger.cfg, luke_qa.cfg and luke_choice.cfg as a user runs them: filled, trained,
loaded again. Here they start from a tiny encoder, which is quicker than the default model's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from tiny import PEOPLE, PLACES
from tiny_heads import head_summary, save_encoder

from spacy_luke import set_extensions

ROOT = Path(__file__).parent.parent.parent
FIGURES = {
    "luke_textcat": "cats_score",
    "luke_tagger": "luke_tag_acc",
    "luke_qa": "luke_answers_f",
    "luke_choice": "luke_choice_acc",
}


def _document(vocab: Any, name: str, index: int, gold: bool = True) -> Doc:
    likes = index // 6 == 0
    doc = Doc(vocab, words=[PEOPLE[index % 4], "likes" if likes else "was", PLACES[index % 3], "."])
    if name == "luke_qa":
        doc._.luke_question = "who likes tea"
    elif name == "luke_choice":
        doc._.luke_choices = ["the old tea", "from Lima"] if index % 2 else ["from Lima", "the old tea"]
    if gold:
        doc.cats = {"good": float(likes), "bad": float(not likes)}
        for token, tag in zip(doc, ["WHO", "O", "WHERE", "O"], strict=True):
            token._.luke_tag = tag
        doc.spans["luke_answers"] = [Span(doc, 0, 1)]
        if name == "luke_choice":
            doc._.luke_choice = "the old tea"
    return doc


@pytest.mark.parametrize("name", FIGURES)
def test_a_few_steps(tmp_path: Path, name: str):
    set_extensions()
    vocab = spacy.blank("en").vocab
    corpus = tmp_path / "train.spacy"
    DocBin(docs=[_document(vocab, name, i) for i in range(12)], store_user_data=True).to_disk(corpus)
    overrides = {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 60,
        "training.eval_frequency": 60,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.initial_rate": 0.003,
        f"components.{name}.model.checkpoint": save_encoder(tmp_path / "encoder"),  # a tiny one
    }
    config = load_config(ROOT / "configs" / f"{name}.cfg", overrides=overrides)
    spacy.util.load_model_from_config(config, auto_fill=False)  # every setting of the component is there
    (tmp_path / "model").mkdir()
    train(init_nlp(config), tmp_path / "model")
    trained = spacy.load(tmp_path / "model" / "model-last")
    assert trained.meta["performance"][FIGURES[name]] > 0.9
    doc = trained(_document(trained.vocab, name, 1, gold=False))
    found = head_summary(doc)
    if name == "luke_textcat":
        assert found["cats"]["good"] > 0.8
    elif name == "luke_tagger":
        assert found["tags"] == ["WHO", "O", "WHERE", "O"]
    elif name == "luke_qa":
        assert [(span.text, span.label_) for span in doc.spans["luke_answers"]] == [("Bob", "who likes tea")]
    else:
        assert found["choice"][:2] == (0, "the old tea")
