from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.growth import KINDS, ORDERS, main


def test_all_sizes_and_orders(
    corpus: Path,
    tmp_path: Path,
    run_here: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("tells memory as Linux does")
    monkeypatch.setattr(growth, "run_elsewhere", run_here)
    out = tmp_path / "new" / "growth.json"
    sizes = ["--length", "10", "600", "--entities", "1", "20", "--words", "30", "--batches", "1", "8"]
    main([str(corpus), *sizes, "--docs=4", "--rounds=1", f"--out={out}"])
    assert "words/s" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert [[point["size"] for point in data[kind]] for kind in KINDS] == [[10, 600], [1, 20], [30]]
    assert all(point["seconds"] > 0 for kind in KINDS for point in data[kind])
    found = [(way["order"], way["batch_size"]) for way in data["orders"]]
    assert found == [(order, size) for order in ORDERS for size in (1, 8)]
    assert data["orders"][0]["times_the_first"] == 1
