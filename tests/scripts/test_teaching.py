"""The background and the table of thresholds of a checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin
from tiny import PEOPLE, PLACES, annotate, make_corpus

from scripts import teach_table
from scripts.background import make_pipe, write_background
from spacy_luke.layers.background import load_background


@pytest.fixture
def own(checkpoint: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "own"))


def write_docs(path: Path, relation: str) -> Path:
    nlp = spacy.blank("en")
    docs = [example.reference for example in make_corpus(nlp, 18)]
    for i in range(40):
        one, place = PEOPLE[i % 6], PLACES[(i + i // 6) % 6]
        ents = {one: "PER", place: "TOWN", "tea": "DRINK"}
        found = [(one, place, relation)] if i % 2 else []
        docs.append(
            annotate(
                nlp, f"{one} {'lives' if i % 2 else 'was'} in {place} and likes tea .", ents, found
            ).reference
        )
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_background_belongs_to_its_weights(own: Path, checkpoint: str, tmp_path: Path, make_checkpoint):
    source = write_docs(tmp_path / "texts.spacy", "lives in")
    path, counts = write_background(own, [source, source])
    assert path == own / "background.safetensors"
    assert all(counts.values())
    _, pipe = make_pipe(own)
    states = pipe.network.background()
    assert {task: len(rows) for task, rows in states.items()} == counts
    assert all(rows.shape[1] == pipe.network.taught_widths[task] for task, rows in states.items())
    assert all(np.isfinite(rows).all() for rows in states.values())
    # Loaded from elsewhere, the same weights have it where the checkpoint is known; others never.
    _, other = make_pipe(Path(make_checkpoint(seed=1)))
    assert load_background(own, other.network.module) == {}
    report = pipe.teach(
        [annotate(make_pipe(own)[0], "Ana likes tea .", {"Ana": "PER", "tea": "DRINK"}, []).reference]
    )
    assert report.background == sum(counts.values())


def test_a_damaged_background(own: Path):
    (own / "background.safetensors").write_bytes(b"nonsense")
    _, pipe = make_pipe(own)
    with pytest.raises(ValueError, match=r"background\.safetensors"):
        pipe.network.background()


def test_table(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(teach_table, "_LEAST", 15)
    monkeypatch.setattr(teach_table, "_LEAST_SAID", 1)
    monkeypatch.setattr(teach_table, "COUNTS", (2, 8))
    monkeypatch.setattr(teach_table, "_REPEATS", 1)
    source = write_docs(tmp_path / "texts.spacy", "lives in")
    write_background(own, [source])
    path, tables = teach_table.write_tables(own, [source], [source])
    assert set(tables) == {"relations", "ner", "labels"}
    stored = json.loads(path.read_text())
    for task, table in stored.items():
        assert {"thresholds", "slope", "centre"} <= set(table), task
        assert all(0 < t < 1 for t in table["thresholds"].values())
        assert set(table["thresholds"]) <= {"2", "8"}
    _, pipe = make_pipe(own)
    assert pipe.network.taught_tables == stored
