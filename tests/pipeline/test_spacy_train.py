"""`spacy train` on configs/luke.cfg: what its settings say acts."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from tiny import make_corpus

from spacy_luke.layers.weights import get_module

CONFIG = Path(__file__).parents[2] / "configs" / "luke.cfg"


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    docs = [example.reference for example in make_corpus(spacy.blank("en"))]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


@pytest.fixture
def start(checkpoint: str, corpus_file: str):
    """Gives a function that initializes a pipeline from configs/luke.cfg with some settings changed."""

    def initialize(**changes: Any) -> Language:
        settings = {
            "paths.train": corpus_file,
            "paths.dev": corpus_file,
            "components.luke.model.checkpoint": checkpoint,
            "components.luke.model.overlap": 16,
            "components.luke.model.head_learn_rate_scale": 2.0,
            "training.optimizer.learn_rate.initial_rate": 0.003,
            "training.optimizer.learn_rate.warmup_steps": 5,
            "training.logger.progress_bar": False,
            "training.max_steps": 60,
            "training.eval_frequency": 30,
            "training.batcher.size": 200,
            **changes,
        }
        return init_nlp(spacy.util.load_config(CONFIG, overrides=settings, interpolate=True))

    return initialize


def weights(nlp: Language) -> np.ndarray:
    parameters = get_module(nlp.get_pipe("luke").model).parameters()
    return torch.cat([p.detach().flatten() for p in parameters]).numpy()


def test_the_shipped_config_trains_and_what_it_saves_is_self_contained(start, tmp_path: Path):
    log = StringIO()
    _, final = train(start(), tmp_path, stdout=log, stderr=log)
    assert "RELS_F" in log.getvalue()
    best = spacy.load(tmp_path / "model-best")
    examples = make_corpus(best)
    scores = best.evaluate(examples)
    assert scores["ents_f"] > 0.95
    assert scores["luke_relations_micro_f"] > 0.95
    assert Path(final).name == "model-last"
    assert (tmp_path / "model-best" / "luke" / "model" / "model.safetensors").is_file()


def run(nlp: Language, steps: int, tmp_path: Path, **changes: Any) -> Language:
    nlp.config["training"]["max_steps"] = steps
    nlp.config["training"].update(changes)
    tmp_path.mkdir(exist_ok=True)
    train(nlp, tmp_path, stdout=StringIO(), stderr=StringIO())
    return nlp


def test_averages_are_what_is_evaluated_and_saved(start, tmp_path: Path):
    nlp = run(start(**{"training.optimizer.use_averages": True}), 20, tmp_path, eval_frequency=10)
    raw = weights(nlp)
    saved = weights(spacy.load(tmp_path / "model-last"))
    assert not np.allclose(raw, saved, atol=1e-4)
    plain = run(
        start(**{"training.optimizer.use_averages": False}), 20, tmp_path / "plain", eval_frequency=10
    )
    assert np.array_equal(weights(plain), weights(spacy.load(tmp_path / "plain" / "model-last")))
    np.testing.assert_allclose(raw, weights(plain), atol=1e-5)


def test_dropout_acts(start, tmp_path: Path):
    results = [weights(run(start(), 3, tmp_path, dropout=rate)) for rate in (0.0, 0.0, 0.5)]
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
    assert not np.allclose(results[0], results[2], atol=1e-6)


def test_gradients_accumulate_over_parts_of_a_batch(start, tmp_path: Path):
    results = []
    for parts in (1, 2):
        nlp = start()
        steps = []
        finish = type(nlp.get_pipe("luke")).finish_update
        calls = {"update": 0}
        pipe = nlp.get_pipe("luke")
        update = type(pipe).update

        def count(self, *args, update=update, calls=calls, **kwargs):
            calls["update"] += 1
            return update(self, *args, **kwargs)

        def step(self, sgd, finish=finish, steps=steps):
            steps.append(calls["update"])  # noqa: B023
            finish(self, sgd)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(pipe), "update", count)
            patch.setattr(type(pipe), "finish_update", step)
            run(nlp, 3, tmp_path, accumulate_gradient=parts, dropout=0.0)
        results.append((steps, weights(nlp)))
    assert results[0][0] == [1, 2, 3, 4]
    assert results[1][0] == [2, 4, 6, 8]
    assert not np.allclose(results[0][1], results[1][1], atol=1e-6)


def test_the_learning_rates_schedule_acts(start, tmp_path: Path):
    before = weights(start())
    still = run(start(**{"training.optimizer.learn_rate.initial_rate": 0.0}), 3, tmp_path)
    assert np.array_equal(before, weights(still))


def test_an_annotating_component_writes_for_those_behind(start, tmp_path: Path):
    nlp = start()
    examples = [type(eg)(nlp.make_doc(eg.text), eg.reference) for eg in make_corpus(nlp)]
    nlp.update(examples, sgd=False, annotates=["luke"])
    nlp.get_pipe("luke").thresholds["ner"] = 0.0
    examples = [type(eg)(nlp.make_doc(eg.text), eg.reference) for eg in make_corpus(nlp)]
    seen = []
    pipe = nlp.get_pipe("luke")
    original = pipe.set_annotations
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(pipe),
            "set_annotations",
            lambda self, docs, readings: (seen.extend(docs), original(docs, readings))[1],
        )
        nlp.update(examples, sgd=False, annotates=["luke"])
    assert len(seen) == len(examples)
    assert any(doc.ents for doc in seen)


def test_labels_from_spacy_init_labels(start, tmp_path: Path):
    file = tmp_path / "luke.json"
    file.write_text(json.dumps(start().get_pipe("luke").label_data))
    labels = {"@readers": "spacy.read_labels.v1", "path": str(file)}
    config = start().config.copy()
    config["initialize"]["components"] = {"luke": {"labels": labels}}
    data = json.loads(file.read_text())
    data["relations"] = {"new": "P7"}
    file.write_text(json.dumps(data))
    with pytest.warns(UserWarning, match="12 of 12 gold relations have labels that"):
        nlp = init_nlp(config)
    assert nlp.get_pipe("luke").label_data == data
