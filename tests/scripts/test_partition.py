from __future__ import annotations

import random

import spacy
from spacy.tokens import Doc

from scripts.partition import Dropped, drop_leaks, hold_out
from spacy_luke.training.converters.build import build_doc

VOCAB = spacy.blank("en").vocab


def make(title: str, *sentences: str) -> Doc:
    doc, _ = build_doc(VOCAB, [s.split() for s in sentences], [])
    doc.user_data["title"] = title
    return doc


def titles(docs: list[Doc]) -> list[str]:
    return [doc.user_data["title"] for doc in docs]


def test_hold_out_depends_on_titles_alone() -> None:
    docs = [make(f"title {i}", "A .") for i in range(30)]
    rest, held = hold_out(docs, 10)
    assert (len(rest), len(held)) == (20, 10)
    assert sorted(titles(rest) + titles(held)) == sorted(titles(docs))
    # Pinned: the held-out documents of a released model must stay the same for ever.
    assert titles(held)[:3] == ["title 2", "title 3", "title 11"]
    random.Random(0).shuffle(docs)
    assert set(titles(hold_out(docs, 10)[1])) == set(titles(held))


def test_leaks_by_title_and_sentence() -> None:
    protected = [
        make("Marie  Curie", "She won the Nobel Prize twice .", "She won it ."),
        make("", "Untitled but with words here ."),
    ]
    docs = [
        make("MARIE curie", "Something else ."),
        make("Copy", "Before .", 'She won the "Nobel Prize" twice !'),
        make("Short", "She won it ."),
        make("", "Nothing that is known to anybody ."),
        make("Pierre", "He won the Nobel Prize twice ."),
    ]
    kept, dropped = drop_leaks(docs, iter(protected))
    assert titles(kept) == ["Short", "", "Pierre"]
    assert dropped == Dropped(title=1, sentence=1)
