"""What earlier versions saved loads and says the same: pipelines, checkpoints, documents. See `make_saved.py`."""

from __future__ import annotations

import json
from typing import Any

import pytest
import spacy
from saved_docs import HEADS, PIPELINES, SAVED, Data, ask, differences, known, logits, said, step_losses
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from tiny import make_pipeline

import spacy_luke

LOSS_TOLERANCE = 1e-3  # of the loss


def read(name: str) -> Data:
    data: Data = json.loads((SAVED / f"{name}.json").read_text(encoding="utf8"))
    return data


def answers(nlp: Language, data: Data) -> list[Data]:
    return [said(doc) for doc in nlp.pipe([ask(nlp, asked) for asked in data["asked"]])]


def check(found: Any, expected: Any, tolerance: float = 1e-4) -> None:
    assert differences(found, expected, tolerance) == []


@pytest.mark.parametrize("name", [*PIPELINES, "luke_listened"])
def test_pipelines_say_the_same(name: str):
    if name == "luke_listened":
        pytest.importorskip("spacy_transformers")
    data = read(name)
    nlp = spacy.load(SAVED / name)
    check(known(nlp, data["pipe"]), data["known"])
    found = answers(nlp, data)
    assert any(len(row) > 2 for row in found)  # more than words, and whether there are entities
    check(found, data["said"], data["tolerance"])
    check(known(nlp, data["pipe"]), data["known_later"])


@pytest.mark.parametrize("name", [*PIPELINES, "luke_listened"])
def test_pipelines_learn_the_same(name: str):
    data = read(name)
    if "step_losses" not in data:
        pytest.skip("no loss was recorded")
    losses = step_losses(spacy.load(SAVED / name), data["asked"])
    assert losses == pytest.approx(data["step_losses"], rel=LOSS_TOLERANCE, abs=data["tolerance"])


def test_a_pipeline_from_bytes_says_the_same():
    data = read("luke_textcat")
    config = spacy.util.load_config(SAVED / "luke_textcat" / "config.cfg")
    nlp = spacy.util.load_model_from_config(config)
    nlp.from_bytes((SAVED / "luke_textcat.bytes").read_bytes())
    check(answers(nlp, data), data["said"])


@pytest.mark.parametrize("as_config", [False, True])
def test_a_joint_checkpoint_says_the_same(as_config: bool):
    data, folder = read("joint"), SAVED / "joint"
    nlp = make_pipeline(str(folder), model={"overlap": None}) if as_config else spacy_luke.load(folder)
    check(answers(nlp, data), data["said"])
    check(known(nlp, "luke"), data["known"])


@pytest.mark.parametrize("name", HEADS)
def test_published_heads_say_the_same(name: str):
    data = read(name)
    found = logits(data["class"], SAVED / name, data["text"], data["spans"])
    assert found["inputs"] == data["inputs"]
    check(found["outputs"], data["outputs"])


def test_documents_say_the_same():
    spacy_luke.set_extensions()
    expected = read("docs")["said"]
    docs = list(DocBin().from_disk(SAVED / "docs.spacy").get_docs(Vocab()))
    check([said(doc) for doc in docs], expected)
    several = Doc(Vocab()).from_bytes((SAVED / "doc.bytes").read_bytes())
    check(said(several), expected[-1])
    check(said(Doc(Vocab()).from_bytes(docs[-1].to_bytes())), expected[-1])
