"""Similarity of entities by their vectors, and the nearest ones."""

from __future__ import annotations

import pickle

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_luke import nearest, set_extensions, similarity, use_similarity
from spacy_luke.annotation import write_entities

set_extensions()
NLP = spacy.blank("en")


def make(*vectors: list[float]) -> Doc:
    """A document whose first words are entities with these vectors; the last word has none."""
    doc = NLP(" ".join("abcdefg"[: len(vectors)]) + " z")
    doc.ents = [Span(doc, i, i + 1, "X") for i in range(len(doc))]
    write_entities(doc, doc.ents[:-1], vectors=list(vectors))
    return doc


def test_similarity_is_the_cosine() -> None:
    a, b, c, zero, none = make([2, 0], [1, 1], [-3, 0], [0, 0]).ents
    assert similarity(a, b) == pytest.approx(0.5**0.5)
    assert similarity(a, c) == pytest.approx(-1)
    assert similarity(a, zero) == 0
    with pytest.raises(ValueError, match="span 'z' has no LUKE vector"):
        similarity(a, none)


def test_nearest_looks_through_documents_and_spans() -> None:
    doc, other = make([2, 0], [1, 1]), make([-1, 0], [1, 0.1])
    other.spans["more"] = [other[1:3]]
    other.spans["more"][0]._.luke_vector = [0, 1]
    found = nearest(doc.ents[0], [doc, other, NLP("x")])
    places = [(span.doc is other, span.text) for span, _ in found]
    assert places == [(True, "b"), (False, "b"), (True, "b z"), (True, "a")]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert [span.text for span, _ in nearest(doc.ents[0], other.ents, n=1)] == ["b"]
    with pytest.raises(ValueError, match="no LUKE vector"):
        nearest(doc.ents[-1], [doc])


def test_spacy_uses_them_if_asked() -> None:
    doc = make([2, 0], [1, 1])
    a, b, z = doc.ents
    assert use_similarity(doc) is doc
    assert a.similarity(b) == pytest.approx(0.5**0.5)
    for other in (z, doc, doc[1]):
        with pytest.warns(UserWarning, match="has no LUKE vector"):
            assert a.similarity(other) == 0
    again = pickle.loads(pickle.dumps(doc))
    assert again.ents[0].similarity(again.ents[1]) == pytest.approx(0.5**0.5)
