from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span

from benchmarks.tokenizing import OURS, THEIRS, main


def test_all_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    nlp = spacy.blank("en")
    docs = []
    for _ in range(9):
        doc = nlp("aa b ab b aa b ab b b")
        doc.ents = [Span(doc, i, i + 1, "A") for i in (0, 2, 4, 6, 8)]
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "texts.spacy")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "ab", "\u0120"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\n")
    out = tmp_path / "new" / "tokenizing.json"
    words = [str(tmp_path / "texts.spacy"), str(tmp_path)]
    main([*words, "--rounds=1", "--size=3", f"--out={out}", "--python", f"again={sys.executable}"])
    assert "again" in capsys.readouterr().out
    data = json.loads(out.read_text(encoding="utf8"))
    ways = {way["name"]: way for way in data["ways"]}
    assert data["sentences"] == 9
    assert list(ways) == [OURS, THEIRS, "again"]
    assert ways[OURS]["ours_is_faster"] == 1
    assert all(way["sentences_per_second"] > 0 for way in ways.values())
