"""Whole pages. A page may load nothing, from nowhere, and runs one script alone, whatever stands in its body."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from .markup import static, text


def page_frame(title: str, styles: str, script: str, theme: str) -> tuple[str, str]:
    """title (str): Title of a page. styles (str): Its style sheet. script (str): Its script.
    theme (str): Whether it is light or dark, as in `Options`.
    RETURNS (tuple[str, str]): What stands before and after its body. The page may load nothing, and run that script
        alone."""
    digest = b64encode(sha256(script.encode("utf8")).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en" data-theme="{text(theme)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{text(title)}</title><style>{styles}</style></head>\n<body>\n",
        f"\n<script>{script}</script>\n</body></html>\n",
    )


def figure_script(start: str) -> str:
    """start (str): JavaScript that calls `spacyLukeFigure`. RETURNS (str): A script that says what that does."""
    parts = "".join(map(static, ("figure.js", "arrows.js", "card.js")))
    return f'(() => {{ "use strict";\n{parts}\n{start} }})();'
