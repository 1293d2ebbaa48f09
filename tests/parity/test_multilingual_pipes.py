"""Every pipe reads a multilingual checkpoint, as published: a SentencePiece model, weights saved by transformers."""

from __future__ import annotations

from pathlib import Path

import parity_tokenizers as both
import pytest
import spacy
import torch
from every_pipe import PIPES, ask, said
from spacy.language import Language
from spacy.tokens import Span
from tiny_heads import SIZES

transformers = pytest.importorskip("transformers")
pytestmark = both.needs_spm
TEXT = "Ana Lopez met Bob in Los Angeles, and they didn't stay."
OTHERS = ["東京は日本の首都である。", "Zürich und مرحبا بالعالم", "", "😀 x"]


def save(pipe: str, folder: Path) -> str:
    kind, _, labels = PIPES[pipe]
    _, tokenizer = both.tokenizers("multilingual")
    sizes = {
        "vocab_size": len(tokenizer),
        "entity_vocab_size": len(tokenizer.entity_vocab),
        "pad_token_id": 1,
    }
    sizes |= {"max_position_embeddings": 130, "id2label": dict(enumerate(labels))}
    torch.manual_seed(0)
    getattr(transformers, kind)(transformers.LukeConfig(**{**SIZES, **sizes})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def pipeline(pipe: str, folder: str) -> Language:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe(pipe, config={"model": {**PIPES[pipe][1], "checkpoint": folder}})
    return nlp


@pytest.mark.parametrize("pipe", PIPES)
def test_texts_of_any_language(pipe: str, tmp_path: Path):
    nlp = pipeline(pipe, save(pipe, tmp_path))
    found = list(nlp.pipe([ask(nlp, pipe, text, "東京") for text in (TEXT, *OTHERS)]))
    assert [doc.text for doc in found] == [TEXT, *OTHERS]
    assert said(found[0]) != said(ask(nlp, pipe, TEXT, "東京"))


def test_labels_are_those_of_transformers(tmp_path: Path):
    folder = save("luke_typing", tmp_path)
    nlp = pipeline("luke_typing", folder)
    doc = nlp.make_doc(TEXT)
    doc.ents = [Span(doc, 0, 2, "X"), Span(doc, 5, 7, "X")]
    nlp(doc)
    theirs = transformers.LukeForEntityClassification.from_pretrained(folder).eval()
    _, tokenizer = both.tokenizers("multilingual", "entity_classification")
    for ent in doc.ents:
        inputs = tokenizer(TEXT, entity_spans=[(ent.start_char, ent.end_char)], return_tensors="pt")
        with torch.no_grad():
            wanted = theirs(**inputs).logits[0].sigmoid().tolist()
        assert list(ent._.luke_labels.values()) == pytest.approx(wanted, abs=1e-5)
