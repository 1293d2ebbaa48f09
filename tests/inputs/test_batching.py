"""Padded batches: bounded, complete, and counted by what they are padded to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from tiny import make_tokenizer

from spacy_luke.inputs.batch import window_batch
from spacy_luke.inputs.batching import (
    batch_windows,
    candidate_counts,
    count_inside,
    group_documents,
    word_sizes,
)
from spacy_luke.inputs.pieces import encode_docs
from spacy_luke.inputs.windows import make_windows

SIZES = st.lists(st.tuples(st.integers(2, 30), st.integers(0, 30)), max_size=12)


def cost(sizes: np.ndarray) -> int:
    return len(sizes) * int(sizes.max(axis=0, initial=0).sum())


@given(SIZES, st.integers(1, 200))
def test_no_batch_exceeds_the_budget_but_a_single_window(sizes: list[tuple[int, int]], budget: int):
    array = np.array(sizes, dtype=np.int64).reshape(-1, 2)
    batches = list(batch_windows(array, budget))
    assert [i for batch in batches for i in batch] == list(range(len(array)))
    assert all(len(batch) == 1 or cost(array[batch]) <= budget for batch in batches)
    for left, right in pairwise(batches):
        assert cost(array[[*left, right[0]]]) > budget  # none could have been larger


@given(st.lists(SIZES, max_size=6), st.integers(1, 200))
def test_a_group_of_documents_is_one_batch(docs: list[list[tuple[int, int]]], budget: int):
    arrays = [np.array(sizes, dtype=np.int64).reshape(-1, 2) for sizes in docs]
    groups = list(group_documents(arrays, budget))
    assert sorted(doc for group in groups for doc in group) == list(range(len(docs)))
    for group in groups:
        joined = np.concatenate([arrays[doc] for doc in group])
        assert len(group) == 1 or cost(joined) <= budget


def test_padding_counts_words_and_entities_apart():
    sizes = np.array([[10, 20], [30, 0]])  # each holds 30, but together they are padded to 2 x (30 + 20)
    assert list(batch_windows(sizes, 99)) == [[0], [1]]
    assert list(batch_windows(sizes, 100)) == [[0, 1]]
    docs = [np.array(s).reshape(-1, 1) for s in ([10], [4], [30, 30], [4], [])]
    assert list(group_documents(docs, 20)) == [[4, 1, 3], [0], [2]]


def test_windows_know_what_they_hold():
    tokenizer = make_tokenizer()
    doc = Doc(spacy.blank("en").vocab, words=["tea", "\n", "ana", "xyz", "old", "tea"])
    pieces = encode_docs([doc], tokenizer)  # tea | ana | x ##y ##z | old | tea
    windows = make_windows(0, pieces[0], 5, 2)
    assert word_sizes(windows).tolist() == [len(w) + 2 for w in windows]
    words = window_batch(windows, pieces, tokenizer)
    tokens = (words.tokens >= 0).sum(axis=1)
    counts = candidate_counts(windows, pieces[0], 0.5, None)
    assert (counts >= np.ceil(tokens * 0.5)).all()
    assert (counts <= np.ceil((tokens + 1) * 0.5)).all()  # the dropped token
    spans = np.array([[0, 1], [2, 4], [4, 6]])
    inside = [sum(w.start <= s and e <= w.end for s, e in pieces[0].starts[spans]) for w in windows]
    assert candidate_counts(windows, pieces[0], 0.5, spans).tolist() == inside
    assert count_inside(windows, np.zeros((0, 2), dtype=np.int64)).tolist() == [0] * len(windows)
