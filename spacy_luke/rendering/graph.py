"""Facts as a graph: entities in boxes, a curve with the relation's name for each fact. SVG that needs no script."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple
from unicodedata import east_asian_width

import numpy as np

from ..annotation import normalize
from .colors import Colors
from .content import Content, Link
from .layout import Array, place_boxes
from .markup import element, text

WIDTH = 860.0  # pixels: how wide parts of the graph may stand side by side
NAME, LABEL = 13.5, 11.5  # sizes of type in pixels
_LINE, _LINES = (
    24,
    3,
)  # characters and lines of a name that are shown; all of it is told when it is pointed at
_MARGIN = 6.0
# Widths of the characters from " " on, in hundredths of the size of type: Helvetica, Arial, Liberation Sans.
_WIDTHS = (28, 28, 36, 56, 56, 89, 67, 19, 33, 33, 39, 58, 28, 33, 28, 28, *[56] * 10, 28, 28, 58, 58, 58, 56)
_WIDTHS += (
    102,
    67,
    67,
    72,
    72,
    67,
    61,
    78,
    72,
    28,
    50,
    67,
    56,
    83,
    72,
    78,
    67,
    78,
    72,
    67,
    61,
    72,
    67,
    94,
    67,
    67,
    61,
)
_WIDTHS += (
    28,
    28,
    28,
    47,
    56,
    33,
    56,
    56,
    50,
    56,
    56,
    28,
    56,
    56,
    22,
    22,
    50,
    22,
    83,
    56,
    56,
    56,
    56,
    33,
    50,
    28,
    56,
)
_WIDTHS += (50, 72, 50, 50, 50, 33, 26, 33, 58)


class Node(NamedTuple):
    """An entity of the graph: its name, its label, and how often it is mentioned there."""

    name: str
    label: str


def graph(content: Content, labels: Colors, lines: Colors) -> str:
    """content (Content): A document with facts. labels (Colors): Of its entities. lines (Colors): Of its relations.
    RETURNS (str): SVG; "" if there are no facts."""
    if not content.facts:
        return ""
    nodes, ends = _nodes(content)
    boxes = [_box(node.name, NAME, (22.0, 10.0)) for node in nodes]
    sizes = np.array([*boxes, *(_box(fact.label, LABEL, (8.0, 3.0)) for fact in content.facts)])
    joined = [(end, len(nodes) + i) for i, pair in enumerate(ends) for end in pair]
    centres = place_boxes(sizes, joined, WIDTH) + _MARGIN
    width, height = (centres + sizes / 2).max(axis=0) + _MARGIN
    curves, names = [], []
    for i, (fact, (head, tail)) in enumerate(zip(content.facts, ends, strict=True)):
        middle = len(nodes) + i
        told = f"{nodes[head].name}: {fact.label}: {nodes[tail].name}, score {fact.score:.2f}"
        curves.append(_curve(i, fact, centres[[head, middle, tail]], sizes[[head, tail]], lines))
        names.append(_name(i, fact, (head, tail), told, centres[middle], sizes[middle], lines))
    shapes = [_node(i, node, centres[i], sizes[i], labels) for i, node in enumerate(nodes)]
    return element(
        "svg",
        "".join(curves + names + shapes),  # no curve crosses a name
        class_="sl-graph",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="group",
        aria_label="Facts as a graph",
    )


def text_width(value: str, size: float) -> float:
    """value (str): A line. size (float): Its type in pixels. RETURNS (float): About how wide it is, in pixels."""
    return sum(map(_character_width, value)) * size / 100


def _character_width(character: str) -> int:
    if " " <= character <= "~":
        return _WIDTHS[ord(character) - ord(" ")]
    return 100 if east_asian_width(character) in "WF" else 60


def _nodes(content: Content) -> tuple[list[Node], list[tuple[int, int]]]:
    """Entities, and those that each fact joins. Mentions with equal names are of one entity."""
    numbers: dict[str, int] = {}
    nodes: list[Node] = []

    def number(i: int) -> int:
        mention = content.mentions[i]
        name = " ".join(content.text[mention.start : mention.end].split())
        key = normalize(name)
        if key not in numbers:
            numbers[key] = len(nodes)
            nodes.append(Node(name, mention.label))
        return numbers[key]

    ends = [(number(fact.pairs[0][0]), number(fact.pairs[0][1])) for fact in content.facts]
    return nodes, ends


def _box(value: str, size: float, margin: tuple[float, float]) -> tuple[float, float]:
    lines = _shown(value)
    return max(text_width(line, size) for line in lines) + margin[0], _height(size) * len(lines) + margin[1]


def _height(size: float) -> float:
    return round(1.2 * size)


def _shown(value: str) -> list[str]:
    return wrap(value, _LINE, max_lines=_LINES, placeholder=" …") or [value]


def _node(number: int, node: Node, centre: Array, size: Array, colors: Colors) -> str:
    told = f"{node.name}, {node.label}" if node.label else node.name
    radius = min(size[1], _height(NAME) + 10) / 2
    return element(
        "g",
        element("title", text(told)) + _rectangle(centre, size, radius) + _lines(node.name, centre, NAME),
        class_="sl-node",
        style=colors.style(node.label),
        data_m=number,
        tabindex=0,
        role="img",
        aria_label=told,
    )


def _name(
    number: int, fact: Link, ends: tuple[int, int], told: str, centre: Array, size: Array, colors: Colors
) -> str:
    return element(
        "g",
        element("title", text(told)) + _rectangle(centre, size, 4.0) + _lines(fact.label, centre, LABEL),
        class_="sl-name",
        style=colors.style(fact.label),
        data_r=number,
        data_h=ends[0],
        data_t=ends[1],
        tabindex=0,
        role="img",
        aria_label=told,
    )


def _curve(number: int, fact: Link, places: Array, sizes: Array, colors: Colors) -> str:
    """From the head's box through the name to the tail's box. places: Shape: (3, 2) sizes: Of both boxes."""
    start, bend, stop = _parabola(*places, *sizes)
    along = (stop - bend) / max(float(np.linalg.norm(stop - bend)), 1e-6)
    across = np.array([-along[1], along[0]])
    corners = (stop, stop - 8 * along + 3.6 * across, stop - 8 * along - 3.6 * across)
    way = f"M{_pair(start)}Q{_pair(bend)} {_pair(stop - 5 * along)}"
    path = element("path", d=way, stroke_width=f"{0.9 + 1.1 * fact.score:.2f}")
    tip = element("polygon", points=" ".join(map(_pair, corners)))
    return element("g", path + tip, style=colors.style(fact.label), data_r=number, aria_hidden="true")


def _parabola(
    head: Array, middle: Array, tail: Array, head_size: Array, tail_size: Array
) -> tuple[Array, Array, Array]:
    """From box to box through the middle: where it begins, its bend, where it ends."""
    if np.array_equal(head, tail):  # a loop: out of one side of the box and back into the other
        shift = np.array([head_size[0] / 4, 0.0])
        head, tail = head - shift, tail + shift
    bend = 2 * middle - (head + tail) / 2
    at = np.linspace(0.0, 1.0, 101)[:, None]
    points = (1 - at) ** 2 * head + 2 * at * (1 - at) * bend + at**2 * tail
    first = _leaves(points, head, head_size) / 100
    last = 1 - _leaves(points[::-1], tail, tail_size + 3) / 100
    if first >= last:  # the boxes touch
        first, last = 0.0, 1.0

    def point(a: float, b: float) -> Array:
        """Of the part from a to b: its ends for equal ones, its bend for a and b."""
        found: Array = (1 - a) * (1 - b) * head + ((1 - a) * b + a * (1 - b)) * bend + a * b * tail
        return found

    return point(first, first), point(first, last), point(last, last)


def _leaves(points: Array, centre: Array, size: Array) -> int:
    """The first of the points that is outside of the box."""
    outside = (np.abs(points - centre) > size / 2).any(axis=1)
    return int(np.argmax(outside)) if outside.any() else 0


def _rectangle(centre: Array, size: Array, radius: float) -> str:
    x, y = centre - size / 2
    return element("rect", x=_px(x), y=_px(y), width=_px(size[0]), height=_px(size[1]), rx=_px(radius))


def _lines(value: str, centre: Array, size: float) -> str:
    """Lines of text, as wide as was reckoned whatever the font."""
    lines = _shown(value)
    top = centre[1] - _height(size) * (len(lines) - 1) / 2 + 0.35 * size
    return "".join(
        element(
            "text",
            text(line),
            x=_px(centre[0]),
            y=_px(top + i * _height(size)),
            font_size=size,
            textLength=_px(text_width(line, size)),
            text_anchor="middle",
        )
        for i, line in enumerate(lines)
    )


def _pair(place: Array) -> str:
    return f"{_px(place[0])} {_px(place[1])}"


def _px(value: float) -> str:
    return f"{value:.1f}"
