"""Sentences in which some relations were looked for: what they tell, and what they leave open."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from scripts.looked_for import PROPERTIES, complete, only_of_told_pairs, same_names
from spacy_luke.annotation import RELATIONS_LOOKED_FOR, get_relations, get_unsure, write_relations
from spacy_luke.types import Relation

IDS = {"spouse": "P26", "child": "P40"}


@Language.component("capital_ents")
def capital_ents(doc: Doc) -> Doc:
    """Stands for the model of the first training: capitalized words are people."""
    doc.ents = [Span(doc, token.i, token.i + 1, "PER") for token in doc if token.text[0].isupper()]
    return doc


def sentence(nlp: Language, text: str, *facts: tuple[str, str, str], looked_for: tuple[str, ...] = ()) -> Doc:
    doc = nlp.make_doc(text)
    words = [token.text for token in doc]

    def span(word: str) -> Span:
        return Span(doc, words.index(word), words.index(word) + 1, "ENTITY")

    write_relations(doc, [Relation(span(head), span(tail), label) for head, label, tail in facts])
    doc.user_data[RELATIONS_LOOKED_FOR] = sorted({*looked_for, *(label for _, label, _ in facts)})
    return doc


def completed(*docs: Doc, nlp: Language) -> list[tuple[set[tuple[str, str, str, str]], list[str]]]:
    return [
        (
            {(r.head.text, r.label, r.tail.text, r.id) for r in get_relations(doc)},
            doc.user_data[RELATIONS_LOOKED_FOR],
        )
        for doc in complete(docs, nlp, PROPERTIES, IDS)
    ]


def pipeline() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("capital_ents")
    return nlp


def test_what_was_found_and_what_was_looked_for_in_vain() -> None:
    nlp = pipeline()
    found = sentence(nlp, "Ann wed Bob near Cy", ("Ann", "SPOUSE", "Bob"))
    vain = sentence(nlp, "Ann met Bob", looked_for=("SPOUSE", "CEO"))
    assert completed(found, vain, nlp=nlp) == [
        ({("Ann", "spouse", "Bob", "P26"), ("Bob", "spouse", "Ann", "P26")}, ["spouse"]),
        (set(), ["spouse"]),
    ]


def test_what_is_told_of_a_pronoun_is_open_for_all() -> None:
    nlp = pipeline()
    doc = sentence(nlp, "Ann said she wed Bob", ("she", "SPOUSE", "Bob"), looked_for=("DATE_OF_BIRTH",))
    assert completed(doc, nlp=nlp) == [(set(), ["date of birth"])]


def test_wider_relations_are_open_where_the_property_holds_and_wrong_where_it_does_not() -> None:
    nlp = pipeline()
    holds = sentence(nlp, "Ann bore Bob", ("Bob", "CHILD_OF", "Ann"))
    fails = sentence(nlp, "Ann saw Bob", looked_for=("CHILD_OF",))
    assert completed(holds, fails, nlp=nlp) == [
        ({("Ann", "child", "Bob", "P40")}, ["child"]),
        (set(), ["child", "father", "mother"]),
    ]


def test_sentences_that_teach_nothing_are_left_out() -> None:
    nlp = pipeline()
    alone = sentence(nlp, "Ann sleeps", looked_for=("SPOUSE",))
    unknown = sentence(nlp, "Ann leads Bob", looked_for=("CEO",))
    open_ = sentence(nlp, "Ann and Bob said she wed him", ("she", "SPOUSE", "him"))
    assert completed(alone, unknown, open_, nlp=nlp) == []


def test_sources_with_docreds_names() -> None:
    nlp = pipeline()
    doc = sentence(nlp, "Ann wed Bob", ("Ann", "spouse", "Bob"))
    (result,) = complete([doc], nlp, same_names({"P22": "spouse"}), IDS)
    assert [(r.head.text, r.label, r.tail.text) for r in get_relations(result)] == [("Ann", "spouse", "Bob")]


@pytest.mark.parametrize(("id_", "both_ways"), [("P26", True), ("P40", False)])
def test_of_one_labelled_pair_the_reverse_is_known_and_the_others_are_not(id_: str, both_ways: bool) -> None:
    nlp = pipeline()
    doc = sentence(nlp, "Ann wed Bob near Cy", ("Ann", "tie", "Bob"))
    vain = sentence(nlp, "Ann met Bob", looked_for=("tie",))
    docs = complete([doc, vain], nlp, same_names({id_: "tie"}), {"tie": id_})
    (result,) = only_of_told_pairs(docs)
    told = {(r.head.text, r.tail.text, r.id) for r in get_relations(result)}
    assert told == {("Ann", "Bob", id_)} | ({("Bob", "Ann", id_)} if both_ways else set())
    unsure = get_unsure(result)
    assert {(r.head.text, r.tail.text) for r in unsure} == {
        ("Ann", "Cy"),
        ("Cy", "Ann"),
        ("Bob", "Cy"),
        ("Cy", "Bob"),
    }
    assert {(r.label, r.score, r.id) for r in unsure} == {("tie", 0.0, id_)}
    assert result.user_data[RELATIONS_LOOKED_FOR] == ["tie"]
