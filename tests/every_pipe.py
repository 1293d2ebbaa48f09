"""Tiny checkpoints for every pipe that reads a published head, and documents that each has something to say of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from tiny import ENTITIES, make_tokenizer
from tiny_heads import SIZES

import spacy_luke

TOKENIZER = make_tokenizer({**ENTITIES, "Ana": 4, "Rome": 5, "Oslo": 6})
# By pipe: the published class, what its model's config has to say, and labels of the checkpoint.
PIPES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "luke_ner": (
        "LukeForEntitySpanClassification",
        {"@architectures": "spacy-luke.CandidateSpans.v1", "max_span_width": 4},
        ["NIL", "PER", "LOC"],
    ),
    "luke_typing": ("LukeForEntityClassification", {}, ["person", "place"]),
    "luke_relations": ("LukeForEntityPairClassification", {}, ["no_relation", "born in", "likes"]),
    "luke_linker": ("LukeForMaskedLM", {}, ["x", "y"]),
    "luke_textcat": ("LukeForSequenceClassification", {}, ["good", "bad"]),
    "luke_tagger": ("LukeForTokenClassification", {}, ["O", "PER", "LOC"]),
    "luke_qa": ("LukeForQuestionAnswering", {}, ["start", "end"]),
    "luke_choice": ("LukeForMultipleChoice", {}, ["choice", "other"]),
}
FINDS_ENTITIES = ("luke", "luke_ner")
ENTITY_INPUTS = [pipe for pipe in PIPES if pipe not in ("luke_ner", "luke_linker")]


def save(pipe: str, folder: Path, **config: Any) -> str:
    """A random checkpoint for a pipe. RETURNS (str): Its folder."""
    kind, _, labels = PIPES[pipe]
    torch.manual_seed(0)
    sizes = {**SIZES, "entity_vocab_size": len(TOKENIZER.entity_vocab), "id2label": dict(enumerate(labels))}
    getattr(spacy_luke, kind)(spacy_luke.LukeConfig(**{**sizes, **config})).save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return str(folder)


def make(pipe: str, checkpoint: str, model: dict[str, Any] | None = None, **config: Any) -> Language:
    """A blank pipeline with sentences and the pipe."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    settings = {**PIPES[pipe][1], **(model or {}), "checkpoint": checkpoint}
    nlp.add_pipe(pipe, config={"model": settings, **config})
    return nlp


def ask(nlp: Language, pipe: str, text: str, beside: str = "the old tea", step: int = 2) -> Doc:
    """A document with what the pipe has to be told: entities at every other token, another text."""
    doc = nlp.make_doc(text)
    if pipe not in FINDS_ENTITIES:
        doc.ents = [Span(doc, i, i + 1, "X", kb_id=doc[i].text) for i in range(0, len(doc), step)]
    doc._.luke_text_pair = beside
    doc._.luke_question = beside
    doc._.luke_choices = [beside, "tea"]
    return doc


def said(doc: Doc) -> dict[str, Any]:
    """All that any of the pipes writes, as plain data."""
    group, choice = doc.spans.get("luke_answers"), doc._.luke_choice
    spans = [
        (
            (ent.start, ent.end, ent.label_, ent.kb_id_),
            {label: round(score, 4) for label, score in ent._.luke_labels.items()},
            [(found.title, round(found.score, 4)) for found in ent._.luke_candidates],
        )
        for ent in doc.ents
    ]
    return {
        "ents": spans,
        "relations": [(r.head.start, r.tail.start, r.label, round(r.score, 4)) for r in doc._.luke_relations],
        "cats": {label: round(score, 4) for label, score in doc.cats.items()},
        "tags": [token._.luke_tag for token in doc],
        "answers": None if group is None else [(s.start, s.end, s.label_) for s in group],
        "choice": None if choice is None else (choice.text, [round(score, 4) for score in choice.scores]),
    }
