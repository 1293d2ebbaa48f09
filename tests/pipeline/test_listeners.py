"""spaCy components learn on top of luke's word states."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam
from tiny import TEXTS, make_corpus, make_pipeline

from spacy_luke.layers.weights import get_module, has_weights

pytest.importorskip("spacy_transformers")  # an extra

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "luke",
    "pooling": {"@layers": "reduce_mean.v1"},
}
TAGGER = {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}


def make_tagging(checkpoint: str, **model: bool) -> Language:
    nlp = make_pipeline(checkpoint, model=model)
    nlp.add_pipe("tagger", config=TAGGER)
    return nlp


def tagged(nlp: Language, size: int = 9) -> list[Example]:
    """The corpus with a tag a token: what kind of word it is."""
    corpus = make_corpus(nlp, size)
    for example in corpus:
        for token in example.reference:
            token.tag_ = "N" if token.text[0].isupper() else "P" if token.text == "." else "W"
    return corpus


ONLY_WORDS = {"ner": False, "labels": False, "relations": False}


@pytest.mark.parametrize("grad_factor", [1.0, 0.0])
def test_a_tagger_learns_and_its_gradient_reaches_the_encoder(checkpoint: str, grad_factor: float):
    nlp = make_pipeline(checkpoint, model=ONLY_WORDS)
    listener = {**LISTENER, "grad_factor": grad_factor}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    corpus = tagged(nlp)
    nlp.initialize(lambda: corpus)
    before, sgd = weights(nlp), Adam(0.01, L2=0.0)
    for _ in range(30):
        nlp.update(corpus, sgd=sgd)
    assert nlp.evaluate(corpus)["tag_acc"] > 0.95
    assert np.array_equal(before, weights(nlp)) == (grad_factor == 0.0)


def test_both_learn_together_and_survive_saving(checkpoint: str, tmp_path):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.005
    for _ in range(50):
        nlp.update(corpus, sgd=sgd)
    scores = nlp.evaluate(corpus)
    assert scores["tag_acc"] > 0.95
    assert scores["ents_f"] > 0.95
    assert scores["luke_relations_micro_f"] > 0.95
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for text in TEXTS:
        assert [t.tag_ for t in loaded(text)] == [t.tag_ for t in nlp(text)]


def weights(nlp: Language) -> np.ndarray:
    return torch.cat(
        [p.detach().flatten() for p in get_module(nlp.get_pipe("luke").model).parameters()]
    ).numpy()


def test_update_with_an_optimizer_takes_the_same_step_as_spacy_train(checkpoint: str):
    """nlp.update(sgd=...) finishes luke before the tagger sends its gradient, `spacy train` after."""
    results = []
    for order in ("update", "train", "parts"):
        nlp = make_tagging(checkpoint)
        corpus = tagged(nlp)
        nlp.initialize(lambda corpus=corpus: corpus)
        nlp.get_pipe("tagger").model.get_ref("softmax").set_param(
            "W", np.repeat(np.array([[0.1], [0.2], [0.3]], dtype="f"), 32, axis=1)
        )
        sgd = Adam(0.01)
        start = weights(nlp)
        if order == "update":
            nlp.update(corpus, sgd=sgd, drop=0.0)
        else:
            for part in [corpus] if order == "train" else [corpus[:4], corpus[4:]]:
                nlp.update(part, sgd=False, drop=0.0)
            for name in ("luke", "tagger"):
                nlp.get_pipe(name).finish_update(sgd)
        assert not np.allclose(weights(nlp), start)
        assert nlp.get_pipe("luke")._pending is None
        results.append(weights(nlp))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
    assert not np.allclose(results[0], results[2], atol=1e-6)


def test_a_frozen_listener_does_not_hold_back_the_own_loss(checkpoint: str):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.005
    for _ in range(60):
        nlp.update(corpus, sgd=sgd, exclude=["tagger"])
    assert nlp.evaluate(corpus)["ents_f"] > 0.95


LAST_STEP = {
    "nothing is asked": lambda nlp, folder: nlp.get_pipe("luke").update([]),
    "a text": lambda nlp, folder: nlp("Lea ."),
    "the same text": lambda nlp, folder: nlp("Ana was born in Rome ."),
    "saving": lambda nlp, folder: nlp.to_disk(folder),
    "bytes": lambda nlp, folder: nlp.to_bytes(),
    "a pickle": lambda nlp, folder: pickle.dumps(nlp),
    "averages": lambda nlp, folder: nlp.use_params({"none": 0}).__enter__(),
}


@pytest.mark.parametrize("ask", LAST_STEP.values(), ids=LAST_STEP)
def test_the_last_step_is_taken_though_a_frozen_listener_never_answers(
    checkpoint: str, ask: Callable[[Language, Path], Any], tmp_path: Path
):
    results = []
    for listens in (True, False):
        nlp = make_tagging(checkpoint) if listens else make_pipeline(checkpoint)
        corpus = tagged(nlp)
        nlp.initialize(lambda corpus=corpus: corpus)
        nlp.update(corpus, sgd=Adam(0.01), exclude=["tagger"])
        ask(nlp, tmp_path / str(listens))
        results.append(weights(nlp))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)


def test_averages_of_the_last_step_with_a_frozen_listener(checkpoint: str):
    """The step is taken before averages take the place of the weights, and isn't undone with them."""
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    nlp.initialize(lambda: corpus)
    sgd = Adam(0.01, use_averages=True)
    nlp.update(corpus, sgd=sgd, exclude=["tagger"])
    nlp.update(corpus, sgd=sgd, exclude=["tagger"])
    start = weights(nlp)  # after one step
    with nlp.use_params(sgd.averages):
        pass
    assert not np.allclose(weights(nlp), start)


