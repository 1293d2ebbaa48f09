"""Docs with texts beside them, as rows."""

from __future__ import annotations

import numpy as np
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_heads import TOKENIZER

from spacy_luke.inputs.pieces import encode_whole_texts
from spacy_luke.inputs.texts import NO_ENTITIES, TextEntities, TextLayout, group_rows, text_batch

NLP = spacy.blank("en")
texts = st.lists(
    st.sampled_from(["Ana", "don't", "tea", "\n", "ünïcode", "...", "Rome-based", "<mask>", " "]), max_size=25
).map(" ".join)


def reader(longest: int = 24, overlap: int = 6, doc_first: bool = True, by_token: bool = False) -> TextLayout:
    return TextLayout(TOKENIZER, longest, overlap, doc_first, by_token)


@given(texts)
@settings(max_examples=50)
def test_whole_texts_have_the_published_pieces_and_tokens_share_them_out(text: str):
    doc = NLP.make_doc(text)
    (pieces,) = encode_whole_texts([doc], [np.zeros((0, 2), dtype=np.int64)], TOKENIZER)
    wanted = TOKENIZER(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert pieces.ids.tolist() == wanted
    assert len(pieces.starts) == len(doc) + 1
    assert (np.diff(pieces.starts) >= 0).all()
    assert pieces.starts[-1] == len(wanted)
    if len(doc):
        assert pieces.starts[0] == 0


@given(
    st.lists(texts, max_size=4),
    st.sampled_from([None, "tea", "Ana likes the old tea from Rome " * 5]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=50)
def test_rows_fit_and_show_every_piece(docs: list[str], other: str | None, doc_first: bool, by_token: bool):
    made = [NLP.make_doc(text) for text in docs]
    rows_of = reader(doc_first=doc_first, by_token=by_token)
    pieces, rows = rows_of.rows(made, [[other]] * len(made), [NO_ENTITIES] * len(made))
    for doc, known in enumerate(pieces):
        shown = [row for row in rows if row.window.doc == doc]
        assert len(shown) > 0 or (other is None and len(known) == 0)
        seen = set()
        for row in shown:
            assert len(row) <= 24
            part = slice(row.window.start, row.window.end)
            assert row.ids[row.at : row.at + len(row.window)].tolist() == known.ids[part].tolist()
            seen.update(range(row.window.start, row.window.end))
        assert seen == set(range(len(known)))
    batched = [place for places in group_rows(rows, 60) for place in places]
    assert sorted(batched) == list(range(len(rows)))


def test_entities_stand_where_the_tokenizer_puts_them():
    text = "Ana was born in Rome."
    doc = NLP.make_doc(text)
    given_ = TextEntities(np.array([[0, 1], [4, 5]]), np.array([2, 3]))
    _, rows = reader().rows([doc], [["she likes tea"]], [given_])
    assert group_rows(rows, 1000) == [[0]]
    batch = text_batch(rows, TOKENIZER)
    wanted = TOKENIZER(text, "she likes tea", entity_spans=[(0, 3), (16, 20)], return_tensors="np")
    assert batch.input_ids.tolist() == wanted["input_ids"].tolist()
    assert batch.entity_position_ids.tolist() == wanted["entity_position_ids"].tolist()
    assert batch.entity_ids.tolist() == [[2, 3]]
    _, rows = reader(longest=6, overlap=0).rows([doc], [[None]], [given_])
    assert [row.entities.ids.tolist() for row in rows] == [[2], [3]]  # each in the window that shows it
