"""What `benchmarks.house` counts."""

from __future__ import annotations

from pathlib import Path

from benchmarks.house import count, walk

CODE = '''"""A module."""

from typing import Any


def public(value: Any) -> None:
    """Documented."""
    import json

    json.dumps(value)


class Open:
    def method(self) -> Any:  # type: ignore[misc]
        return None

    def _hidden(self) -> None: ...
'''


def test_counts(tmp_path: Path):
    (tmp_path / "one.py").write_text(CODE)
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "prose.py").write_text("X = 1\n")
    assert count(tmp_path) == {
        "lines": 17,
        "files": 1,
        "longest file": 17,
        "modules at the root": 1,
        "functions": 3,
        "median function": 2,
        "longest function": 5,
        "public without docstring": 2,
        "Any": 2,
        "type: ignore": 1,
        "late imports": 1,
    }


def test_a_document_walks_through_the_package():
    way = walk()
    assert 10 < way["files"] <= way["functions called"] <= way["calls"]
