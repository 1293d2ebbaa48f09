"""Tiny checkpoints of the published heads on text, and pipelines around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tiny import ENTITIES, make_tokenizer

import spacy_luke
from spacy_luke import LukeConfig

TOKENIZER = make_tokenizer()
SIZES = {
    "vocab_size": len(TOKENIZER),
    "entity_vocab_size": len(ENTITIES),
    "hidden_size": 32,
    "entity_emb_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 41,
    "initializer_range": 0.3,
    "pad_token_id": TOKENIZER.pad_token_id,
}
CLASSES = {
    "luke_textcat": "LukeForSequenceClassification",
    "luke_tagger": "LukeForTokenClassification",
    "luke_qa": "LukeForQuestionAnswering",
    "luke_choice": "LukeForMultipleChoice",
}
LABELS = {
    "luke_textcat": ["good", "bad", "odd"],
    "luke_tagger": ["O", "PER", "LOC"],
    "luke_qa": ["start", "end"],
    "luke_choice": ["choice", "other"],
}
LONG = " ".join(["Ana was born in Rome and Bob works for Acme in Oslo ."] * 8)


def save_head(pipe: str, folder: Path, library: Any = spacy_luke, **config: Any) -> str:
    """A random checkpoint for a pipe, made by this package or by transformers. RETURNS (str): Its folder."""
    torch.manual_seed(0)
    labels = dict(enumerate(LABELS[pipe]))
    kind = LukeConfig if library is spacy_luke else library.LukeConfig
    model = getattr(library, CLASSES[pipe])(kind(**{**SIZES, "id2label": labels, **config}))
    model.eval().save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return str(folder)


def save_encoder(folder: Path, **config: Any) -> str:
    """A random encoder without a head. RETURNS (str): Its folder."""
    torch.manual_seed(0)
    sizes = {**SIZES, "initializer_range": 0.05, **config}
    spacy_luke.LukeModel(LukeConfig(**sizes), add_pooling_layer=False).save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return str(folder)


def make_head_pipeline(
    pipe: str, checkpoint: str | None, model: dict[str, Any] | None = None, **config: Any
) -> Language:
    """A blank pipeline with one component."""
    nlp = spacy.blank("en")
    nlp.add_pipe(pipe, config={"model": {"checkpoint": checkpoint, **(model or {})}, **config})
    return nlp


def asked(nlp: Language, pipe: str, text: str) -> Doc:
    """A document with what its pipe has to be told beside the text."""
    doc = nlp.make_doc(text)
    if pipe == "luke_qa":
        doc._.luke_question = ["who likes tea", "where was Ana born"]
    elif pipe == "luke_choice":
        doc._.luke_choices = ["tea", "the old tea from Oslo and Rome", "Bob"]
    return doc


def head_summary(doc: Doc) -> dict[str, Any]:
    """All that these pipes write, as plain data."""
    group = doc.spans.get("luke_answers")
    answers = None
    if group is not None:
        scores = {name: [round(s, 4) for s in group.attrs[name]] for name in ("scores", "no_answer")}
        answers = [(s.start, s.end, s.label_) for s in group], list(group.attrs["questions"]), scores
    choice = doc._.luke_choice
    return {
        "cats": {label: round(score, 4) for label, score in doc.cats.items()},
        "tags": [token._.luke_tag for token in doc],
        "answers": answers,
        "choice": None
        if choice is None
        else (choice.number, choice.text, [round(s, 4) for s in choice.scores]),
    }


def outputs(nlp: Language, pipe: str, texts: list[str]) -> list[dict[str, Any]]:
    """What a pipeline says of texts."""
    return [head_summary(doc) for doc in nlp.pipe([asked(nlp, pipe, text) for text in texts])]


def train(nlp: Language, examples: list[Example], steps: int = 40, rate: float = 3e-3) -> dict[str, float]:
    """Initialize and train. RETURNS (dict[str, float]): The last losses."""
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = rate
    losses: dict[str, float] = {}
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer, losses={})
    return losses
