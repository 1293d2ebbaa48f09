from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.tokenizer_load import FIRST, OURS, THEIRS, main
from spacy_luke.tokenizer import title_index


def test_all_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    if not Path("/proc/self/statm").exists():
        pytest.skip("tells memory as Linux does")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "ab"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\n")
    out = tmp_path / "new" / "load.json"
    main([str(tmp_path), "--titles=50000", "--rounds=1", f"--out={out}"])
    assert FIRST in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["titles"], data["rounds"]) == (50_000, 1)
    ways = {way["name"]: way for way in data["ways"]}
    assert set(ways) == {FIRST, OURS, THEIRS}
    assert ways[THEIRS]["seconds_ratio"] == ways[THEIRS]["megabytes_ratio"] == 1
    for way in ways.values():
        assert way["seconds_ratio"] == pytest.approx(ways[THEIRS]["seconds"] / way["seconds"])


def test_the_made_up_vocabulary_is_large_enough_for_an_index() -> None:
    assert 50_000 * len('"[PAD]": 0000, ') < title_index.LARGE < 500_000 * len('"[PAD]": 0000, ')
