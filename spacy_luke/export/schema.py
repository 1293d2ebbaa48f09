"""The JSON schema of what `to_dict` gives."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "document.v1.json"


def read_schema() -> dict[str, Any]:
    """RETURNS (dict[str, Any]): The schema, for a library such as `jsonschema`."""
    schema: dict[str, Any] = json.loads(_text())
    return schema


@lru_cache
def _text() -> str:
    return FILE.read_text(encoding="utf8")
