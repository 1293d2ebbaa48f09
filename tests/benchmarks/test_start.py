from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import start
from benchmarks.first_document import LOADERS
from benchmarks.start import main


@pytest.mark.slow
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
    floor, *ours = data["ways"]
    assert [way["name"] for way in ours] == ["luke: text to facts", "luke_ner"]
    assert all(way[figure] > 0 for way in ours for figure in start.FIGURES)
    assert (floor["name"], floor["of_floor"]) == (start.FLOOR, {"seconds": 1, "megabytes": 1})
    for way in ours:
        for figure, multiple in way["of_floor"].items():
            assert multiple > 1
            assert multiple == pytest.approx(way[figure] / floor[figure])


def test_other_interpreters_get_what_to_load(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, str, str]] = []

    def run(args: list[str], python: str, env: dict[str, str]) -> dict[str, float]:
        calls.append((python, args[1], args[3]))
        return dict.fromkeys(
            start.FIGURES, {"floor": 2.0, "a": 4.0}.get(python if python == "a" else args[1], 6.0)
        )

    monkeypatch.setattr(start, "run_elsewhere", run)
    more = ["--transformer=d", "--ner=e"]
    out = tmp_path / "start.json"
    rounds = ["--docs=1", "--rounds=2", f"--out={out}"]
    main([str(corpus), "--spacy=a", "--span-marker=b", "--model=c", *more, *rounds])
    others = [
        ("a", "spacy", start.MODEL),
        ("a", "spacy_ner", start.MODEL),
        ("b", "span_marker", "c"),
        ("d", "spacy", "e"),
    ]
    assert calls[3:7] == calls[10:] == others
    assert {loader for _, loader, _ in calls} == {*LOADERS, "floor"}
    ways = {way["name"]: way for way in json.loads(out.read_text(encoding="utf8"))["ways"]}
    assert ways["luke_ner"]["of_floor"] == {"seconds": 3.0, "megabytes": 3.0}
    assert ways["luke_ner"]["of_en_core_web_sm"] == {"seconds": 1.5, "megabytes": 1.5}
