"""No padded batch exceeds its budget, in prediction and in training, and none of it shows in what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, Model
from tiny import FIRMS, PEOPLE, PLACES, TEXTS, annotate, make_corpus, make_pipeline

from spacy_luke.layers.weights import get_module
from spacy_luke.nn.heads.joint.outputs import JointOutput

# Facts are learned from these; that they are no relations of one sentence is told.
pytestmark = pytest.mark.filterwarnings(r"ignore:\d+ of \d+ gold relations are beyond")

BATCHES = list[tuple[int, int]]  # windows and padded size of each batch


def record(batches: BATCHES, question: Any, output: JointOutput) -> None:
    rows, words = question.inputs.input_ids.shape
    size = words
    if output.candidates is not None:
        size += output.candidates.mask.shape[1]
    if question.inputs.entity_start_positions is not None:
        size += question.inputs.entity_start_positions.shape[1]
    batches.append((rows, rows * size))


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> BATCHES:
    """What the models are given from now on, counted by what it is padded to."""
    seen: BATCHES = []
    predict, begin_update = Model.predict, Model.begin_update

    def watch_predict(model: Model, question: Any) -> Any:
        output = predict(model, question)
        if isinstance(output, JointOutput):
            record(seen, question, output)
        return output

    def watch_update(model: Model, question: Any) -> Any:
        answer = begin_update(model, question)
        if isinstance(answer[0], JointOutput):
            record(seen, question, answer[0])
        return answer

    monkeypatch.setattr(Model, "predict", watch_predict)
    monkeypatch.setattr(Model, "begin_update", watch_update)
    return seen


def assert_bounded(batches: BATCHES, budget: int) -> None:
    assert batches
    assert all(size <= budget for windows, size in batches if windows > 1)
    assert any(windows > 1 for windows, _ in batches)


# --- prediction ----------------------------------------------------------------------------


def test_no_padded_batch_exceeds_the_budget(checkpoint: str, batches: BATCHES):
    nlp = make_pipeline(checkpoint)
    nlp.get_pipe("luke").max_batch_pieces = 150
    list(nlp.pipe(TEXTS * 3))
    assert_bounded(batches, 150)
    assert len(batches) < 2 * len(TEXTS) * 3


def crowded(nlp: Language, n_groups: int) -> Doc:
    """A document whose mentions stand all in its beginning, several on each token."""
    doc = nlp.make_doc(TEXTS[3])
    spans = [
        Span(doc, i, i + 1 + k, label=str(k)) for i in range(6) for k in range(n_groups) if i + 1 + k < 12
    ]
    doc.spans["mine"] = spans
    return doc


@pytest.mark.parametrize("find", [False, True])
def test_mentions_that_crowd_one_window_make_batches_of_their_own(
    checkpoint: str, batches: BATCHES, find: bool
):
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    nlp = make_pipeline(
        checkpoint, entities=getter, find_entities=find, model={"window": 20}, thresholds={"relations": 0.0}
    )
    pipe = nlp.get_pipe("luke")

    def read() -> list[Any]:
        docs = [nlp.make_doc("Ana likes tea ."), crowded(nlp, 6), crowded(nlp, 2)]
        list(pipe.pipe(docs))
        return [
            {span: span._.luke_vector for span in doc.spans.get("mine", [])}
            | {(r.head, r.tail, r.label): r.score for r in doc._.luke_relations}
            for doc in docs
        ]

    pipe.max_batch_pieces = 10_000
    at_once = read()
    batches.clear()
    pipe.max_batch_pieces = 110
    in_parts = read()
    assert_bounded(batches, 110)
    for one, other in zip(at_once, in_parts, strict=True):
        assert [str(key) for key in one] == [str(key) for key in other]
        for left, right in zip(one.values(), other.values(), strict=True):
            np.testing.assert_allclose(left, right, atol=1e-4)
    assert len(at_once[1]) > 100


# --- training ------------------------------------------------------------------------------


def long_example(nlp: Language, n_tokens: int) -> Example:
    """Sentences about the same people, in which the same relations come again and again."""
    sentences = [
        f"{PEOPLE[i % 6]} works for {FIRMS[i % 4]} in {PLACES[i % 5]} . she was born in {PLACES[5]} ."
        for i in range(n_tokens // 13 + 1)
    ]
    nlp.max_length = 10**8
    labels = {**dict.fromkeys(PEOPLE, "PER"), **dict.fromkeys(FIRMS, "ORG"), **dict.fromkeys(PLACES, "LOC")}
    return annotate(nlp, " ".join(sentences), labels, [(PEOPLE[0], FIRMS[0], "works for")])


def gradients(nlp: Language) -> dict[str, torch.Tensor]:
    module = get_module(nlp.get_pipe("luke").model)
    return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"suggester": {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]}},
        {"model": {"words_attend_to_entities": True, "entities_attend_to_entities": True}},
        {"pair_layers": 1},
    ],
    ids=["cut", "suggester", "full", "pairs"],
)
def test_a_batch_in_parts_has_the_gradients_of_the_whole(
    make_checkpoint, batches: BATCHES, options: dict[str, Any]
):
    pair_layers = options.get("pair_layers", 0)
    options = {name: value for name, value in options.items() if name != "pair_layers"}
    checkpoint, results = make_checkpoint(loud=True, joint={"pair_layers": pair_layers}), []
    for budget in (100_000, 110):
        nlp = make_pipeline(checkpoint, max_batch_pieces=budget, **options)
        corpus = [*make_corpus(nlp, 6), long_example(nlp, 150)]
        corpus[0].reference._.luke_relations = None
        batches.clear()
        losses = nlp.get_pipe("luke").update(corpus, drop=0.0)
        assert_bounded(batches, budget)
        results.append((losses["luke"], gradients(nlp), len(batches)))
    (loss, whole, n_whole), (again, parts, n_parts) = results
    assert (n_whole, n_parts > 3) == (1, True)
    assert loss == pytest.approx(again, rel=1e-6)
    assert whole.keys() == parts.keys()
    for part in ("relation_head", *["pair_reader"] * pair_layers):
        assert any(bool(grad.any()) for name, grad in whole.items() if name.startswith(part))
    for name, grad in whole.items():
        torch.testing.assert_close(parts[name], grad, atol=1e-5, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}")


def test_the_same_dropout_when_computed_again(checkpoint: str):
    """Seen one sentence at a time, so that dropout falls on the same places whether or not it is recomputed."""
    results = []
    for recompute in (True, False):
        nlp = make_pipeline(checkpoint, max_batch_pieces=1)
        model = nlp.get_pipe("luke").model
        get_module(model)
        if not recompute:
            type(model.shims[0]).recompute = property(lambda _: False, lambda *_: None)
        try:
            torch.manual_seed(3)
            nlp.get_pipe("luke").update(make_corpus(nlp, 6), drop=0.4)
        finally:
            if not recompute:
                del type(model.shims[0]).recompute
        results.append(gradients(nlp))
    for name, grad in results[0].items():
        torch.testing.assert_close(results[1][name], grad)


def test_a_step_in_parts_with_a_listener_is_the_step_of_the_whole(checkpoint: str):
    pytest.importorskip("spacy_transformers")
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "upstream": "luke",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    results = []
    for budget in (100_000, 60):
        nlp = make_pipeline(checkpoint, max_batch_pieces=budget)
        for name in ("tagger", "second"):
            model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
            nlp.add_pipe("tagger", name=name, config={"model": model})
        corpus = [*make_corpus(nlp, 5), long_example(nlp, 100)]
        for example in corpus:
            for token in example.reference:
                token.tag_ = "N" if token.text[0].isupper() else "W"
        nlp.initialize(lambda corpus=corpus: corpus)
        for name in ("tagger", "second"):
            weights = np.repeat(np.array([[0.1], [0.3]], dtype="f"), 32, axis=1)
            nlp.get_pipe(name).model.get_ref("softmax").set_param("W", weights)
        losses = nlp.update(corpus, sgd=Adam(0.01, L2=0.0), drop=0.0)
        module = get_module(nlp.get_pipe("luke").model)
        results.append((losses, torch.cat([p.detach().flatten() for p in module.parameters()])))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    # Adam's first step is the rate wherever there is any gradient: rounding decides only where there is none.
    close = torch.isclose(results[0][1], results[1][1], atol=1e-5)
    assert close.float().mean() > 0.999


@contextmanager
def kept_bytes() -> Iterator[list[int]]:
    """Counts what forward passes keep for their backward pass."""
    kept: list[int] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


@pytest.mark.slow
def test_a_very_long_document_trains_in_bounded_batches(checkpoint: str, batches: BATCHES):
    nlp = make_pipeline(checkpoint, max_batch_pieces=2000)
    pipe = nlp.get_pipe("luke")
    get_module(pipe.model)
    example = long_example(nlp, 20_000)
    assert len(example.reference) >= 20_000
    with kept_bytes() as short:
        pipe.update([long_example(nlp, 500)], drop=0.0)
    batches.clear()
    with kept_bytes() as long:
        losses = pipe.update([example], sgd=Adam(0.001), drop=0.0)
    assert losses["luke"] > 0
    assert len(batches) > 20
    assert_bounded(batches, 2000)
    assert sum(long) < 3 * sum(
        short
    )  # of forty times the text: inner states of the last batch, and the losses'
