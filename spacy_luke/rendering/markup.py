"""HTML as strings: every attribute is escaped here, and every text by `text`."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
# Characters that HTML can't hold, lone surrogates among them, are shown as U+FFFD.
_IMPOSSIBLE = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def text(value: str) -> str:
    """value (str): Any text. RETURNS (str): It as markup."""
    return escape(_IMPOSSIBLE.sub("\ufffd", value))


def element(name: str, content: str = "", /, **attributes: str | float | bool | None) -> str:
    """Write an element.

    name (str): Its name.
    content (str): Markup inside it.
    **attributes: `class_` for class, `data_r` for data-r. None and False leave one out; True writes its name alone.
    RETURNS (str): Markup.
    """
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{text(str(value))}"')
    return f"<{' '.join(words)}>{content}</{name}>"


def isolated(value: str) -> str:
    """value (str): Any text. RETURNS (str): It as markup, so that its direction changes nothing around it."""
    return f"<bdi>{text(value)}</bdi>"


def static(name: str) -> str:
    """name (str): A file of ours. RETURNS (str): Its text, for a `style` or a `script` element."""
    return (_STATIC / name).read_text(encoding="utf8")
