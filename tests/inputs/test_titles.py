"""Spans as entities of the vocabulary, by their titles."""

from __future__ import annotations

import logging

import pytest
import spacy
from spacy.tokens import Doc, Span
from tiny import ENTITIES, make_tokenizer

from spacy_luke.inputs.titles import EntityTitles, kb_id_titles
from spacy_luke.tokenizer import LukeTokenizer


@pytest.fixture(scope="module")
def tokenizer() -> LukeTokenizer:
    return make_tokenizer({**ENTITIES, "Oslo": 4, "Ana (singer)": 5})


def test_titles_are_found_and_counted(tokenizer: LukeTokenizer, caplog: pytest.LogCaptureFixture):
    doc = Doc(spacy.blank("en").vocab, words=["Ana", "likes", "Oslo", "and", "Rome"])
    spans = [
        Span(doc, 0, 1, kb_id="Ana (singer)"),
        Span(doc, 2, 3, kb_id="Oslo"),
        Span(doc, 4, 5, kb_id="Rome"),
        Span(doc, 0, 1),
    ]
    titles = EntityTitles(kb_id_titles())
    with caplog.at_level(logging.DEBUG, logger="spacy_luke"):
        assert titles.ids(spans, tokenizer).tolist() == [5, 4, ENTITIES["[UNK]"], ENTITIES["[MASK]"]]
    assert "1 of 3 titles are not in the entity vocabulary" in caplog.text
    assert (titles.hits, titles.misses, titles.untitled) == (2, 1, 1)
    assert titles.ids(spans[1:2], tokenizer).tolist() == [4]
    assert titles.ids([], tokenizer).shape == (0,)
    assert (titles.hits, titles.misses, titles.untitled) == (3, 1, 1)


def test_what_a_linker_found_no_entity_for_has_no_title(tokenizer: LukeTokenizer):
    doc = Doc(spacy.blank("en").vocab, words=["Lima"])
    titles = EntityTitles(kb_id_titles())
    assert titles.ids([Span(doc, 0, 1, kb_id="NIL")], tokenizer).tolist() == [ENTITIES["[MASK]"]]
    assert (titles.misses, titles.untitled) == (0, 1)


def test_any_getter_gives_titles(tokenizer: LukeTokenizer):
    doc = Doc(spacy.blank("en").vocab, words=["Oslo"])
    titles = EntityTitles(lambda span: span.text)
    assert titles.ids([doc[0:1]], tokenizer).tolist() == [4]


def test_a_title_is_no_special_entity_by_chance(tokenizer: LukeTokenizer):
    doc = Doc(spacy.blank("en").vocab, words=["x"])
    titles = EntityTitles(kb_id_titles())
    assert titles.ids([Span(doc, 0, 1, kb_id="[PAD]")], tokenizer).tolist() == [ENTITIES["[UNK]"]]
    assert titles.misses == 1