def test_an_annotating_luke_waits_for_its_listeners(checkpoint: str):
    """It reads the documents of an update once more before they have answered."""
    results = []
    for annotates in ([], ["luke"]):
        nlp = make_tagging(checkpoint)
        corpus = tagged(nlp)
        nlp.initialize(lambda corpus=corpus: corpus)
        softmax = nlp.get_pipe("tagger").model.get_ref("softmax")
        softmax.set_param("W", np.repeat(np.array([[0.1], [0.2], [0.3]], dtype="f"), 32, axis=1))
        nlp.update(corpus, sgd=Adam(0.01), annotates=annotates)
        results.append(weights(nlp))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)


def test_a_frozen_annotating_luke_still_feeds(checkpoint: str):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.02
    start = weights(nlp)
    for _ in range(30):
        nlp.update(corpus, sgd=sgd, exclude=["luke"], annotates=["luke"])
    assert np.array_equal(weights(nlp), start)
    assert nlp.evaluate(corpus)["tag_acc"] > 0.8


def test_a_frozen_luke_needs_no_initializing(checkpoint: str):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    with nlp.select_pipes(disable=["luke"]):  # as `spacy train` does with frozen components
        assert not has_weights(nlp.get_pipe("luke").model)
        sgd = nlp.initialize(lambda: corpus)
    sgd.learn_rate = 0.02
    for _ in range(30):
        nlp.update(corpus, sgd=sgd, exclude=["luke"], annotates=["luke"])
    assert nlp.evaluate(corpus)["tag_acc"] > 0.8


