"""The rules for names against gold clusters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from benchmarks.clusters import main


def test_pairs_of_mentions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vocab = spacy.blank("en").vocab
    clustered = Doc(vocab, words=["Ada", "Lee", "met", "Bob", ".", "Lee", "and", "bob", "left", "Rome"])
    places = [
        (0, 2, "PER", "e0"),
        (3, 4, "PER", "e1"),
        (5, 6, "PER", "e0"),
        (7, 8, "PER", "e1"),
        (9, 10, "LOC", "e0"),
    ]
    clustered.ents = [Span(clustered, a, b, label, span_id=id_) for a, b, label, id_ in places]
    without = Doc(vocab, words=["Ada"])
    without.ents = [Span(without, 0, 1, "PER")]
    DocBin(docs=[clustered, without]).to_disk(tmp_path / "gold.spacy")
    main([str(tmp_path / "gold.spacy"), f"--out={tmp_path / 'new' / 'clusters.json'}"])
    assert "equal text" in capsys.readouterr().out
    report = json.loads((tmp_path / "new" / "clusters.json").read_text())
    assert (report["documents"], report["documents_left_out"], report["mentions"]) == (1, 1, 5)
    assert report["pairs"] == {
        "equal text": {"precision": 1.0, "recall": 0.25, "f1": 0.4},
        "rules": {"precision": 1.0, "recall": 0.5, "f1": 0.6667},
    }
