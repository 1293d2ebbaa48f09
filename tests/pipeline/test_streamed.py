"""A stream fills the model's batches, however the caller cuts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from every_pipe import ask, make, said, save
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

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
