"""`render` and `serve`: drawings of documents, for notebooks, for pages of one's own, for a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from uuid import uuid4

from spacy.tokens import Doc, Span
from spacy.util import find_available_port, is_in_jupyter

from ..errors import Errors
from .colors import Colors
from .content import Content, Row, read_content
from .graph import graph
from .markup import element, isolated, static, text
from .options import Options, read_options
from .pages import figure_script, page_frame
from .tables import link_table
from .texts import marked_text

Source: TypeAlias = "Doc | Span | Row"
NONE_FOUND = {"relations": "No relations.", "graph": "No facts.", "ents": "No entities."}


def render(
    docs: Source | Iterable[Source],
    style: str = "relations",
    page: bool = False,
    jupyter: bool | None = None,
    options: Mapping[str, Any] | None = None,
) -> str | None:
    """Draw documents. The result asks no network for anything, and several on one page don't disturb each other.

    docs (Doc | Span | dict | Iterable): What to draw, one or several. A dict is plain data, as docs/RENDER.md lists.
    style (str): "relations": the text with an arrow for each relation. "graph": the facts as a graph. "ents": the
        text with its entities.
    page (bool): Write a whole page rather than a part of one.
    jupyter (bool | None): Show it in the notebook; None finds out whether this is one.
    options (Mapping[str, Any] | None): See `Options`.
    RETURNS (str | None): HTML; None if it was shown.
    RAISES (TypeError, ValueError): If there is no such style or option, or if something can't be drawn.
    """
    html = _page(docs, style, options) if page else _part(docs, style, options)
    if jupyter or (jupyter is None and is_in_jupyter()):
        _show(html)
        return None
    return html


def serve(
    docs: Source | Iterable[Source],
    style: str = "relations",
    options: Mapping[str, Any] | None = None,
    port: int = 5000,
    host: str = "127.0.0.1",
    auto_select_port: bool = False,
) -> None:
    """Draw documents and serve them as a page, until the process is interrupted.

    docs, style, options: See `render`.
    port (int): Port of the page.
    host (str): Who may see it: by default this machine alone; "0.0.0.0" for all that reach it.
    auto_select_port (bool): Take the next free port if this one is taken.
    """
    from wsgiref.simple_server import make_server  # half of the time that this module takes otherwise

    data = _page(docs, style, options).encode("utf8")

    def answer(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [data]

    port = find_available_port(port, host, auto_select_port)
    with make_server(host, port, answer) as server:
        print(f"\nThe page is on http://{host}:{server.server_port} ... (Ctrl+C ends it)\n", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"The page on port {server.server_port} has ended.")


def draw(content: Content, style: str, options: Options, colors: tuple[Colors, Colors]) -> str:
    """content (Content): A document. style (str): See `render`. options (Options): How to draw.
    colors (tuple[Colors, Colors]): Those of entities and those of relations.
    RETURNS (str): Its figure as markup, without style sheet and script."""
    links = content.facts if style == "graph" else content.relations
    parts = [element("figcaption", isolated(content.title))] if content.title else []
    if style == "graph":
        parts.append(graph(content, *colors))
    else:
        lang = content.lang if content.lang != "xx" else ""
        marked = marked_text(content, colors[0])
        parts.append(element("div", marked, class_="sl-text", dir=content.direction, lang=lang or None))
    if links:
        parts.append(link_table(content, links, colors[1], "fact" if style == "graph" else "relation"))
    if not (content.mentions if style == "ents" else links):
        parts.append(element("p", text(NONE_FOUND[style]), class_="sl-none"))
    return element(
        "figure",
        "\n".join(parts),
        class_=f"spacy-luke sl-{style} tex2jax_ignore mathjax_ignore",
        data_theme=options.theme,
        style=f"max-width:{options.width}px" if options.width else None,
    )


def two_colors(options: Options) -> tuple[Colors, Colors]:
    """options (Options): Those of a drawing. RETURNS (tuple[Colors, Colors]): Of entities and of relations."""
    return Colors(options.colors), Colors(options.colors)


def _part(docs: Source | Iterable[Source], style: str, options: Mapping[str, Any] | None) -> str:
    figures = _figures(docs, style, read_options(options))
    id_ = f"spacy-luke-{uuid4().hex}"  # other drawings on the page have others
    script = figure_script(f'document.querySelectorAll("#{id_} > figure").forEach(spacyLukeFigure);')
    sheet = element("style", static("figure.css"))
    return element("div", f"{sheet}\n{figures}\n<script>{script}</script>", id=id_)


def _page(docs: Source | Iterable[Source], style: str, options: Mapping[str, Any] | None) -> str:
    chosen = read_options(options)
    figures = _figures(docs, style, chosen)
    script = figure_script('document.querySelectorAll("body > figure").forEach(spacyLukeFigure);')
    begin, end = page_frame("spacy_luke", static("figure.css") + static("page.css"), script, chosen.theme)
    return f"{begin}{figures}{end}"


def _figures(docs: Source | Iterable[Source], style: str, options: Options) -> str:
    if style not in NONE_FOUND:
        raise ValueError(Errors.L631.format(value=style, allowed=", ".join(NONE_FOUND)))
    if isinstance(docs, (Doc, Span, Mapping)):
        docs = [docs]
    if isinstance(docs, str) or not isinstance(docs, Iterable):
        raise TypeError(Errors.L636.format(value=docs))
    colors = two_colors(options)
    return "\n".join(draw(read_content(doc, style, options), style, options, colors) for doc in docs)


def _show(html: str) -> None:
    try:
        from IPython.display import HTML, display
    except ImportError as error:
        raise ValueError(Errors.L638) from error
    display(HTML(html))
