"""The relations or facts of a drawing as a table: what a screen reader reads, and all that is left without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from .colors import Colors
from .content import Content, Link
from .markup import element, isolated
from .texts import evidence, first_place


def link_table(content: Content, links: Sequence[Link], colors: Colors, name: str) -> str:
    """Write a table. The script that draws arrows reads from its rows what to draw.

    content (Content): The document.
    links (Sequence[Link]): Its relations or facts.
    colors (Colors): Colours of their labels.
    name (str): What one of them is called.
    RETURNS (str): Markup.
    """
    header = "".join(element("th", cell, scope="col") for cell in ("head", name, "tail", "score", "evidence"))
    rows = "".join(_row(content, number, link, colors) for number, link in enumerate(links))
    summary = f"{len(links)} {name}{'s' * (len(links) != 1)}"
    table = element("table", element("thead", element("tr", header)) + element("tbody", rows))
    return element("details", element("summary", summary) + table, open=True)


def mention_text(content: Content, number: int) -> str:
    """content (Content): A document. number (int): Of one of its mentions.
    RETURNS (str): The mention's text on one line."""
    mention = content.mentions[number]
    return " ".join(content.text[mention.start : mention.end].split())


def _row(content: Content, number: int, link: Link, colors: Colors) -> str:
    head, tail = link.pairs[0]
    id_ = f" {element('small', isolated(link.id))}" if link.id else ""
    cells = (
        element("td", isolated(mention_text(content, head))),
        element("td", isolated(link.label) + id_, class_="sl-label"),
        element("td", isolated(mention_text(content, tail))),
        element("td", f"{link.score:.2f}", class_="sl-score"),
        element("td", _evidence(content, link), class_="sl-evidence"),
    )
    return element(
        "tr",
        "".join(cells),
        style=colors.style(link.label),
        data_r=number,
        data_h=head,
        data_t=tail,
        data_l=link.label,
        data_s=round(link.score, 4),
        data_at=first_place(content, link.pairs[0]),
        data_dashed=not link.stated,
    )


def _evidence(content: Content, link: Link) -> str:
    """Each sentence once, however many pairs of the fact stand in it."""
    found = dict.fromkeys(evidence(content, pair) for pair in link.pairs)
    return "".join(element("p", sentence) for sentence in found)
