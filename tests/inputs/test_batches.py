"""Documents as pieces and padded arrays."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from tiny import make_tokenizer

from spacy_luke.inputs.batch import pad, window_batch
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


def test_window_batch_has_specials_padding_and_slots_of_whole_tokens(tokenizer):
    docs = [Doc(VOCAB, words=["xyz", "tea", "\n", "ana"]), Doc(VOCAB, words=["tea"])]
    pieces = encode_docs(docs, tokenizer)
    batch = window_batch([Window(0, 1, 5), Window(1, 0, 1)], pieces, tokenizer)
    cls, sep, fill = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    assert batch.inputs.input_ids[0].tolist() == [cls, *pieces[0].ids[1:5], sep]
    assert batch.inputs.input_ids[1].tolist() == [cls, *pieces[1].ids, sep, fill, fill, fill]
    assert batch.inputs.attention_mask.sum(axis=1).tolist() == [6, 3]
    # The first token is cut by the window and the third has no pieces: neither takes a slot.
    assert batch.tokens.tolist() == [[1, 3], [0, -1]]
    assert batch.inputs.token_start_positions.tolist() == [[3, 4], [1, 0]]
    assert batch.inputs.token_end_positions.tolist() == [[3, 4], [1, 0]]


def test_mentions_are_cut_to_windows_and_padded(tokenizer):
    pieces = encode_docs([Doc(VOCAB, words=["tea"] * 8)], tokenizer)
    batch = window_batch([Window(0, 0, 4), Window(0, 3, 8)], pieces, tokenizer).with_mentions(
        [np.array([0]), np.array([0, 2])],
        [np.array([[2, 6]]), np.array([[2, 6], [7, 8]])],
        [np.zeros((0, 2), dtype=np.int64), np.array([[1, 0]])],
    )
    assert batch.mentions.tolist() == [[0, -1], [0, 2]]
    assert batch.inputs.entity_attention_mask.tolist() == [[True, False], [True, True]]
    assert batch.inputs.entity_start_positions.tolist() == [[3, 0], [1, 5]]
    assert batch.inputs.entity_end_positions.tolist() == [[4, -1], [3, 5]]
    assert batch.inputs.pairs.tolist() == [[1, 1, 0]]


def test_batches_of_nothing(tokenizer):
    batch = window_batch([], [], tokenizer)
    assert batch.inputs.input_ids.shape == (0, 2)
    assert batch.with_mentions([], [], []).inputs.pairs.shape == (0, 3)
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


def test_suggested_spans_become_candidates_of_the_windows_that_hold_them(tokenizer):
    docs = [Doc(VOCAB, words=["ana", "\n", "xyz", "tea", "old"])]
    pieces = encode_docs(docs, tokenizer)  # ana | x ##y ##z | tea | old
    batch = window_batch([Window(0, 0, 5), Window(0, 2, 6)], pieces, tokenizer)
    suggested = np.array([[0, 1], [0, 2], [0, 3], [2, 4], [3, 5], [1, 2]])
    inputs = batch.with_spans([suggested]).inputs
    found = [inputs.spans[row][inputs.span_mask[row]].tolist() for row in range(2)]
    # Slots of the first window are tokens 0, 2, 3; the second cuts token 2 and holds 3 and 4.
    assert found == [[[0, 0], [0, 1], [1, 2]], [[0, 1]]]
    nothing = batch.with_spans([np.zeros((0, 2), dtype=np.int64)]).inputs
    assert nothing.spans.shape == (2, 0, 2)
