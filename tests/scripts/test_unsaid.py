"""Sentences that no longer state their relations, and those that still do."""

from __future__ import annotations

import random

import spacy
from spacy.tokens import Doc, Span

from scripts.unsaid import UNSAID, join_clauses, put_before, unsaid_texts, unsay
from spacy_luke.annotation import get_relations, get_unsure, write_relations, write_unsure
from spacy_luke.types import Relation

VOCAB = spacy.blank("en").vocab


def sentence(
    text: str, relations: list[tuple[str, str, str]], unsure: list[tuple[str, str, str]] = ()
) -> Doc:
    """Names are the words with a capital letter but the first one, if it is "In"."""
    words = text.split()
    spaces = [after != "." for after in [*words[1:], "."]]
    doc = Doc(VOCAB, words=words, spaces=spaces, sent_starts=[i == 0 for i in range(len(words))])
    names = [i for i, word in enumerate(words) if word[0].isupper() and word != "In"]
    doc.ents = [Span(doc, i, i + 1, "PER", span_id=words[i]) for i in names]
    by_name = {ent.text: ent for ent in doc.ents}
    for write, rows in ((write_relations, relations), (write_unsure, unsure)):
        write(doc, [Relation(by_name[h], by_name[t], label, 1.0, "") for h, label, t in rows])
    return doc


def said(doc: Doc) -> set[tuple[str, str, str]]:
    return {(r.head.text, r.label, r.tail.text) for r in get_relations(doc)}


def unknown(doc: Doc) -> set[tuple[str, str, str]]:
    return {(r.head.text, r.label, r.tail.text) for r in get_unsure(doc)}


def test_what_the_verb_stated_is_no_longer_stated() -> None:
    doc = sentence("Ann was the head of Foo .", [("Ann", "employer", "Foo"), ("Foo", "head", "Ann")])
    texts = set()
    for seed in range(60):
        made = unsay(doc, random.Random(seed))
        assert made is not None
        assert not said(made)
        assert not unknown(made)
        assert [(e.text, e.label_, e.id_.split(":")[-1]) for e in made.ents] == [
            ("Ann", "PER", "Ann"),
            ("Foo", "PER", "Foo"),
        ]
        assert len(list(made.sents)) == 1
        texts.add(made.text)
    assert "Ann was not the head of Foo." in texts
    assert "Ann was rumoured to be the head of Foo." in texts
    assert any(text.startswith(UNSAID) for text in texts)
    assert "Ann was the head of Foo." not in texts


def test_what_is_said_beside_the_verb_stays_and_what_the_verb_may_not_say_is_unsure() -> None:
    doc = sentence(
        "In Rome , Ann founded Foo with Bob .",
        [("Ann", "founded", "Foo"), ("Rome", "has", "Foo"), ("Ann", "lives", "Rome"), ("Foo", "has", "Bob")],
        [("Bob", "knows", "Ann")],
    )
    made = unsay(doc, random.Random(1))
    assert made is not None
    assert said(made) == {("Ann", "lives", "Rome"), ("Foo", "has", "Bob")}
    assert unknown(made) == {("Rome", "has", "Foo"), ("Bob", "knows", "Ann")}
    assert {relation.score for relation in get_unsure(made)} == {0.0}  # nor does anybody tell it elsewhere


def test_a_sentence_without_a_verb_between_its_names_is_left_out() -> None:
    assert unsay(sentence("Ann of Foo was old .", [("Ann", "from", "Foo")]), random.Random(0)) is None
    assert unsay(sentence("In Rome was Ann .", []), random.Random(0)) is None


def test_a_confirmed_sentence_keeps_its_relations() -> None:
    made = put_before("As everybody knows,", sentence("In Rome Ann met Bob .", [("Ann", "knows", "Bob")]))
    assert made is not None
    assert made.text == "As everybody knows, in Rome Ann met Bob."
    assert said(made) == {("Ann", "knows", "Bob")}
    assert len(list(made.sents)) == 1
    assert put_before("We read that", sentence("yesterday Ann met Bob .", [])) is None


def test_two_clauses_keep_what_each_says() -> None:
    first = sentence("Ann lives in Rome .", [("Ann", "lives", "Rome")])
    second = sentence("In Oslo Bob founded Foo .", [("Bob", "founded", "Foo")])
    made = join_clauses(first, second, ", while")
    assert made is not None
    assert made.text == "Ann lives in Rome, while in Oslo Bob founded Foo."
    assert said(made) == {("Ann", "lives", "Rome"), ("Bob", "founded", "Foo")}
    assert not unknown(made)
    assert len(list(made.sents)) == 1
    assert join_clauses(sentence("Ann lives in Rome !", []), second, ";") is None


def test_texts_are_repeatable_and_of_all_kinds() -> None:
    docs = [
        sentence(f"Ann{i} founded Foo{i} in spring .", [(f"Ann{i}", "founded", f"Foo{i}")]) for i in range(4)
    ]
    made = list(unsaid_texts(docs, 100, seed=1))
    texts = [doc.text for doc in made]
    assert len(made) == 100
    assert texts == [doc.text for doc in unsaid_texts(docs, 100, seed=1)]
    assert texts != [doc.text for doc in unsaid_texts(docs, 100, seed=2)]
    n_said = [len(said(doc)) for doc in made]
    assert {0, 1, 2} == set(n_said)
    assert 40 < n_said.count(0) < 85
    assert not list(unsaid_texts([sentence("Ann met Bob in spring .", [])], 5))
