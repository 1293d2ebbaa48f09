from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

from benchmarks.ner import main
from spacy_luke.nn.precision import PRECISIONS


def test_f1_beside_words_a_second(
    make_checkpoint: Callable[..., str], corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nlp = spacy.blank("en")
    rules = nlp.add_pipe("entity_ruler")
    rules.add_patterns(
        [{"label": "PER", "pattern": name} for name in ("Ada", "Bob")]
    )  # half of all mentions or more
    nlp.to_disk(tmp_path / "other")
    out = tmp_path / "new" / "ner.json"
    checkpoint = make_checkpoint(loud=True)
    main(
        [
            str(corpus),
            f"--checkpoint={checkpoint}",
            f"--ner={tmp_path / 'other'}",
            f"--ner-luke={tmp_path / 'other'}",
            "--rounds=1",
            f"--out={out}",
        ]
    )
    assert "words/s" in capsys.readouterr().out
    ways = {way["name"]: way for way in json.loads(out.read_text(encoding="utf8"))["ways"]}
    others = ["spaCy's ner on tok2vec", "spaCy's ner on the same encoder"]
    assert list(ways) == [*(f"luke_ner, {precision}" for precision in PRECISIONS), *others]
    for name in others:
        assert ways[name]["f1"]["details"]["precision"] == 1.0
        assert ways[name]["f1"]["details"]["recall"] == pytest.approx(24 / 32)
    assert all(way["words_per_second"] > 0 for way in ways.values())
