"""A stream fills the model's batches, however the caller cuts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from every_pipe import PIPES, ask, make, said, save
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from tiny import make_pipeline

from spacy_luke.pipeline.pipe import fill_batches


@given(lengths=st.lists(st.integers(0, 9)), n_docs=st.integers(1, 4), n_tokens=st.integers(1, 12))
@pytest.mark.slow
def test_batches_have_enough_documents_and_tokens(lengths: list[int], n_docs: int, n_tokens: int) -> None:
    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=["a"] * length) for length in lengths]
    batches = list(fill_batches(docs, n_docs, n_tokens))
    assert [doc for batch in batches for doc in batch] == docs
    assert all(batches)
    if n_docs == 1:
        assert all(len(batch) == 1 for batch in batches)
        return
    for batch in batches:
        assert not _is_enough(batch[:-1], n_docs, n_tokens)
    assert all(_is_enough(batch, n_docs, n_tokens) for batch in batches[:-1])


def _is_enough(batch: list[Doc], n_docs: int, n_tokens: int) -> bool:
    return len(batch) >= n_docs and sum(map(len, batch)) >= n_tokens


@pytest.mark.parametrize("pipe", ["luke_ner", "luke_textcat"])
def test_small_batches_of_the_caller_are_read_together(pipe: str, tmp_path: Path, monkeypatch: Any) -> None:
    nlp = make(pipe, save(pipe, tmp_path))
    component: Any = nlp.get_pipe(pipe)
    texts = ["Ana was born in Rome .", "Bob likes tea .", "Lea ."] * 4
    expected = [said(doc) for doc in nlp.pipe([ask(nlp, pipe, text) for text in texts])]
    read: list[int] = []
    predict = component.predict
    monkeypatch.setattr(component, "predict", lambda docs: read.append(len(docs)) or predict(docs))
    for batch_size, sizes in ((1, [1] * 12), (2, [12]), (1000, [12])):
        read.clear()
        docs = nlp.pipe([ask(nlp, pipe, text) for text in texts], batch_size=batch_size)
        assert [said(doc) for doc in docs] == expected
        assert read == sizes
    component.max_batch_pieces = 2  # four of them
    read.clear()
    list(nlp.pipe(texts, batch_size=2))
    assert read == [2, 2, 3, 3, 2]


# --- documents that fail -------------------------------------------------------------------

EVERY = ["luke", *PIPES]
GOOD, BAD = ["Ana was born in Rome .", "Lea likes the old tea .", "Max ."], "Bob fails ."


def pipeline(pipe: str, folder: Path, checkpoint: str) -> Any:
    """A pipeline with one of our pipes."""
    return make_pipeline(checkpoint) if pipe == "luke" else make(pipe, save(pipe, folder))


def break_on_bob(component: Any, stage: str, monkeypatch: Any) -> None:
    """Let a pipe fail wherever it reads, or writes, the document that begins with "Bob"."""
    method = getattr(component, stage)

    def fail(docs: list[Doc], *rest: Any) -> Any:
        if any(doc.text.startswith("Bob") for doc in docs):
            raise RuntimeError("no Bob")
        return method(docs, *rest)

    monkeypatch.setattr(component, stage, fail)


@pytest.mark.parametrize("stage", ["solve", "set_annotations"])
@pytest.mark.parametrize("pipe", EVERY)
def test_a_document_that_fails_costs_no_other(
    pipe: str, stage: str, checkpoint: str, tmp_path: Path, monkeypatch: Any
) -> None:
    nlp = pipeline(pipe, tmp_path, checkpoint)
    texts = [*GOOD, *GOOD, BAD, *GOOD, BAD]
    good = [said(doc) for doc in nlp.pipe(ask(nlp, pipe, text) for text in texts if text != BAD)]
    break_on_bob(nlp.get_pipe(pipe), stage, monkeypatch)
    failed: list[tuple[str, list[str], str]] = []
    nlp.set_error_handler(
        lambda name, _, docs, error: failed.append((name, [doc.text for doc in docs], str(error)))
    )
    for batch_size in (1, 2, 8, 1000):
        failed.clear()
        docs = nlp.pipe([ask(nlp, pipe, text) for text in texts], batch_size=batch_size)
        assert [said(doc) for doc in docs] == good
        assert failed == [(pipe, [BAD], "no Bob")] * 2


def test_what_fails_is_looked_for_in_the_batches_of_the_caller(tmp_path: Path, monkeypatch: Any) -> None:
    nlp = make("luke_textcat", save("luke_textcat", tmp_path))
    component: Any = nlp.get_pipe("luke_textcat")
    break_on_bob(component, "solve", monkeypatch)
    nlp.set_error_handler(lambda name, proc, docs, error: None)
    read: list[int] = []
    predict = component.predict
    monkeypatch.setattr(component, "predict", lambda docs: read.append(len(docs)) or predict(docs))
    assert len(list(nlp.pipe([*GOOD, *GOOD, BAD, *GOOD], batch_size=4))) == 9
    assert read == [10, 4, 4, 1, 1, 1, 1, 2]


def test_an_error_that_is_raised_comes_after_all_before_it(tmp_path: Path, monkeypatch: Any) -> None:
    nlp = make("luke_textcat", save("luke_textcat", tmp_path))
    break_on_bob(nlp.get_pipe("luke_textcat"), "solve", monkeypatch)
    docs = nlp.pipe([*GOOD, BAD, *GOOD], batch_size=2)
    assert [next(docs).text for _ in GOOD] == GOOD
    with pytest.raises(RuntimeError, match="no Bob"):
        next(docs)


@pytest.mark.parametrize("pipe", ["luke_ner", "luke_typing", "luke_relations", "luke_textcat", "luke_choice"])
def test_batches_are_encoded_when_their_turn_comes(pipe: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Of a document with many pairs, all inputs at once would fill the memory."""
    nlp = make(pipe, save(pipe, tmp_path))
    component: Any = nlp.get_pipe(pipe)
    component.max_batch_pieces = 64
    steps: list[str] = []
    encode, predict = component.encode, component.network.predict
    monkeypatch.setattr(component, "encode", lambda *args: steps.append("encode") or encode(*args))
    monkeypatch.setattr(component.network, "predict", lambda batch: steps.append("predict") or predict(batch))
    component(ask(nlp, pipe, "Ana and Bob and Eve and Kim like tea . " * 6))
    assert len(steps) > 4
    assert steps == ["encode", "predict"] * (len(steps) // 2)
