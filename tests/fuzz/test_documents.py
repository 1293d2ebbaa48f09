"""Whole pipelines on hostile documents: nothing of them changes, nothing is left unread, and company doesn't matter."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import spacy
from fuzzing import examples
from hypothesis import given, note
from hypothesis import strategies as st
from saved_docs import SAVED, differences, said
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

import spacy_luke
from spacy_luke.inputs.pieces import encode_docs

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what is told once

PIPELINES = {
    "luke": "luke",
    "luke_titles": "luke",
    "luke_ner": "luke_ner",
    "luke_ner_spans": "luke_ner",
    "luke_typing": "luke_typing",
    "luke_relations": "luke_relations",
    "luke_linker": "luke_linker",
    "luke_textcat": "luke_textcat",
    "luke_tagger": "luke_tagger",
    "luke_qa": "luke_qa",
    "luke_choice": "luke_choice",
}
TOLERANCE = 2e-4
KNOWN = [
    "Ana",
    "Bob",
    "Rome",
    "Oslo",
    "Acme",
    "was",
    "born",
    "in",
    "works",
    "for",
    "likes",
    "the",
    "old",
    "tea",
    ".",
]
ODD = [
    *(" ", "  ", "\n", "\r\n", "\t", "\xa0", "\u2028", "\u2029", "\x85", "\x0b", "\x1c", "\u3000"),
    *("\u200b", "\u200d", "\ufeff", "\xad", "\u202e", "\x00", "\x7f", "\ufffd", "\ufffe", "\U0010ffff"),
    *("e\u0301", "👩\u200d🔬", "🇳🇴", "ﷺ", "İ", "ß", "ſ", "東京", "مريم", "ไทย", "हिन्दी", "é" * 30, "x" * 300),
    *(
        "<ent>",
        "<ent2>",
        "</s>",
        "<mask>",
        "[MASK]",
        "[SEP]",
        "[CLS]",
        "[PAD]",
        "##ing",
        "Ġthe",
        "▁the",
        "@",
        "#",
    ),
    *(
        "1" * 50,
        "1,000.00",
        "http://a.b/c?d=e&f",
        "a/b-c_d",
        "…",
        "''",
        "``",
        "“",
        "%%",
        "\\n",
        "{}",
        "{0}",
        "%s",
    ),
    "\u0301" * 40,
]
any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
word = st.one_of(*[st.sampled_from(KNOWN)] * 4, st.sampled_from(ODD), any_text)
beside = st.one_of(st.lists(word, max_size=8).map(" ".join), st.just("the old tea " * 40))


@st.composite
def documents(draw: st.DrawFn, vocab: spacy.vocab.Vocab, pipe: str) -> Doc:
    """A document of odd words, with or without spaces, sentences and entities, and with what its pipe is asked."""
    words = draw(st.lists(word, max_size=draw(st.sampled_from([3, 12, 12, 120]))))
    n = len(words)
    starts = st.lists(st.sampled_from([True, False, False, None]), min_size=n, max_size=n)
    doc = Doc(
        vocab,
        words=words,
        spaces=draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        sent_starts=draw(st.one_of(st.none(), starts)) if n else None,
    )
    places = st.tuples(
        st.integers(0, max(n - 1, 0)), st.integers(1, 6), st.sampled_from(["PER", "X", "é\u2028"])
    )
    spans = [
        Span(
            doc, start, min(start + length, n), label, kb_id=draw(st.sampled_from(["", "Rome", "Q1", "NIL"]))
        )
        for start, length, label in (draw(st.lists(places, max_size=6)) if n else ())
    ]
    doc.spans["others"] = spans  # they may overlap, and be alike
    if draw(st.booleans()):
        doc.set_ents(filter_spans(spans), default=draw(st.sampled_from(["outside", "missing", "unmodified"])))
    doc._.luke_text_pair = draw(st.one_of(st.none(), beside))
    if pipe == "luke_qa" and draw(st.integers(0, 5)):
        doc._.luke_question = draw(st.one_of(beside, st.lists(beside, min_size=1, max_size=3, unique=True)))
    if pipe == "luke_choice" and draw(st.integers(0, 5)):
        doc._.luke_choices = draw(st.lists(beside, min_size=1, max_size=4))
    return doc


@cache
def load(name: str) -> Language:
    """A saved pipeline, once for all examples."""
    spacy_luke.set_extensions()
    return spacy.load(SAVED / name)


def taken(doc: Doc) -> Any:
    """What a pipe has to leave as it is."""
    return (
        doc.text,
        [(token.text, token.idx, token.whitespace_, token.is_sent_start) for token in doc],
        [(span.start, span.end, span.label_) for span in doc.spans["others"]],
        [doc._.luke_text_pair, doc._.luke_question, doc._.luke_choices],
    )


def decided(doc: Doc) -> Any:
    """What was said, without the choice between texts that are as good as each other, such as the same one twice."""
    data = said(doc)
    best = sorted(data.get("choice", [0, "", []])[2])[-2:]
    if len(best) == 2 and best[1] - best[0] < TOLERANCE:
        data["choice"][:2] = []
    return data


def read(nlp: Language, docs: Sequence[Doc], size: int, pieces: int) -> list[Doc]:
    """Copies of the documents, read by the last pipe alone: the one before it would set sentences."""
    _name, pipe = nlp.pipeline[-1]
    kept, pipe.max_batch_pieces = pipe.max_batch_pieces, pieces
    try:
        return list(pipe.pipe((doc.copy() for doc in docs), batch_size=size))
    finally:
        pipe.max_batch_pieces = kept


def check(nlp: Language, docs: Sequence[Doc], order: Sequence[int], size: int, pieces: int) -> None:
    """What has to hold for any documents, read one by one and together in another order."""
    before = [taken(doc) for doc in docs]
    alone = [read(nlp, [doc], 1, 4096)[0] for doc in docs]
    together = read(nlp, [docs[i] for i in order], size, pieces)
    assert [taken(doc) for doc in docs] == before  # no copy shares what is written on it
    assert [taken(doc) for doc in alone] == before
    for i, doc in zip(order, together, strict=True):
        assert taken(doc) == before[i]
        assert differences(decided(doc), decided(alone[i]), TOLERANCE) == []
        given = [(ent.start, ent.end, ent.label_) for ent in docs[i].ents]
        assert set(given) <= {(ent.start, ent.end, ent.label_) for ent in doc.ents}


@pytest.mark.parametrize("name", PIPELINES)
@examples(40)
@given(data=st.data())
def test_company_does_not_matter(name: str, data: st.DataObject) -> None:
    nlp = load(name)
    docs = data.draw(st.lists(documents(nlp.vocab, PIPELINES[name]), min_size=1, max_size=5))
    note(repr([[token.text for token in doc] for doc in docs]))
    order = data.draw(st.permutations(range(len(docs))))
    check(nlp, docs, order, data.draw(st.integers(1, 6)), data.draw(st.sampled_from([1, 30, 100, 4096])))


def check_read(nlp: Language, doc: Doc) -> None:
    """The tagger says something of each token that has word pieces: all are in some window."""
    pipe = nlp.get_pipe("luke_tagger")
    (tagged,) = pipe.pipe([doc.copy()])
    (pieces,) = encode_docs([doc], pipe.network.tokenizer)
    assert [bool(token._.luke_tag) for token in tagged] == (np.diff(pieces.starts) > 0).tolist()


@examples(40)
@given(data=st.data())
def test_every_token_is_read(data: st.DataObject) -> None:
    nlp = load("luke_tagger")
    check_read(nlp, data.draw(documents(nlp.vocab, "luke_tagger")))


@pytest.mark.parametrize("name", ["luke", "luke_relations", "luke_linker", "luke_qa"])
@examples(5)
@given(data=st.data())
def test_threads_do_not_disturb_each_other(name: str, data: st.DataObject) -> None:
    nlp = load(name)
    docs = data.draw(st.lists(documents(nlp.vocab, PIPELINES[name]), min_size=2, max_size=6))
    expected = [decided(doc) for doc in read(nlp, docs, 1, 4096)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda doc: decided(next(nlp.pipeline[-1][1].pipe([doc.copy()]))), docs * 2))
    for own, other in zip(found, expected * 2, strict=True):
        assert differences(own, other, TOLERANCE) == []


@pytest.mark.parametrize("name", ["luke", "luke_textcat"])
def test_processes_say_the_same(name: str) -> None:
    nlp = load(name)
    texts = [" ".join(ODD[i::7]) + " Ana was born in Rome ." * (i % 3) for i in range(7)] + ["", " "]
    expected = [said(doc) for doc in nlp.pipe(texts)]
    found = [said(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)]
    for own, other in zip(found, expected, strict=True):
        assert differences(own, other, TOLERANCE) == []
