from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import peer
from benchmarks.encoder import THEIRS, all_spans, main
from benchmarks.peer import save_works, start_peer


def test_all_works_in_all_ways(tmp_path: Path, tiny: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    out = tmp_path / "new" / "encoder.json"
    main(["--rounds=2", f"--out={out}", *tiny, "--python", f"theirs again={sys.executable}"])
    assert "32 sentences of 8 to 100 tokens" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["rounds"], data["sizes"]["hidden_size"]) == (2, 16)
    assert [work["entities"] for work in data["works"]][1:3] == [96, 2]
    for work in data["works"]:
        ways = {way["name"]: way for way in work["ways"]}
        assert list(ways) == [THEIRS, "float32", "bfloat16", "int8", "theirs again"]
        assert ways[THEIRS]["ratio"] == 1
        assert ways[THEIRS]["difference"] == 0
        assert ways["float32"]["difference"] < 1e-5 < ways["int8"]["difference"] < 0.5
        assert all(way["share"] > 0 for way in ways.values())


def test_what_goes_wrong_in_another_environment_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    path = tmp_path / "works.pt"
    sizes = {"num_hidden_layers": 0, "hidden_size": 12, "vocab_size": 5, "entity_vocab_size": 5}
    save_works(path, sizes, {"a": torch.zeros(1)}, [])
    with pytest.raises(RuntimeError, match="Unexpected key"), start_peer(sys.executable, path):
        pass
    talks = "import sys; sys.stderr.write('x' * 200_000); print('hello'); print('ready', flush=True)"
    monkeypatch.setattr(peer, "CHILD", f"{talks}; input(); raise SystemExit('tired')")
    with start_peer(sys.executable, path) as there, pytest.raises(RuntimeError, match="tired"):
        there(0)


def test_all_spans_of_a_sentence() -> None:
    assert all_spans(5, 2) == [(1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]
    assert len(all_spans(40)) == sum(min(16, 39 - i) for i in range(1, 39))
