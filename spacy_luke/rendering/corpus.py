"""One page over a corpus: a list of documents to search and filter, and beside it the one that is read.

The page holds an index of all documents, and each document's figure as a string that is parsed when it is opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from ..types import PathOrStr
from .content import Content, Row, read_content
from .figures import draw, two_colors
from .markup import element, isolated, static
from .options import read_options
from .pages import figure_script, page_frame
from .tables import mention_text

_TITLE = 80  # characters of a text that stand for a missing title
Add = Callable[["Doc | Span | Row"], None]


def write_page(
    docs: Iterable[Doc | Span | Row],
    path: PathOrStr,
    title: str = "Documents",
    options: Mapping[str, Any] | None = None,
) -> int:
    """Write one page over a corpus, with a search, and filters by label and score. It asks no network for anything.

    docs (Iterable[Doc | Span | dict]): The documents, read one by one. A dict is plain data, as docs/RENDER.md lists.
    path (str | PathLike): File to write.
    title (str): Title of the page.
    options (Mapping[str, Any] | None): See `Options`; `facts` is true if it isn't given.
    RETURNS (int): How many documents it has.
    RAISES (TypeError, ValueError): If there is no such option, or if something can't be drawn; no file is written then.
    """
    n = 0
    with writing_page(path, title, options) as add:
        for doc in docs:
            add(doc)
            n += 1
    return n


@contextmanager
def writing_page(path: PathOrStr, title: str, options: Mapping[str, Any] | None = None) -> Iterator[Add]:
    """Write a page as `write_page` does, for who meets the documents one by one.

    path, title, options: See `write_page`.
    YIELDS (Callable[[Doc | Span | dict], None]): Adds a document. The file is there after the last one.
    """
    chosen = read_options({"facts": True, **(options or {})})
    colors = two_colors(chosen)
    script = figure_script(static("corpus.js"))
    begin, end = page_frame(title, static("figure.css") + static("corpus.css"), script, chosen.theme)
    names: dict[str, int] = {}
    index: list[list[Any]] = []
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf8") as file:
            file.write(begin + _controls(title))

            def add(doc: Doc | Span | Row) -> None:
                content = read_content(doc, "relations", chosen)
                figure = draw(content._replace(title=""), "relations", chosen, colors)
                file.write(_data(figure, f"d{len(index)}") + "\n")
                index.append(_entry(content, names))

            yield add
            file.write(_data({"labels": list(names), "docs": index}, "index") + end)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _entry(content: Content, names: dict[str, int]) -> list[Any]:
    """What the list knows of a document: title, text, mentions (text, label, score), relations (label, score, head and
    tail by number). Labels are numbers of names."""
    mentions = [
        (
            mention_text(content, number),
            names.setdefault(mention.label, len(names)),
            1.0 if mention.score is None else round(mention.score, 4),
        )
        for number, mention in enumerate(content.mentions)
    ]
    links = [
        (names.setdefault(link.label, len(names)), round(link.score, 4), *link.pairs[0])
        for link in content.relations
    ]
    return [content.title or _beginning(content.text), content.text, mentions, links]


def _beginning(whole: str) -> str:
    whole = " ".join(whole[: 4 * _TITLE].split())
    return whole if len(whole) <= _TITLE else f"{whole[:_TITLE].rsplit(maxsplit=1)[0]} …"


def _data(value: Any, id_: str) -> str:
    """Data that no browser takes for markup or code: it holds no "<"."""
    packed = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{id_}">{packed}</script>'


def _controls(title: str) -> str:
    fields = (
        '<label>Search <input type="search" id="query" autocomplete="off" spellcheck="false"></label>'
        '<label>Label <select id="label"><option value="">all</option></select></label>'
        '<label>Score from <input type="range" id="threshold" min="0" max="1" step="0.05" value="0">'
        ' <output id="chosen">0.00</output></label>'
        '<span id="count" role="status"></span>'
    )
    header = element("h1", isolated(title)) + element("form", fields, role="search")
    missing = element("noscript", "This page needs JavaScript: the list of documents is made by a script.")
    panes = (
        '<nav aria-label="Documents"><ol id="list"></ol><div id="more"></div></nav>'
        '<main id="reader" tabindex="-1"></main>'
    )
    return element("header", header) + missing + element("div", panes, id="panes")
