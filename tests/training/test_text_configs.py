"""configs/luke_textcat.cfg, luke_tagger.cfg, luke_qa.cfg and luke_choice.cfg as a user runs them: filled, trained from
the default model's encoder, loaded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from tiny_heads import head_summary

from spacy_luke import set_extensions

ROOT = Path(__file__).parent.parent.parent
DRUGS = ("aspirin", "Zoloft", "penicillin", "Lipitor")
ILLNESSES = ("headache", "migraine", "fever")
FIGURES = {
    "luke_textcat": "cats_score",
    "luke_tagger": "luke_tag_acc",
    "luke_qa": "luke_answers_f",
    "luke_choice": "luke_choice_acc",
}


def _document(vocab: Any, name: str, index: int, gold: bool = True) -> Doc:
    helps = index // 6 == 0
    words = [DRUGS[index % 4], "helps" if helps else "causes", ILLNESSES[index % 3], "."]
    doc = Doc(vocab, words=words)
    if name == "luke_qa":
        doc._.luke_question = "What is the drug?"
    elif name == "luke_choice":
        doc._.luke_choices = ["What a relief!", "What a terrible side effect!"]
    if gold:
        doc.cats = {"good": float(helps), "bad": float(not helps)}
        for token, tag in zip(doc, ["DRUG", "O", "ILLNESS", "O"], strict=True):
            token._.luke_tag = tag
        doc.spans["luke_answers"] = [Span(doc, 0, 1)]
        if name == "luke_choice":
            doc._.luke_choice = 0 if helps else 1
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
        "training.max_steps": 25,
        "training.eval_frequency": 25,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.initial_rate": 0.0003,
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
        assert found["tags"] == ["DRUG", "O", "ILLNESS", "O"]
    elif name == "luke_qa":
        assert [(span.text, span.label_) for span in doc.spans["luke_answers"]] == [
            ("Zoloft", "What is the drug?")
        ]
    else:
        assert found["choice"][:2] == (0, "What a relief!")
