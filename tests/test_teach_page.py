"""The tutorial of docs/TEACH.md runs as it stands, in seconds, and teaches what it says."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import spacy

PAGE = Path(__file__).parent.parent / "docs" / "TEACH.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf8"), re.M | re.S)


def test_ten_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    begin = time.process_time()
    exec(BLOCKS[0], names)
    assert time.process_time() - begin < 30
    assert "treats" in capsys.readouterr().out
    report = names["report"]
    assert [(row.task, row.label) for row in report.labels] == [
        ("ner", "DRUG"),
        ("ner", "SYMPTOM"),
        ("labels", "DRUG"),
        ("labels", "SYMPTOM"),
        ("relations", "treats"),
    ]
    assert {row.examples for row in report.labels} == {10}
    symptom = report.labels[1]
    assert symptom.proposed > symptom.proposed_before + 0.3
    nlp = spacy.load("my_pipeline")
    texts = [
        "Diclofenac eased his toothache quickly.",
        "She was prescribed cetirizine for her sneezing.",
        "Vomiting stopped after metoclopramide.",
        "The migraine was treated with sumatriptan.",
        "Patients with chest pain received nitroglycerin.",
    ]
    said = [{r.label for r in doc._.luke_relations} for doc in nlp.pipe(texts)]
    assert sum("treats" in labels for labels in said) >= 2
    other = nlp("Barack Obama was born in Hawaii. Google was founded by Larry Page in California.")
    assert {ent.label_ for ent in other.ents} <= {"PER", "LOC", "ORG"}
    assert {"place of birth", "founded by"} <= {r.label for r in other._.luke_relations}
    assert "treats" not in {r.label for r in other._.luke_relations}
    for block in BLOCKS[1:]:
        exec(block, names)
