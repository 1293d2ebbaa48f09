from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.shares import main


@pytest.mark.parametrize(
    "size", [[], ["--size", "hidden_size=24", "num_attention_heads=2", "num_hidden_layers=1"]]
)
def test_shares(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: list[str]) -> None:
    out = tmp_path / "new" / "shares.json"
    main([str(corpus), "--docs=9", f"--out={out}", *size])
    assert "words a second" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["documents"], data["words"]) == (9, 36)
    assert sum(data["shares"].values()) == pytest.approx(1)
    assert all(share > 0 for step, share in data["shares"].items() if not size or step != "split into tokens")
    assert bool(data["sizes"]) == bool(size)
