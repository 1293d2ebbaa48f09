"""The pipes on published heads, saved in every way."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import spacy
from heads import copy_doc, docs_for, make, outputs
from spacy.tokens import DocBin


def test_saving(checkpoints: dict[str, str], factory: str, tmp_path: Path):
    own = shutil.copytree(checkpoints[factory], tmp_path / "own")
    nlp = make(factory, str(own))
    docs = docs_for(nlp)
    before = [outputs(doc) for doc in nlp.pipe(map(copy_doc, docs))]
    assert any(any(output.values()) for output in before)
    nlp.to_disk(tmp_path / "saved")
    data, config = nlp.to_bytes(), nlp.config.copy()
    pickled = pickle.dumps(nlp)
    shutil.rmtree(own)  # all that follows stands on its own
    loaded = [
        spacy.load(tmp_path / "saved"),
        spacy.util.load_model_from_config(config).from_bytes(data),
        pickle.loads(pickled),
    ]
    for other in loaded:
        assert [outputs(doc) for doc in other.pipe(map(copy_doc, docs))] == before
    found = list(nlp.pipe(map(copy_doc, docs)))
    again = DocBin().from_bytes(DocBin(docs=found, store_user_data=True).to_bytes()).get_docs(nlp.vocab)
    assert [outputs(doc) for doc in again] == before
    folder = make(factory, str(tmp_path / "saved" / factory / "model"))
    assert [outputs(doc) for doc in folder.pipe(map(copy_doc, docs))] == before
