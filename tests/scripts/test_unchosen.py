"""Sentences for the model card are those that come, whatever the model says of them."""

from __future__ import annotations

from collections.abc import Callable

import spacy
from tiny import TEXTS, make_pipeline

from scripts.unchosen import say, unchosen


def test_every_fiftieth_text() -> None:
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"text {i}\n ") for i in range(1, 2000)]
    assert unchosen(docs) == [f"text {i}" for i in range(50, 501, 50)]
    assert unchosen(docs[:120]) == ["text 50", "text 100"]


def test_all_that_is_found_is_told(make_checkpoint: Callable[..., str]) -> None:
    nlp = make_pipeline(make_checkpoint(loud=True))
    nlp.get_pipe("luke").thresholds["relations"] = 0.0
    text = " ".join(TEXTS)
    texts = [text, "a_b *c*"]
    first, second = say(nlp, texts)
    doc = nlp(text)
    assert first.startswith("> Ana")
    assert first.count(" – ") == 2 * len(doc._.luke_relations) > 0
    assert all(f"{ent.text} {ent.label_}" in first for ent in doc.ents)
    assert second.startswith(r"> a\_b \*c\*")
