"""Documents as pieces and padded arrays."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from tiny import make_tokenizer

from spacy_luke.inputs.batch import mention_batch, pad, word_batch
from spacy_luke.inputs.entities import doc_ents, doc_spans
from spacy_luke.inputs.pieces import LOWER, MIXED, TITLE, UPPER, case_class, encode_docs
from spacy_luke.inputs.windows import Window, make_windows

VOCAB = spacy.blank("en").vocab


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("tea", LOWER),
        ("1867", LOWER),
        (".", LOWER),
        ("東京", LOWER),
        ("مرحبا", LOWER),
        ("Ana", TITLE),
        ("A", TITLE),
        ("Élodie", TITLE),
        ("NATO", UPPER),
        ("U.S.", UPPER),
        ("B2B", UPPER),
        ("McDonald", MIXED),
        ("iPhone", MIXED),
        ("USAir", MIXED),
    ],
)
def test_case_classes(word: str, case: int):
    assert case_class(word) == case


def test_token_boundaries_are_piece_boundaries(tokenizer):
    docs = [Doc(VOCAB, words=["Ana", "xy", "\n", "tea"]), Doc(VOCAB, words=[]), Doc(VOCAB, words=["OSLO"])]
    pieces = encode_docs(docs, tokenizer)
    assert tokenizer.convert_ids_to_tokens(pieces[0].ids.tolist()) == ["ana", "x", "##y", "tea"]
    assert pieces[0].starts.tolist() == [0, 1, 3, 3, 4]
    assert pieces[0].cases.tolist() == [TITLE, LOWER, LOWER, LOWER]
    assert pieces[0].extent(1, 3) == (1, 3)
    assert pieces[0].extent(2, 3) == (3, 3)
    assert len(pieces[1]) == 0
    assert pieces[2].cases.tolist() == [UPPER]


def test_word_batch_has_specials_padding_and_slots_of_whole_tokens(tokenizer):
    docs = [Doc(VOCAB, words=["xyz", "tea", "\n", "ana"]), Doc(VOCAB, words=["tea"])]
    pieces = encode_docs(docs, tokenizer)
    batch = word_batch([Window(0, 1, 5), Window(1, 0, 1)], pieces, tokenizer)
    cls, sep, fill = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    assert batch.ids[0].tolist() == [cls, *pieces[0].ids[1:5], sep]
    assert batch.ids[1].tolist() == [cls, *pieces[1].ids, sep, fill, fill, fill]
    assert batch.mask.sum(axis=1).tolist() == [6, 3]
    # The first token is cut by the window and the third has no pieces: neither takes a slot.
    assert batch.tokens.tolist() == [[1, 3], [0, -1]]
    assert batch.first.tolist() == [[3, 4], [1, 0]]
    assert batch.last.tolist() == [[3, 4], [1, 0]]


def test_mention_batch_is_cut_to_windows_and_padded(tokenizer):
    windows = [Window(0, 0, 4), Window(0, 3, 8)]
    batch = mention_batch(
        windows,
        [np.array([0]), np.array([0, 2])],
        [np.array([[2, 6]]), np.array([[2, 6], [7, 8]])],
        [np.zeros((0, 2), dtype=np.int64), np.array([[1, 0]])],
    )
    assert batch.index.tolist() == [[0, -1], [0, 2]]
    assert batch.extents[0, 0].tolist() == [3, 5]
    assert batch.extents[1].tolist() == [[1, 4], [5, 6]]
    assert batch.pairs.tolist() == [[1, 1, 0]]


def test_batches_of_nothing(tokenizer):
    batch = word_batch([], [], tokenizer)
    assert batch.ids.shape == (0, 2)
    assert mention_batch([], [], [], []).pairs.shape == (0, 3)
    assert pad([], -1).shape == (0, 0)
    assert make_windows(0, encode_docs([Doc(VOCAB)], tokenizer)[0], 8, 2) == []


def test_getters():
    doc = Doc(VOCAB, words=["Ana", "likes", "tea"])
    assert list(doc_ents()(doc)) == []
    assert list(doc_spans("mine")(doc)) == []
    doc.spans["mine"] = [doc[0:1], doc[0:2]]
    assert [s.text for s in doc_spans("mine")(doc)] == ["Ana", "Ana likes"]
    with pytest.raises(ValueError, match=r"`key` .* is empty"):
        doc_spans("")
