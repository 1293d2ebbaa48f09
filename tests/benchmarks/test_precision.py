from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.precision import load, main, tell
from spacy_luke.training.corpus import LukeCorpus


def test_all_precisions(
    make_checkpoint: Callable[..., str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = make_checkpoint(loud=True)
    out = tmp_path / "new" / "precision.json"
    main([str(corpus), f"--checkpoint={checkpoint}", "--docs=9", f"--out={out}"])
    assert "best labels changed" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    assert data["documents"] == 9
    assert list(data["precisions"]) == ["bfloat16", "int8"]
    for found in data["precisions"].values():
        assert 0 < found["label_logits"] < 1
        assert found["best_labels"]["float32"] == 18  # two names each
        assert found["entities"]["float32"] > 0


def test_equal_precision_changes_nothing(make_checkpoint: Callable[..., str], corpus: Path) -> None:
    nlp = load(make_checkpoint(loud=True), "float32")
    golds = [example.reference for example in LukeCorpus(corpus)(nlp)]
    once, again = tell(nlp, golds), tell(nlp, golds)
    assert once.decisions == again.decisions
    assert once.decisions["entities"]
    assert all((a == b).all() for a, b in zip(once.logits, again.logits, strict=True))


def test_logits_come_in_the_order_of_documents_whatever_is_read_at_once(
    make_checkpoint: Callable[..., str], corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = load(make_checkpoint(loud=True), "float32")
    golds = [example.reference for example in LukeCorpus(corpus)(nlp)]
    expected = tell(nlp, golds)
    before = torch.get_num_threads()
    monkeypatch.setattr("spacy_luke.layers.threads.LEAST_PIECES", 8)
    monkeypatch.setattr(nlp.get_pipe("luke"), "max_batch_pieces", 32)
    torch.set_num_threads(4)
    try:
        found = tell(nlp, golds)
    finally:
        torch.set_num_threads(before)
    assert found.decisions == expected.decisions
    assert len(found.logits) == len(golds)
    for now, then in zip(found.logits, expected.logits, strict=True):
        assert abs(now - then).max() < 1e-5
