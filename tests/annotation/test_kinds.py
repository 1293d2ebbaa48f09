"""Each kind of annotation: stored under its name, and at its place when a document is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span, Token

from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import facts_from_relations, has_relations, span_as_doc, store, stored
from spacy_luke.annotation.kinds import KINDS, Kind

set_extensions()
NLP = spacy.blank("en")


def make_doc() -> Doc:
    doc = NLP("Nobody came . Ada met Bob")
    doc.ents = [Span(doc, 3, 4, "PER"), Span(doc, 5, 6, "PER")]
    return doc


def owner(kind: Kind, doc: Doc) -> Any:
    """What has the attribute: Ada, wherever she stands."""
    return {Doc: doc, Span: doc.ents and doc.ents[0], Token: doc.ents and doc.ents[0][0]}[kind.owner]


def value(kind: Kind, doc: Doc) -> Any:
    relations = [(*doc.ents, "met", 0.5, "P1")] if len(doc.ents) == 2 else []
    values = {
        "best": "PER",
        "labels": {"PER": 0.75},
        "vectors": [1.0, 2.0],
        "candidates": (("Ada Lovelace", 0.5),),
        "relations": relations,
        "unsure": relations,
        "facts": facts_from_relations([Relation(*row) for row in relations]),
        "text_pair": "Ada and Bob met.",
        "question": ("Who?", "Where?"),
        "choices": ("yes", "no"),
        "choice": "no",
        "tags": "B-PER",
        "id": "doc 1",
        "meta": {"source": "news"},
    }
    assert values.keys() == KINDS.keys(), "a new kind needs a value here"
    return values[kind.name]


def read(kind: Kind, doc: Doc) -> Any:
    found = getattr(owner(kind, doc)._, kind.attribute)
    return found.tolist() if isinstance(found, np.ndarray) else found


def annotate(kind: Kind, doc: Doc) -> None:
    if kind.name == "choice":
        doc._.luke_choices = ("yes", "no")
    setattr(owner(kind, doc)._, kind.attribute, value(kind, doc))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_is_stored_under_its_name_and_forgotten(kind: Kind) -> None:
    doc = make_doc()
    annotate(kind, doc)
    assert stored(doc).keys() - {"choices"} == {kind.name} - {"choices"}
    assert kind.name in stored(doc)
    setattr(owner(kind, doc)._, kind.attribute, None)
    assert kind.name not in stored(doc)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_is_at_its_place_in_a_part(kind: Kind) -> None:
    doc = make_doc()
    annotate(kind, doc)
    part = span_as_doc(doc[3:])
    expected = make_doc()[3:].as_doc()
    annotate(kind, expected)
    assert repr(read(kind, part)) == repr(read(kind, expected)) != repr(read(kind, make_doc()))
    for found, wanted in zip(_places(part), _places(expected), strict=True):
        assert found == wanted


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_none_is_found_where_it_does_not_belong(kind: Kind) -> None:
    """At the offsets that Ada has in the part, the other part has a word that nobody annotated."""
    doc = make_doc()
    annotate(kind, doc)
    other = span_as_doc(doc[:3])
    other.ents = [Span(other, 0, 1, "PER")]
    if stored(doc)[kind.name] == stored(other).get(kind.name):
        assert kind.owner is Doc  # it is about the document as a whole
    else:
        assert not read(kind, other)


def _places(doc: Doc) -> list[tuple[int, int]]:
    pairs = [*doc._.luke_relations, *(pair for fact in doc._.luke_facts for pair in fact.pairs)]
    return [(span.start, span.end) for pair in pairs for span in pair[:2]]


def test_a_kind_of_a_later_version_stays_but_is_not_carried() -> None:
    doc = make_doc()
    store(doc, {"unheard_of": {"14:17:": 1}, "relations": {"spans": [], "pairs": []}})
    doc._.luke_text_pair = "x"
    assert stored(doc)["unheard_of"] == {"14:17:": 1}
    assert stored(span_as_doc(doc[3:])).keys() == {"text_pair", "relations"}
    assert has_relations(doc)
