"""The graph of facts: no box on another, all in the picture, the same each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawn import attack, crowd, curie
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_luke.rendering.colors import Colors
from spacy_luke.rendering.content import read_content
from spacy_luke.rendering.graph import graph, text_width
from spacy_luke.rendering.layout import place_boxes
from spacy_luke.rendering.options import Options


def overlaps(centres: np.ndarray, sizes: np.ndarray) -> int:
    between = np.abs(centres[:, None] - centres[None])
    hits = (between < (sizes[:, None] + sizes[None]) / 2).all(axis=-1)
    return int(hits.sum()) - len(hits)


@given(st.integers(1, 14), st.data())
@settings(max_examples=30)
def test_boxes_stand_apart(n: int, data: st.DataObject) -> None:
    nodes = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(nodes, nodes), max_size=30))
    widths = data.draw(st.lists(st.floats(10, 200), min_size=n, max_size=n))
    sizes = np.column_stack([widths, [24.0] * n])
    centres = place_boxes(sizes, edges, 800)
    assert overlaps(centres, sizes) == 0
    assert (centres - sizes / 2).min() > -1e-6
    assert np.array_equal(centres, place_boxes(sizes, edges, 800))


def draw(doc: Doc | dict[str, object]) -> ET.Element:
    """The graph, read as XML: all is escaped and closed."""
    return ET.fromstring(graph(read_content(doc, "graph", Options()), Colors({}), Colors({})))


def shapes(svg: ET.Element, name: str) -> list[ET.Element]:
    return [group for group in svg.iter("g") if group.get("class") == name]


def test_each_entity_and_each_fact_once() -> None:
    svg = draw(curie())
    entities = [node.get("aria-label") for node in shapes(svg, "sl-node")]
    assert entities == ["Marie Curie, PER", "Warsaw, LOC", "1867, TIME", "Paris, LOC"]
    facts = shapes(svg, "sl-name")
    assert [fact.get("aria-label") for fact in facts] == [
        "Marie Curie: place of birth: Warsaw, score 0.93",
        "Marie Curie: date of birth: 1867, score 0.74",
        "Marie Curie: residence: Paris, score 0.55",
    ]
    assert [(fact.get("data-h"), fact.get("data-t")) for fact in facts] == [
        ("0", "1"),
        ("0", "2"),
        ("0", "3"),
    ]


@pytest.mark.parametrize("doc", [curie(), crowd(30), attack()])
def test_all_is_in_the_picture_and_apart(doc: Doc | dict[str, object]) -> None:
    svg = draw(doc)
    _, _, width, height = map(float, (svg.get("viewBox") or "").split())
    boxes = np.array(
        [[float(box.get(key) or 0) for key in ("x", "y", "width", "height")] for box in svg.iter("rect")]
    )
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= [width, height]).all()
    assert overlaps(boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:]) == 0
    for path in svg.iter("path"):
        assert not re.search("nan|inf", path.get("d") or "")


def test_a_fact_about_itself_is_a_loop() -> None:
    ents = [{"start": 0, "end": 3, "label": "P"}, {"start": 4, "end": 7, "label": "P"}]
    svg = draw({"text": "Bob bob", "ents": ents, "relations": [{"head": 0, "tail": 1, "label": "knows"}]})
    assert len(shapes(svg, "sl-node")) == 1
    [path] = svg.iter("path")
    assert "nan" not in (path.get("d") or "")


def test_long_names_are_cut_and_told_whole() -> None:
    name = "word " * 40 + "end"
    ents = [{"start": 0, "end": len(name), "label": "P"}]
    svg = draw({"text": name, "ents": ents, "relations": [{"head": 0, "tail": 0, "label": "is"}]})
    [node] = shapes(svg, "sl-node")
    assert [line.text for line in node.iter("text")][-1].endswith("…")  # type: ignore[union-attr]
    assert node.get("aria-label") == f"{name}, P"


def test_text_widths() -> None:
    assert text_width("il W~", 100) == 22 + 22 + 28 + 94 + 58
    assert text_width("東京", 10) == 20
    assert text_width("", 10) == 0
