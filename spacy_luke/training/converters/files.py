"""Files of published data, compressed or not."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly


def read_json(path: str | Path) -> Any:
    """path (str | Path): A `.json` or `.json.xz` file. RETURNS (Any): Its contents."""
    return srsly.json_loads(_read_text(Path(path)))


def read_json_lines(path: str | Path) -> Iterator[Any]:
    """path (str | Path): A `.jsonl` or `.jsonl.xz` file. YIELDS (Any): The objects on its lines."""
    yield from map(srsly.json_loads, _read_text(Path(path)).splitlines())


def _read_text(path: Path) -> str:
    data = path.read_bytes()
    return (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf8")
