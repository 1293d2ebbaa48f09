"""`render` and `serve`: parts, pages, notebooks, the network."""

from __future__ import annotations

import re
import socket
import sys
import threading
import urllib.request
from types import ModuleType, SimpleNamespace
from typing import Any
from wsgiref import simple_server

import pytest
from drawn import ATTACK, attack, crowd, curie
from spacy.tokens import Doc

import spacy_luke
from spacy_luke.rendering.figures import NONE_FOUND

STYLES = tuple(NONE_FOUND)


@pytest.mark.parametrize("style", STYLES)
def test_a_part_has_all_that_it_needs(style: str) -> None:
    html = spacy_luke.render(curie(), style)
    assert html is not None
    assert html.count("<style>") == html.count("<script>") == html.count("<figure") == 1
    assert "Marie Curie" in html
    assert not re.search(
        r"(?:https?:)?//(?!www\.w3\.org/2000/svg)\w", re.sub(r"^\s*//.*$", "", html, flags=re.M)
    )


def test_the_table_says_what_the_arrows_show() -> None:
    html = spacy_luke.render(curie(), options={"facts": True}) or ""
    rows = re.findall(r"<tr [^>]*data-r=.*?</tr>", html, re.S)
    assert len(rows) == 3
    assert ["data-dashed" in row for row in rows] == [False, False, True]
    for part in (
        "place of birth",
        "P19",
        "0.93",
        'data-h="0"',
        'data-t="1"',
        "<b><bdi>Warsaw</bdi></b> in 1867",
    ):
        assert part in rows[0]


def test_two_parts_on_one_page_have_names_of_their_own() -> None:
    ids = {re.search(r'id="(spacy-luke-\w+)"', spacy_luke.render(curie()) or "").group(1) for _ in range(2)}  # type: ignore[union-attr]
    assert len(ids) == 2
    assert re.findall(r'\bid="', spacy_luke.render([curie(), crowd()]) or "") == ['id="']


def test_a_page_may_load_nothing() -> None:
    html = spacy_luke.render([curie(), crowd()], page=True) or ""
    assert html.startswith("<!DOCTYPE html>")
    assert "default-src &#x27;none&#x27;" in html
    assert html.count("<script>") == 1
    assert html.count("<figure") == 2


@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_hostile_strings_are_escaped(style: str, page: bool) -> None:
    html = spacy_luke.render(attack(), style, page=page) or ""
    assert "<img" not in html
    assert html.count("</script>") == 1
    assert ATTACK not in html
    html.encode("utf8")


@pytest.mark.parametrize("style", STYLES)
def test_nothing_to_draw_is_told(style: str) -> None:
    assert NONE_FOUND[style] in (spacy_luke.render({"text": "Nothing here."}, style) or "")
    assert NONE_FOUND[style] in (spacy_luke.render(Doc(curie().vocab), style) or "")


def test_options_of_a_figure() -> None:
    html = (
        spacy_luke.render(curie(), options={"width": 500, "theme": "dark", "colors": {"PER": "teal"}}) or ""
    )
    assert "max-width:500px" in html
    assert 'data-theme="dark"' in html
    assert "--f:teal" in html


def test_a_label_has_one_colour_in_all_documents_of_a_call() -> None:
    html = spacy_luke.render([crowd(), crowd(3)]) or ""
    styles = re.findall(r'<tr style="([^"]*)"[^>]*data-l="employer"', html)
    assert len(styles) > 1
    assert len(set(styles)) == 1


def test_wrong_calls_are_told() -> None:
    with pytest.raises(ValueError, match=r"There is no style 'dep'\. Choose one of relations, graph, ents"):
        spacy_luke.render(curie(), "dep")
    for wrong in ("text", None, 3):
        with pytest.raises(TypeError, match="can be drawn, not"):
            spacy_luke.render(wrong)  # type: ignore[arg-type]


def test_a_notebook_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    fake = ModuleType("IPython.display")
    fake.HTML, fake.display = SimpleNamespace, shown.append  # type: ignore[attr-defined]
    fake.HTML = lambda data: data  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    assert spacy_luke.render(curie(), jupyter=True) is None
    monkeypatch.setattr("spacy_luke.rendering.figures.is_in_jupyter", lambda: True)
    assert spacy_luke.render(curie()) is None
    assert isinstance(spacy_luke.render(curie(), jupyter=False), str)
    assert ["<figure" in html for html in shown] == [True, True]
    assert "tex2jax_ignore" in shown[0]  # dollars are no formulas


def test_without_ipython_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ValueError, match="IPython, which does that, is not installed"):
        spacy_luke.render(curie(), jupyter=True)


def test_serve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One request is answered; then the user interrupts."""
    answers: list[Any] = []

    def serve_once(server: simple_server.WSGIServer) -> None:
        url = f"http://127.0.0.1:{server.server_port}/"
        asking = threading.Thread(
            target=lambda: answers.append(urllib.request.urlopen(url, timeout=20).read())
        )
        asking.start()
        server.handle_request()
        asking.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(simple_server.WSGIServer, "serve_forever", serve_once)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spacy_luke.serve(curie(), "graph", port=port)
    assert b"Marie Curie" in answers[0]
    assert answers[0].startswith(b"<!DOCTYPE html>")
    assert f"The page is on http://127.0.0.1:{port}" in capsys.readouterr().out
