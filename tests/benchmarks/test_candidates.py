from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.candidates import ALL, PREFILTER, WIDE, main


def test_all_ways(
    make_checkpoint: Callable[..., str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = make_checkpoint(loud=True, joint={"proposals_per_token": 0.5, "proposal_floor": 0.4})
    out = tmp_path / "new" / "candidates.json"
    main(
        [
            str(corpus),
            f"--checkpoint={checkpoint}",
            f"--out={out}",
            "--floor=0",
            "--width=3",
            "--docs=5",
            "--rounds=1",
        ]
    )
    assert "entities found" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["documents"], data["timed"]) == (16, 5)
    ways = {way["name"]: way for way in data["ways"]}
    assert ways[ALL]["recall"] == ways[ALL]["faster"] == 1
    assert ways[ALL]["per_token"] == pytest.approx(9 / 4)  # of four tokens
    assert (ways[ALL]["found"], ways[ALL]["changed"]) == (1, 0)
    assert ways[WIDE]["per_token"] == pytest.approx(0.5)
    assert ways[PREFILTER]["per_token"] < 0.5
    assert ways[PREFILTER]["recall"] <= ways[WIDE]["recall"] < 1
    assert ways[PREFILTER]["found"] <= ways[WIDE]["found"] <= 1
