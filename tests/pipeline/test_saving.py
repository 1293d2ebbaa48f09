"""Outputs before and after saving, pickling, and in other processes are equal."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import torch
from safetensors.torch import load_file
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import Adam
from tiny import TEXTS, make_corpus, make_pipeline, summary

from spacy_luke.layers.saving import smallest_dtype
from spacy_luke.layers.weights import get_module, get_tokenizer
from spacy_luke.nn.heads import LukeJointModel


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


# --- saved weights in memory and on disk ---------------------------------------------------


@pytest.fixture
def two(checkpoint: str) -> Language:
    """Two pipes on one checkpoint."""
    nlp = make_pipeline(checkpoint)
    nlp.add_pipe("luke", name="second", config={"model": {"checkpoint": checkpoint, "overlap": 16}})
    nlp(TEXTS[1])
    return nlp


@pytest.mark.parametrize("way", ["disk", "bytes"])
def test_saved_pipes_of_one_checkpoint_share_module_and_tokenizer(two: Language, tmp_path: Path, way: str):
    if way == "disk":
        two.to_disk(tmp_path)
        loaded, again = spacy.load(tmp_path), spacy.load(tmp_path)
    else:
        loaded, again = (
            spacy.util.load_model_from_config(two.config).from_bytes(two.to_bytes()) for _ in range(2)
        )
    models = [nlp.get_pipe(name).model for nlp in (loaded, again) for name in ("luke", "second")]
    assert len({id(get_module(model)) for model in models}) == 1
    assert len({id(get_tokenizer(model)) for model in models}) == 1
    for text in TEXTS:
        assert summary(loaded(text)) == summary(two(text))


def test_training_one_of_two_that_share_changes_only_that_one(two: Language, tmp_path: Path):
    two.to_disk(tmp_path / "before")
    loaded = spacy.load(tmp_path / "before")
    first, second = loaded.get_pipe("luke"), loaded.get_pipe("second")
    shared = get_module(second.model)
    weights = {name: weight.clone() for name, weight in shared.state_dict().items()}
    first.update(make_corpus(loaded, 6), sgd=Adam(0.01))
    assert get_module(first.model) is not shared
    assert get_module(second.model) is shared
    assert all(torch.equal(weight, weights[name]) for name, weight in shared.state_dict().items())
    # Saved beside each other again, they stay two.
    before = [summary(pipe(loaded.make_doc(TEXTS[1]))) for pipe in (first, second)]
    assert before[0] != before[1]
    loaded.to_disk(tmp_path / "after")
    again = spacy.load(tmp_path / "after")
    pipes = [again.get_pipe(name) for name in ("luke", "second")]
    assert [summary(pipe(again.make_doc(TEXTS[1]))) for pipe in pipes] == before
    assert get_module(pipes[0].model) is not get_module(pipes[1].model)
    assert get_module(pipes[1].model) is shared


def test_equal_settings_with_other_weights_are_not_shared(make_checkpoint, tmp_path: Path):
    vectors = []
    for seed in (1, 2):
        nlp = make_pipeline(make_checkpoint(loud=True, seed=seed))
        nlp(TEXTS[1])
        nlp.to_disk(tmp_path / str(seed))
    loaded = [spacy.load(tmp_path / str(seed)).get_pipe("luke") for seed in (1, 2)]
    vectors = [get_module(pipe.model).entity_head.classifier.weight for pipe in loaded]
    assert not torch.equal(*vectors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_half_until_trained(checkpoint: str, tmp_path: Path, dtype: torch.dtype):
    own = shutil.copytree(checkpoint, tmp_path / "own")
    LukeJointModel.from_pretrained(own, dtype=dtype).save_pretrained(own)
    nlp = make_pipeline(str(own))
    before = [summary(doc) for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path / "saved")
    folder = tmp_path / "saved" / "luke" / "model"
    assert {w.dtype.itemsize for w in load_file(folder / "model.safetensors").values()} == {2}
    full = make_pipeline(checkpoint)
    full(TEXTS[0])
    saved = sum(p.numel() for p in get_module(full.get_pipe("luke").model).parameters()) * 2
    sizes = [len(n.get_pipe("luke").to_bytes(exclude=["vocab"])) for n in (full, nlp)]
    assert sizes[0] - sizes[1] == pytest.approx(saved, rel=0.05)
    loaded = spacy.load(tmp_path / "saved")
    model = loaded.get_pipe("luke").model
    assert {w.dtype.itemsize for w in get_module(model).parameters()} == {2}
    assert {w.dtype for w in model.shims[0].predictor.span_head.parameters()} == {torch.float32}
    assert [summary(doc) for doc in loaded.pipe(TEXTS)] == before
    loaded.get_pipe("luke").update(make_corpus(loaded, 6), sgd=Adam(0.001))
    assert {w.dtype for w in get_module(model).parameters()} == {torch.float32}
    trained = [summary(doc) for doc in loaded.pipe(TEXTS)]
    loaded.to_disk(tmp_path / "trained")
    folder = tmp_path / "trained" / "luke" / "model"
    assert {w.dtype for w in load_file(folder / "model.safetensors").values()} == {torch.float32}
    assert [summary(doc) for doc in spacy.load(tmp_path / "trained").pipe(TEXTS)] == trained


def test_the_smallest_type_loses_nothing():
    for dtype, value in ((torch.float16, 1.001), (torch.bfloat16, 1e30), (torch.float32, 1e30)):
        weights = {"a": torch.tensor([value]).to(dtype).float(), "b": torch.ones(3)}
        assert smallest_dtype(weights) == dtype
