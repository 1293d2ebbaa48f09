"""The pipes on published heads learn: from nothing, in small batches, from titles."""

from __future__ import annotations

import warnings

import pytest
from heads import copy_doc, make
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import Adam
from tiny import make_corpus


def silent(nlp: Language, docs: list[Doc]) -> bool:
    with pytest.warns(UserWarning, match="has no trained weights for"):
        found = list(nlp.pipe(docs))
    return not any(
        doc.user_data.get("spacy_luke") or (doc.ents and "luke_ner" in nlp.pipe_names) for doc in found
    )


def test_a_new_head_says_nothing_and_learns(checkpoint: str, factory: str):
    """From an encoder of our own, whose words have their case as types."""
    nlp = make(factory, checkpoint)
    corpus = make_corpus(nlp)
    if factory != "luke_ner":
        for example in corpus:
            example.predicted.ents = [
                Span(example.predicted, e.start, e.end, label=e.label_) for e in example.reference.ents
            ]
    plain = [copy_doc(example.reference) for example in corpus]
    if factory == "luke_ner":
        plain = [Doc(doc.vocab, [token.text for token in doc]) for doc in plain]
    assert silent(nlp, [copy_doc(doc) if factory != "luke_ner" else doc for doc in plain])
    nlp.initialize(lambda: corpus)
    fresh = [
        copy_doc(doc) if factory != "luke_ner" else Doc(doc.vocab, [t.text for t in doc]) for doc in plain
    ]
    assert silent(nlp, fresh)
    sgd = Adam(0.003)
    first = nlp.update(corpus, losses={})[factory]
    for _ in range(60):
        losses = nlp.update(corpus, sgd=sgd, losses={})
    assert losses[factory] < first / 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = nlp.evaluate(corpus)
    figure = {
        "luke_ner": "ents_f",
        "luke_typing": "luke_labels_micro_f",
        "luke_relations": "luke_relations_micro_f",
    }[factory]
    assert scores[figure] > 0.95


def test_small_batches_have_the_gradients_of_one(checkpoints: dict[str, str], factory: str):
    gradients = []
    for budget in (100_000, 120):
        nlp = make(factory, checkpoints[factory], max_batch_pieces=budget)
        corpus = make_corpus(nlp, 6)
        labels = {"ner": ["PER", "ORG", "LOC"], "labels": ["LOC", "ORG", "PER"]}
        labels["relations"] = ["born in", "works for"]
        for example in corpus:
            for ent in example.reference.ents:
                ent._.luke_labels = {"person": 1.0, "place": 0.0}
        nlp.get_pipe(factory).initialize(
            lambda c=corpus: c, labels=labels if factory != "luke_typing" else {}
        )
        pipe = nlp.get_pipe(factory)
        loss = pipe.update(corpus, drop=0.0)[factory]
        module = pipe.model.shims[0].module
        gradients.append(
            (loss, {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None})
        )
    (one, first), (two, second) = gradients
    assert one > 0
    assert two == pytest.approx(one, rel=1e-4)
    assert first.keys() == second.keys()
    for name, gradient in first.items():
        assert (gradient - second[name]).abs().max() < 1e-4 * max(1.0, float(gradient.abs().max()))


def test_titles_are_read_in_training(checkpoints: dict[str, str]):
    losses = []
    for entity_input in ("mask", "title"):
        nlp = make("luke_typing", checkpoints["luke_typing"], entity_input=entity_input)
        (example, *_) = make_corpus(nlp, 1)
        doc = example.reference
        doc.ents = [Span(doc, ent.start, ent.end, "place", kb_id="Rome") for ent in doc.ents]
        losses.append(nlp.get_pipe("luke_typing").update([example], drop=0.0)["luke_typing"])
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)
    assert nlp.get_pipe("luke_typing").titles.hits == 2
