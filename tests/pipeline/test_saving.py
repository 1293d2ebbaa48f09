"""Outputs before and after saving, pickling, and in other processes are equal."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tiny import TEXTS, make_pipeline, summary

from spacy_luke.layers.joint import get_module


@pytest.fixture
def nlp(checkpoint: str, tmp_path: Path) -> Language:
    """A pipeline with changed thresholds whose checkpoint is a folder of its own."""
    own = shutil.copytree(checkpoint, tmp_path / "own")
    nlp = make_pipeline(str(own), spans_key="found")
    nlp.get_pipe("luke").thresholds["ner"] = {"PER": 0.6}
    nlp.get_pipe("luke").thresholds["facts"] = 0.7
    return nlp


def outputs(nlp: Language) -> list[dict]:
    return [
        {**summary(doc), "found": [(s.start, s.end, s.label_) for s in doc.spans["found"]]}
        for doc in nlp.pipe(TEXTS)
    ]


def forget_checkpoint(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete what the pipeline was made from, and forbid the default model."""
    shutil.rmtree(nlp.get_pipe("luke").model.attrs["settings"].checkpoint)
    monkeypatch.setattr("spacy_luke.layers.joint.load_shared", None)


def test_to_disk_is_self_contained(nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = outputs(nlp)
    assert any(o["relations"] for o in before)
    nlp.to_disk(tmp_path / "saved")
    forget_checkpoint(nlp, monkeypatch)
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.get_pipe("luke").thresholds == nlp.get_pipe("luke").thresholds
    assert outputs(loaded) == before
    # Again, over the folder that it was loaded from.
    loaded.to_disk(tmp_path / "saved")
    assert outputs(loaded) == before
    assert outputs(spacy.load(tmp_path / "saved")) == before


def test_to_bytes(nlp: Language, monkeypatch: pytest.MonkeyPatch):
    before = outputs(nlp)
    data = nlp.to_bytes()
    config = nlp.config.copy()
    forget_checkpoint(nlp, monkeypatch)
    other = spacy.util.load_model_from_config(config)
    other.from_bytes(data)
    assert outputs(other) == before


def test_a_component_by_itself(nlp: Language, tmp_path: Path):
    before = outputs(nlp)
    pipe = nlp.get_pipe("luke")
    pipe.to_disk(tmp_path / "pipe")
    other = make_pipeline("nowhere/at/all", spans_key="found")
    other.get_pipe("luke").from_disk(tmp_path / "pipe")
    assert outputs(other) == before
    third = make_pipeline("nowhere/at/all", spans_key="found")
    third.get_pipe("luke").from_bytes(pipe.to_bytes())
    assert outputs(third) == before


def test_a_saved_model_folder_is_a_checkpoint(nlp: Language, tmp_path: Path):
    before = outputs(nlp)
    nlp.to_disk(tmp_path / "saved")
    other = make_pipeline(str(tmp_path / "saved" / "luke" / "model"), spans_key="found")
    other.get_pipe("luke").thresholds.update(nlp.get_pipe("luke").thresholds)
    assert outputs(other) == before


def test_without_the_weights_nothing_is_loaded(tmp_path: Path):
    nlp = make_pipeline("nowhere/at/all", thresholds={"ner": 0.7})
    pipe = nlp.get_pipe("luke")
    assert pipe.labels == ()
    data = pipe.to_bytes(exclude=["model"])
    pipe.to_disk(tmp_path / "pipe", exclude=["model"])
    other = make_pipeline("nowhere/at/all").get_pipe("luke").from_bytes(data, exclude=["model"])
    assert other.cfg["thresholds"] == {"ner": 0.7}


def test_pickle(nlp: Language):
    before = outputs(nlp)
    assert outputs(pickle.loads(pickle.dumps(nlp))) == before


def test_pickle_before_use(nlp: Language):
    again = pickle.loads(pickle.dumps(nlp))
    assert outputs(again) == outputs(nlp)


def test_documents_in_bytes(nlp: Language):
    docs = list(nlp.pipe(TEXTS))
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    for doc, again in zip(docs, DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab), strict=True):
        assert summary(again) == summary(doc)
    one = pickle.loads(pickle.dumps(docs[1]))
    assert summary(one) == summary(docs[1])
    assert summary(Doc(nlp.vocab).from_bytes(docs[1].to_bytes())) == summary(docs[1])


SCRIPT = """
import sys
import torch
sys.path.insert(0, sys.argv[2])
from tiny import TEXTS, make_pipeline, summary
torch.set_num_threads(4)
nlp = make_pipeline(sys.argv[1])
alone = [summary(doc) for doc in nlp.pipe(TEXTS * 2)]
torch.randn(2000, 2000) @ torch.randn(2000, 2000)
apart = [summary(doc) for doc in nlp.pipe(TEXTS * 2, n_process=2, batch_size=3)]
assert [s["ents"] for s in apart] == [s["ents"] for s in alone]
assert [s["labels"] for s in apart] == [s["labels"] for s in alone]
assert [len(s["relations"]) for s in apart] == [len(s["relations"]) for s in alone]
print("same")
"""


def test_several_processes_after_a_forward(checkpoint: str, tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text('if __name__ == "__main__":\n' + SCRIPT.replace("\n", "\n    "))
    done = subprocess.run(
        [sys.executable, str(script), checkpoint, str(Path(__file__).parent.parent)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "same"


def test_pipes_on_one_checkpoint_share_its_weights(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    nlp.add_pipe("luke_ner", config={"model": {"checkpoint": checkpoint, "overlap": 16}})
    nlp("Ana likes tea")
    modules = [get_module(nlp.get_pipe(name).model) for name in ("luke", "luke_ner")]
    assert modules[0] is modules[1]
    other = make_pipeline(checkpoint, model={"words_attend_to_entities": True}).get_pipe("luke")
    assert get_module(other.model) is not modules[0]
