"""What of a document is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from drawn import VOCAB, curie
from spacy.tokens import Doc, Span

from spacy_luke.rendering.content import Content, Row, read_content
from spacy_luke.rendering.options import Options, read_options


def content(source: Doc | Span | Row, style: str = "relations", **options: Any) -> Content:
    return read_content(source, style, read_options(options))


def names(found: Content) -> list[str]:
    return [found.text[mention.start : mention.end] for mention in found.mentions]


def test_a_doc_is_read_whole() -> None:
    found = content(curie())
    assert (found.title, found.direction, len(found.sents)) == ("Marie", "ltr", 2)
    assert names(found) == ["Marie Curie", "Warsaw", "1867", "Paris", "Pierre Curie"]
    assert found.mentions[0].labels == {
        "PER": pytest.approx(0.9),
        "ORG": pytest.approx(0.06),
        "MISC": pytest.approx(0.001),
    }
    assert [(link.label, link.id, link.pairs) for link in found.relations] == [
        ("place of birth", "P19", [(0, 1)]),
        ("date of birth", "P569", [(0, 2)]),
    ]


def test_facts_that_no_relation_states_are_drawn_if_asked_for() -> None:
    found = content(curie(), facts=True)
    assert [(link.label, link.stated) for link in found.relations] == [
        ("place of birth", True),
        ("date of birth", True),
        ("residence", False),
    ]


def test_relations_without_facts_are_gathered() -> None:
    doc = curie()
    doc._.luke_facts = None
    assert [link.label for link in content(doc, "graph").facts] == ["place of birth", "date of birth"]


def test_options_choose() -> None:
    assert names(content(curie(), "ents", ents=["LOC"])) == ["Warsaw", "Paris"]
    found = content(curie(), relations=["date of birth"], ents=[])
    assert names(found) == ["Marie Curie", "1867"]  # a relation needs its mentions
    assert [link.pairs for link in found.relations] == [[(0, 1)]]
    assert [link.label for link in content(curie(), threshold=0.8).relations] == ["place of birth"]
    assert len(content(curie(), "ents", threshold=0.95).mentions) == 0
    assert [link.label for link in content(curie(), "graph", threshold=0.7).facts] == [
        "place of birth",
        "date of birth",
    ]


def test_a_span_group_instead_of_the_entities() -> None:
    doc = curie()
    doc.spans["mine"] = [doc[3:5]]
    assert names(content(doc, "ents", spans_key="mine")) == ["born in"]
    assert names(content(doc, "ents", spans_key="nothing")) == []


def test_a_span_is_a_document_of_its_own() -> None:
    found = content(next(iter(curie().sents)))
    assert found.text.strip() == "Marie Curie was born in Warsaw in 1867 ."
    assert len(found.relations) == 2


def test_plain_data_is_drawn_as_the_doc_would_be() -> None:
    whole = content(curie())
    row = {
        "text": whole.text,
        "title": "Marie",
        "sents": whole.sents,
        "ents": [mention._asdict() for mention in whole.mentions],
        "relations": [{**link._asdict(), "pairs": link.pairs} for link in whole.relations],
        "facts": [link._asdict() for link in content(curie(), "graph").facts],
        "settings": {"lang": "en", "direction": "ltr"},
    }
    for style in ("relations", "graph", "ents"):
        assert content(row, style) == content(curie(), style)


def test_plain_data_without_facts_gathers_its_relations() -> None:
    ents = [
        {"start": 0, "end": 2, "label": "A"},
        {"start": 3, "end": 4, "label": "A"},
        {"start": 5, "end": 7, "label": "A"},
    ]
    links = [
        {"head": 0, "tail": 1, "label": "r", "score": 0.4},
        {"head": 2, "tail": 1, "label": "r", "score": 0.6},
    ]
    [fact] = content({"text": "Bo x bo", "ents": ents, "relations": links}, "graph").facts
    assert (fact.score, fact.pairs) == (0.6, [(2, 1), (0, 1)])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ents": [{"start": 0, "end": 99, "label": "A"}]}, "an entity from 0 to 99 in 4 characters"),
        ({"ents": [{"start": 2, "end": 2, "label": "A"}]}, "an entity from 2 to 2"),
        ({"ents": [{"label": "A"}]}, "missing 2 required positional arguments"),
        ({"ents": ["A"]}, "mapping"),
        ({"relations": [{"head": 0, "tail": 1, "label": "r"}]}, "head or tail of 'r' is 0"),
        ({"facts": [{"label": "r", "pairs": []}]}, "'r' has no pairs"),
        ({"facts": [{"label": "r", "pairs": [[0]]}]}, "two numbers"),
        ({"ents": [{"start": 0, "end": 1, "label": "A", "score": "high"}]}, "could not convert"),
        ({"sents": [3]}, "int"),
    ],
)
def test_what_plain_data_lacks_is_told(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*in the dict of the text 'text'"):
        content({"text": "text", **row})


@pytest.mark.parametrize("source", [None, 3, {"ents": []}, {"text": 3}])
def test_what_is_no_document_is_told(source: Any) -> None:
    with pytest.raises(TypeError, match="A Doc, a Span or a dict with a text can be drawn"):
        content(source)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": {}}, "There is no option 'color'. Choose among colors, ents"),
        ({"threshold": 2}, "'threshold' is 2, but it has to be a number from 0 to 1"),
        ({"threshold": float("nan")}, "'threshold' is nan"),
        ({"ents": "PER"}, "'ents' is 'PER', but it has to be a list of labels"),
        ({"theme": "blue"}, "one of auto, light, dark"),
        ({"width": -1}, "'width' is -1"),
        ({"colors": ["red"]}, "a dict of colours by label"),
    ],
)
def test_options_that_cant_be_used_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_options(options)


def test_the_defaults_draw_everything() -> None:
    assert read_options(None) == Options()
    assert content(Doc(VOCAB)).mentions == []
