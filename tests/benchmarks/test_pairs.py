from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.encoder import THEIRS
from benchmarks.pairs import main, pair_inputs


def test_all_ways(tmp_path: Path, tiny: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    out = tmp_path / "new" / "pairs.json"
    main(["--rounds=2", "--entities=4", "--tokens=20", f"--out={out}", *tiny])
    assert "12 pairs" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["pairs"], data["rounds"], data["sizes"]["hidden_size"]) == (12, 2, 16)
    ways = {way["name"]: way for way in data["ways"]}
    assert list(ways) == [THEIRS, "float32", "int8"]
    assert (ways[THEIRS]["ratio"], ways[THEIRS]["difference"]) == (1, 0)
    assert ways["float32"]["difference"] < 1e-5 < ways["int8"]["difference"] < 0.5


def test_entities_lie_between_their_markers() -> None:
    positions = pair_inputs({"vocab_size": 60, "entity_vocab_size": 20}, 2, 20)["entity_position_ids"]
    spans = [[[p for p in entity if p >= 0] for entity in pair] for pair in positions.tolist()]
    assert spans == [
        [[1, 2, 3, 4], [19, 20, 21, 22]],
        [[19, 20, 21, 22], [1, 2, 3, 4]],
    ]
