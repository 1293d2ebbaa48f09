"""The code of a page in docs/."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    """page (str): Name of a page. language (str): Of the code. RETURNS (list[str]): Its blocks of code."""
    text = (DOCS / page).read_text(encoding="utf8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
