"""Texts with marks: all of the text, tags that nest, nothing unescaped."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from drawn import attack, curie
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.rendering.colors import Colors
from spacy_luke.rendering.content import read_content
from spacy_luke.rendering.markup import element, text
from spacy_luke.rendering.options import Options
from spacy_luke.rendering.texts import evidence, marked_text


class Reader(HTMLParser):
    """Reads markup as a browser does: the text, that of each mention, and whether tags nest."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text = ""
        self.marked: dict[int, str] = {}
        self.cards: list[int] = []
        self.open: list[tuple[str, int]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        assert tag in ("mark", "span"), tag
        self.open.append((tag, int(known.get("data-m") or -1)))
        if known.get("data-c"):
            json.loads(known["data-c"] or "")
            self.cards.append(int(known["data-m"] or -1))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] == "span":
            return  # a label
        self.text += data
        for _, number in self.open:
            self.marked[number] = self.marked.get(number, "") + data


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    whole = draw(st.text(min_size=1, max_size=40, alphabet=st.sampled_from("ab <>&\"'\n\u05d0😀")))
    places = st.tuples(st.integers(0, len(whole) - 1), st.integers(1, len(whole)))
    found = [(min(a, b - 1), max(a + 1, b)) for a, b in draw(st.lists(places, max_size=6))]
    labels = st.sampled_from(["PER", "<b>", "&amp;", ""])
    return {"text": whole, "ents": [{"start": a, "end": b, "label": draw(labels)} for a, b in found]}


@given(rows())
def test_marks_hold_their_mentions_and_the_text_stays(row: dict[str, object]) -> None:
    content = read_content(row, "ents", Options())
    read = Reader(marked_text(content, Colors({})))
    assert read.text == content.text
    assert read.open == []
    assert read.marked == {i: content.text[m.start : m.end] for i, m in enumerate(content.mentions)}
    assert sorted(read.cards) == list(range(len(content.mentions)))  # each once, though some are cut


def test_characters_that_html_lacks_are_shown_as_such() -> None:
    assert text("a\0b\ud800\x1b") == "a\ufffdb\ufffd\ufffd"
    content = read_content(attack(), "ents", Options())
    read = Reader(marked_text(content, Colors({})))
    assert read.text == content.text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


def test_evidence_is_the_sentences_with_the_pair_in_bold() -> None:
    content = read_content(curie(), "relations", Options())
    near = evidence(content, (0, 1))
    assert near == "<b><bdi>Marie Curie</bdi></b> was born in <b><bdi>Warsaw</bdi></b> in 1867 ."
    both = evidence(content, (3, 0))
    assert both.startswith("<b><bdi>Marie Curie</bdi></b> was born")
    assert "studied in <b><bdi>Paris</bdi></b> and" in both


def test_evidence_without_sentences_is_what_stands_around() -> None:
    whole = f"Bob {'x' * 300} Ann"
    ents = [{"start": 0, "end": 3, "label": "P"}, {"start": len(whole) - 3, "end": len(whole), "label": "P"}]
    content = read_content({"text": whole, "ents": ents}, "ents", Options())
    assert evidence(content, (0, 1)) == "<b><bdi>Bob</bdi></b> … <b><bdi>Ann</bdi></b>"
    content = read_content({"text": f"Bob {'some words ' * 30}Ann", "ents": ents[:1]}, "ents", Options())
    assert evidence(content, (0, 0)).endswith("some words some words")  # whole words


def test_elements_escape_their_attributes() -> None:
    assert element("p", "<b>x</b>", title='"<', data_r=0, hidden=True, id=None, open=False) == (
        '<p title="&quot;&lt;" data-r="0" hidden><b>x</b></p>'
    )
