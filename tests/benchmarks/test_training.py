from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import training
from benchmarks.encoder import THEIRS
from benchmarks.training import OURS, main


def test_both_ways_learn_the_same(
    tmp_path: Path,
    tiny: list[str],
    run_here: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("transformers")
    if not Path("/proc/self/status").exists():
        pytest.skip("tells memory as Linux does")
    monkeypatch.setattr(training, "run_elsewhere", run_here)
    out = tmp_path / "new" / "training.json"
    main(["--rounds=1", f"--out={out}", *tiny])
    assert OURS in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["rounds"], data["sizes"]["hidden_size"]) == (1, 16)
    ways = {way["name"]: way for way in data["ways"]}
    assert ways[THEIRS]["ratio"] == ways[THEIRS]["megabytes_ratio"] == 1
    assert ways[OURS]["losses"] == pytest.approx(ways[THEIRS]["losses"], abs=1e-5)
    assert ways[OURS]["losses"][2] < ways[OURS]["losses"][0]
    assert all(way["milliseconds"] > 0 for way in ways.values())
