"""A real browser: Debian's chromium. Without it the tests skip, unless SPACY_LUKE_BROWSER is "required"."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

REQUIRED = os.environ.get("SPACY_LUKE_BROWSER") == "required"
OpenPage = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None and not REQUIRED:
        pytest.skip("needs chromium: apt-get install chromium")
    if not REQUIRED:
        pytest.importorskip("playwright", reason="needs the extra test-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[OpenPage]:
    """Gives a function that opens HTML, or a file. In the end nothing must have been wrong on any of the pages."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_(html: str | Path, width: int = 1000, **options: Any) -> Any:
        path = html
        if isinstance(html, str):
            path = tmp_path / f"page{len(contexts)}.html"
            path.write_text(html, encoding="utf8")
        context = chromium.new_context(viewport={"width": width, "height": 800}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: request.url == url or wrong.append(f"request: {request.url}"))
        url = Path(path).as_uri()
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            if page.evaluate("() => window.attacked") is not None:
                wrong.append("a string of a document ran as a script")
        context.close()
    assert wrong == []
