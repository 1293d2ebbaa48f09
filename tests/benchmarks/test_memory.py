from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import memory
from benchmarks.memory import MODEL, OURS, PIPE, THEIRS, main


def test_all_ways(
    tmp_path: Path,
    tiny: list[str],
    run_here: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("transformers")
    if not Path("/proc/self/status").exists():
        pytest.skip("tells memory as Linux does")
    monkeypatch.setattr(memory, "run_elsewhere", run_here)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "ab"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\n")
    out = tmp_path / "new" / "memory.json"
    main([str(tmp_path), "--rounds=1", f"--out={out}", *tiny])
    assert PIPE in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert data["sizes"]["hidden_size"] == 16
    found = [(way["work"], way["dtype"], way["library"]) for way in data["ways"]]
    types = ("float32", "bfloat16")
    assert found == [(w, d, library) for w in (MODEL, PIPE) for d in types for library in (THEIRS, OURS)]
