"""Copies of gold documents to read."""

from __future__ import annotations

import spacy
from spacy.training import Example

from spacy_luke.training.mentions import read_again


def test_examples_that_fail_when_they_are_read_again_are_left_out() -> None:
    nlp = spacy.blank("en")
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in ("a", "b", "c")]
    given = [nlp.make_doc("a"), nlp.make_doc("b"), None]
    found = read_again(lambda docs: (doc for doc in docs if doc.text != "b"), examples, given)
    assert [eg.predicted for eg in found] == [given[0], examples[2].predicted]
    assert [eg.reference for eg in found] == [examples[0].reference, examples[2].reference]
