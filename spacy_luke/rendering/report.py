"""The page of a report: plots with what they show, and documents with gold beside prediction."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy.tokens import Doc

from .content import read_content
from .figures import draw, two_colors
from .markup import element, isolated, static, text
from .options import read_options
from .pages import figure_script, page_frame

_SHOWN = 6  # differences that are seen at once


class Part(NamedTuple):
    """A part of a report.

    title (str): Its title.
    plots (Sequence[tuple[str, str]]): What each plot shows, and its SVG.
    table (str): The same figures as text.
    """

    title: str
    plots: Sequence[tuple[str, str]]
    table: str


class Beside(NamedTuple):
    """A document for comparison: its gold, what was predicted, and the differences, a line each."""

    gold: Doc
    predicted: Doc
    differences: Sequence[str]


def report_page(title: str, parts: Iterable[Part], worst: Iterable[Beside]) -> str:
    """title (str): Title of the page. parts (Iterable[Part]): Its parts. worst (Iterable[Beside]): Documents to show.
    RETURNS (str): HTML that asks no network for anything."""
    script = figure_script('document.querySelectorAll("figure.spacy-luke").forEach(spacyLukeFigure);')
    begin, end = page_frame(title, static("figure.css") + static("report.css"), script, "light")
    options = read_options({"theme": "light"})
    colors = two_colors(options)

    def drawn(doc: Doc) -> str:
        return draw(read_content(doc, "relations", options)._replace(title=""), "relations", options, colors)

    body = [element("h1", isolated(title)), *map(_part, parts)]
    documents = [
        element("h3", isolated(" ".join(beside.gold.text[:90].split())))
        + _differences(beside.differences)
        + element(
            "div",
            _column("gold", drawn(beside.gold)) + _column("prediction", drawn(beside.predicted)),
            class_="beside",
        )
        for beside in worst
    ]
    if documents:
        body.append(element("section", element("h2", "Documents with most errors") + "".join(documents)))
    return f"{begin}{''.join(body)}{end}"


def _differences(lines: Sequence[str]) -> str:
    items = [element("li", isolated(line)) for line in lines]
    rest = element("ul", "".join(items[_SHOWN:]))
    more = element("details", element("summary", f"and {len(items) - _SHOWN} more") + rest)
    return element("ul", "".join(items[:_SHOWN])) + (more if len(items) > _SHOWN else "")


def _part(part: Part) -> str:
    plots = "".join(
        element("figure", _image(svg, told) + element("figcaption", text(told)), class_="plot")
        for told, svg in part.plots
    )
    table = element("details", element("summary", "as text") + element("pre", text(part.table)))
    return element("section", element("h2", text(part.title)) + element("div", plots, class_="plots") + table)


def _image(svg: str, told: str) -> str:
    data = b64encode(svg.encode("utf8")).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{text(told)}">'


def _column(name: str, figure: str) -> str:
    return element("div", element("h4", name) + figure)