@pytest.mark.parametrize("now", ["wider", "broken", "gone"])
def test_a_saved_pipeline_needs_no_checkpoint(make_checkpoint, now: str, tmp_path: Path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(make_checkpoint(loud=True), folder)
    nlp = make_tagging(str(folder))
    corpus = tagged(nlp)
    nlp.initialize(lambda: corpus)
    nlp.to_disk(tmp_path / "saved")
    tags = [token.tag_ for token in nlp(TEXTS[0])]
    shutil.rmtree(folder)
    if now == "wider":
        shutil.copytree(make_checkpoint(loud=True, hidden_size=48), folder)
    elif now == "broken":
        folder.mkdir()
        (folder / "config.json").write_text("{")
    loaded = spacy.load(tmp_path / "saved")
    assert [token.tag_ for token in loaded(TEXTS[0])] == tags
    restored = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert [token.tag_ for token in restored(TEXTS[0])] == tags


def test_odd_documents(checkpoint: str):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    sgd = nlp.initialize(lambda: corpus)
    odd = []
    for text in ("", "\n \n", "Ana \n\n likes tea", TEXTS[3]):
        doc = nlp.make_doc(text)
        for token in doc:
            token.tag_ = "N"
        odd.append(Example(nlp.make_doc(text), doc))
    for batch in (odd, odd[:1], odd[1:2], odd[:2]):
        nlp.update(batch, sgd=sgd)
    assert all(token.tag_ for eg in odd for token in nlp(eg.text))
    assert [len(doc) for doc in nlp.pipe(eg.text for eg in odd)] == [len(eg.reference) for eg in odd]


@pytest.mark.filterwarnings("ignore:The component 'luke' looked for no entities")
def test_word_states_do_not_depend_on_entities(checkpoint: str):
    for attention in (False, True):
        nlp = make_tagging(
            checkpoint, words_attend_to_entities=attention, entities_attend_to_entities=attention
        )
        corpus = tagged(nlp)
        nlp.initialize(lambda corpus=corpus: corpus)
        nlp.get_pipe("luke").find_entities = False
        states = []
        for ents in ([], [0], [0, 3]):
            doc = nlp.make_doc("Ana was born in Rome .")
            doc.ents = [Span(doc, i, i + 1, label="X") for i in ents]
            states.append(nlp(doc)._.trf_data.model_output.last_hidden_state)
        np.testing.assert_allclose(states[0], states[1], atol=1e-6)
        np.testing.assert_allclose(states[0], states[2], atol=1e-6)


def test_trf_data_has_the_pieces_of_all_windows(checkpoint: str):
    nlp = make_tagging(checkpoint)
    corpus = tagged(nlp)
    nlp.initialize(lambda: corpus)
    short = nlp("Ana xy .")._.trf_data
    assert short.wordpieces.strings == [["ana", "x", "##y", "."]]
    assert short.align.lengths.tolist() == [1, 2, 1]
    data = nlp(TEXTS[3])._.trf_data
    states = data.model_output.last_hidden_state
    assert states.shape == (1, len(data.wordpieces.strings[0]), 32)
    assert (np.abs(states[0]).sum(axis=1) > 0).all()


def test_trf_data_is_written_only_for_listeners(checkpoint: str):
    make_tagging(checkpoint)  # registers the attribute
    doc = make_pipeline(checkpoint)("Ana likes tea")
    assert Doc.has_extension("trf_data")
    assert doc._.trf_data is None


def test_listeners_cannot_be_replaced(checkpoint: str):
    nlp = make_tagging(checkpoint)
    with pytest.raises(ValueError, match="Keep the luke component in the pipeline"):
        nlp.replace_listeners("luke", "tagger", ["model.tok2vec"])
    assert nlp.get_pipe_config("tagger")["model"]["tok2vec"] == LISTENER
    assert nlp.get_pipe("luke").listening_components == ["tagger"]


def test_listeners_are_found_and_forgotten(checkpoint: str):
    nlp = make_tagging(checkpoint)
    luke, listener = nlp.get_pipe("luke"), nlp.get_pipe("tagger").model.get_ref("tok2vec").layers[0]
    assert luke.listening_components == ["tagger"]
    assert luke.listeners == [listener]
    luke.add_listener(listener, "tagger")
    assert luke.listeners == [listener]
    assert luke.remove_listener(listener, "tagger")
    assert not luke.remove_listener(listener, "tagger")
    assert luke.listening_components == []
    nlp.remove_pipe("tagger")
    assert luke.listeners == []
