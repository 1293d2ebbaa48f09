"""Excerpts, whole texts and texts beside a document are laid out by the tokenizer's core as its published call does."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import every_pipe
import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import ENTITIES, make_tokenizer
from tiny_heads import TOKENIZER as BYTES

from spacy_luke.inputs.encode import ExcerptEncoder
from spacy_luke.inputs.excerpts import Excerpt
from spacy_luke.inputs.pieces import case_class
from spacy_luke.tokenizer import LukeTokenizer

NLP = spacy.blank("en")
WORDPIECE = make_tokenizer({**ENTITIES, "Ana": 4, "Rome": 5})
WORDS = [
    "Ana",
    "LIKES",
    "don't",
    "tea",
    "\n",
    "ünïcode",
    "...",
    "Rome-based",
    "<mask>",
    "[MASK]",
    " ",
    "👍🏽",
]
N_SPANS = {"entity_classification": 1, "entity_pair_classification": 2, "entity_span_classification": 3}


def published(
    tokenizer: LukeTokenizer, task: str, excerpts: list[Excerpt], docs: list[Any]
) -> dict[str, Any]:
    """What the published call gives for the same texts and spans."""
    caller = copy.copy(tokenizer)
    caller.task = task
    texts = [docs[e.doc][e.start : e.end] for e in excerpts]
    spans = []
    for excerpt, text in zip(excerpts, texts, strict=True):
        own = [docs[excerpt.doc][start:end] for start, end in excerpt.spans.tolist()]
        spans.append([(s.start_char - text.start_char, s.end_char - text.start_char) for s in own])
    return dict(
        caller(
            [text.text for text in texts],
            entity_spans=spans,
            padding=True,
            split_special_tokens=True,
            return_tensors="np",
        )
    )


@st.composite
def examples(draw: st.DrawFn) -> tuple[str, list[Any], list[Excerpt]]:
    task = draw(st.sampled_from(list(N_SPANS)))
    lists = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), min_size=1, max_size=3))
    docs = [NLP.make_doc(" ".join(words)) for words in lists]
    excerpts = []
    for number, doc in enumerate(docs):
        ends = st.tuples(st.integers(0, len(doc) - 1), st.integers(1, 3))
        drawn = draw(st.lists(ends, min_size=N_SPANS[task], max_size=N_SPANS[task]))
        spans = np.array([(start, min(start + width, len(doc))) for start, width in drawn], dtype=np.int64)
        first, last = int(spans.min()), int(spans.max())
        start, end = draw(st.integers(0, first)), draw(st.integers(last, len(doc)))
        excerpts.append(Excerpt(number, start, end, spans, np.arange(len(spans))))
    return task, docs, excerpts


@pytest.mark.parametrize("tokenizer", [BYTES, WORDPIECE], ids=["bytes", "wordpiece"])
@given(example=examples(), cased=st.booleans())
@settings(max_examples=60, deadline=None)
def test_excerpts_are_what_the_published_call_gives(
    tokenizer: LukeTokenizer, example: tuple[str, list[Any], list[Excerpt]], cased: bool
):
    task, docs, excerpts = example
    inputs = ExcerptEncoder(tokenizer, task, 512, cased)(excerpts, docs).present()
    cases = inputs.pop("token_type_ids", None)
    wanted = published(tokenizer, task, excerpts, docs)
    assert {name: array.tolist() for name, array in inputs.items()} == {
        name: array.tolist() for name, array in wanted.items()
    }
    assert (cases is not None) == cased
    assert cases is None or cases.shape == inputs["input_ids"].shape


@pytest.mark.parametrize("task", N_SPANS)
def test_pieces_have_the_case_of_their_token_and_markers_none(task: str):
    doc = NLP.make_doc("Ana LIKES iPods")
    spans = np.array([(i, i + 1) for i in range(N_SPANS[task])])
    excerpt = Excerpt(0, 0, 3, spans, np.arange(len(spans)))
    inputs = ExcerptEncoder(WORDPIECE, task, 512, True)([excerpt], [doc])
    around = {*WORDPIECE.all_special_ids}
    ids, cases = inputs.needed("input_ids")[0], inputs.needed("token_type_ids")[0]
    words = [case for id_, case in zip(ids.tolist(), cases.tolist(), strict=True) if id_ not in around]
    pieces = [len(ids) for ids in WORDPIECE.encode_words([t.text for t in doc], [False] * 3)]
    wanted = [case_class(token.text) for token, n in zip(doc, pieces, strict=True) for _ in range(n)]
    assert words == wanted
    assert not cases[np.isin(ids, list(around - {WORDPIECE.unk_token_id}))].any()


@pytest.mark.parametrize("task", N_SPANS)
def test_what_is_longer_than_the_model_reads_is_cut_and_still_ends_as_an_input(task: str):
    doc = NLP.make_doc("Ana likes the tea " * 10 + "Rome")
    spans = np.array([(i * 40, i * 40 + 1) for i in range(2)] * 2)[
        : N_SPANS[task]
    ]  # the first and the last token
    excerpts = [Excerpt(0, 0, len(doc), spans, np.arange(len(spans)))]
    longest = 12
    inputs = ExcerptEncoder(BYTES, task, longest, False)(excerpts, [doc]).present()
    whole = published(BYTES, task, excerpts, [doc])
    assert inputs["input_ids"][0].tolist() == [*whole["input_ids"][0, : longest - 1], BYTES.sep_token_id]
    assert inputs["attention_mask"].all()
    places = whole["entity_position_ids"]
    assert inputs["entity_position_ids"].tolist() == np.where(places >= longest, -1, places).tolist()
    for name in {"entity_start_positions", "entity_end_positions"} & set(inputs):
        assert inputs[name].tolist() == whole[name].clip(0, longest - 1).tolist()


def test_spans_are_read_as_their_own_entities_where_they_have_some():
    doc = NLP.make_doc("Ana likes Rome")
    pair = np.array([(0, 1), (2, 3)])
    mask, mask2 = WORDPIECE.entity_mask_id, WORDPIECE.entity_mask2_id
    for own, wanted in [(None, [mask, mask2]), ([4, mask], [4, mask2]), ([mask, 5], [mask, 5])]:
        excerpt = Excerpt(0, 0, 3, pair, np.arange(1), None if own is None else np.array(own))
        inputs = ExcerptEncoder(WORDPIECE, "entity_pair_classification", 64, False)([excerpt], [doc])
        assert inputs.needed("entity_ids").tolist() == [wanted]


@pytest.mark.parametrize("pipe", every_pipe.PIPES)
def test_no_pipe_calls_the_published_surface(pipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nlp = every_pipe.make(pipe, every_pipe.save(pipe, tmp_path))
    wanted = every_pipe.said(nlp(every_pipe.ask(nlp, pipe, "Ana likes Rome. Bo sees Oslo and tea.")))

    def call(self: LukeTokenizer, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("the published call")

    for name in ("__call__", "encode_plus", "encode", "tokenize", "prepare_for_model", "decode"):
        monkeypatch.setattr(LukeTokenizer, name, call)
    with pytest.raises(AssertionError, match="the published call"):
        nlp.get_pipe(pipe).network.tokenizer("tea")
    assert every_pipe.said(nlp(every_pipe.ask(nlp, pipe, "Ana likes Rome. Bo sees Oslo and tea."))) == wanted
