from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import start
from benchmarks.first_document import LOADERS
from benchmarks.start import main


def test_ours_in_processes_of_their_own(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("tells memory as Linux does")
    out = tmp_path / "new" / "start.json"
    main([str(corpus), "--docs=2", "--rounds=1", f"--out={out}"])
    assert "words/s" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert (data["documents"], data["rounds"]) == (2, 1)
    assert [way["name"] for way in data["ways"]] == ["luke: text to facts", "luke_ner"]
    assert all(way[figure] > 0 for way in data["ways"] for figure in start.FIGURES)


def test_other_interpreters_get_what_to_load(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, str, str]] = []

    def run(args: list[str], python: str) -> dict[str, float]:
        calls.append((python, args[1], args[3]))
        return dict.fromkeys(start.FIGURES, 1.0)

    monkeypatch.setattr(start, "run_elsewhere", run)
    more = ["--transformer=d", "--ner=e"]
    main([str(corpus), "--spacy=a", "--span-marker=b", "--model=c", *more, "--docs=1", "--rounds=2"])
    others = [
        ("a", "spacy", start.MODEL),
        ("a", "spacy_ner", start.MODEL),
        ("b", "span_marker", "c"),
        ("d", "spacy", "e"),
    ]
    assert calls[2:6] == calls[8:] == others
    assert {loader for _, loader, _ in calls} == set(LOADERS)
