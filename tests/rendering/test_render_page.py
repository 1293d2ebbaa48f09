"""The code in docs/RENDER.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from spacy_luke.rendering.options import Options

PAGE = (Path(__file__).parents[2] / "docs" / "RENDER.md").read_text(encoding="utf8")


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(blocks) == 4
    for code in blocks:
        exec(compile(code, "RENDER.md", "exec"), names)
    assert names["page"].startswith("<!DOCTYPE html>")
    assert "Ada Lovelace" in names["html"]
    assert (tmp_path / "corpus.html").is_file()


def test_the_page_lists_every_option() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ", PAGE.split("## Options")[1].split("## One page")[0], re.M)
    assert listed == list(Options.__dataclass_fields__)
