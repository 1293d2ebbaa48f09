"""Tiny pipelines with `luke_linker`, and mentions to link."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from tiny import ENTITIES, PEOPLE, PLACES

TITLES = ("Ana Bar", "Ana Lopez", "Rome", "Rome, Georgia", "Oslo")
VOCAB = {**ENTITIES, **{title: i for i, title in enumerate(TITLES, start=4)}}
TEXT = "Ana was born in Rome . Bob likes Oslo and the old tea from Rome ."
MENTIONS = ("Ana", "Bob", "Oslo", "Rome")
SIZES = {
    "hidden_size": 32,
    "entity_emb_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 34,
    "initializer_range": 0.4,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}

Make = Callable[..., str]


def pipeline(checkpoint: str | None, model: dict[str, Any] | None = None, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"checkpoint": checkpoint, **(model or {})}, **config})
    return nlp


def mark(nlp: Language, text: str = TEXT, mentions: tuple[str, ...] = MENTIONS) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [Span(doc, t.i, t.i + 1, "X", span_id="e1") for t in doc if t.text in mentions]
    return doc


def link(nlp: Language, text: str = TEXT, mentions: tuple[str, ...] = MENTIONS) -> Doc:
    return nlp.get_pipe("luke_linker")(mark(nlp, text, mentions))


def said(doc: Doc) -> list[Any]:
    """All that the linker wrote."""
    return [
        (
            ent.text,
            ent.label_,
            ent.id_,
            ent.kb_id_,
            [(c.title, round(c.score, 4)) for c in ent._.luke_candidates],
        )
        for ent in doc.ents
    ]


def aliases(tmp_path: Path) -> str:
    path = tmp_path / "aliases.jsonl"
    rows = {
        "Ana": {"Ana Bar": 0.1, "Ana Lopez": 0.6, "Ana of nowhere": 0.3},
        "Rome": {"Rome": 0.99, "Rome, Georgia": 0.01},
        "Oslo": {"Oslo": 1.0},
    }
    path.write_text("".join(json.dumps({"mention": m, "candidates": c}) + "\n" for m, c in rows.items()))
    return str(path)


def example(nlp: Language, text: str, ids: dict[str, str]) -> Example:
    gold = mark(nlp, text, tuple(ids))
    gold.ents = [Span(gold, e.start, e.end, "X", kb_id=ids[e.text]) for e in gold.ents]
    return Example(mark(nlp, text, tuple(ids)), gold)


def examples(nlp: Language) -> list[Example]:
    """A person's title depends on the place beside them."""
    found = []
    for i, who in enumerate(PEOPLE[:3]):
        for place in PLACES[:2]:
            ids = {who: f"{who} of {place}", place: place if i else "NIL"}
            found.append(example(nlp, f"{who} was born in {place} .", ids))
    return found
