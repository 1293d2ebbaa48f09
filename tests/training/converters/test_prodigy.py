"""Prodigy's annotations, and spaCy's relation tutorial, whose data they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin
from tool_files import NLP, ents, read, related, told, write

from spacy_luke.annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    REJECTED_TOGETHER,
    RELATIONS_LOOKED_FOR,
    has_relations,
)
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.converters.records import DOCUMENT

TEXT = "My mother’s name is Sasha Smith. She likes dogs and pedigree cats."
DOC = Doc(
    NLP.vocab,
    words=[
        "My",
        "mother",
        "’s",
        "name",
        "is",
        "Sasha",
        "Smith",
        ".",
        "She",
        "likes",
        "dogs",
        "and",
        "pedigree",
        "cats",
        ".",
    ],
    spaces=[True, False, True, True, True, True, False, True, True, True, True, True, True, False, False],
)
TOKENS = [
    {"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)} for t in DOC
]


def span(start: int, end: int, label: str | None) -> dict[str, Any]:
    found = DOC.char_span(start, end)
    return {
        "start": start,
        "end": end,
        "token_start": found.start,
        "token_end": found.end - 1,
        "label": label,
    }


def relation(head: dict[str, Any], child: dict[str, Any], label: str) -> dict[str, Any]:
    ends = {"head": head["token_end"], "child": child["token_end"]}
    return {**ends, "head_span": head, "child_span": child, "label": label}


# The example of https://prodi.gy/docs/api-interfaces#relations
SASHA, DOGS, CATS = span(20, 31, "PERSON"), span(43, 47, "NP"), span(52, 65, "NP")
RELATIONS = [
    relation(span(0, 2, None), span(3, 9, None), "POSS"),
    relation(span(3, 9, None), span(33, 36, None), "COREF"),
    relation(span(37, 42, None), CATS, "OBJECT"),
]
EXAMPLE = {"text": TEXT, "tokens": TOKENS, "spans": [SASHA, DOGS, CATS], "relations": RELATIONS}


def test_the_documented_example(tmp_path: Path) -> None:
    (doc,), conversion = read("prodigy", write(tmp_path / "a.jsonl", [{**EXAMPLE, "answer": "accept"}]))
    assert doc.text == TEXT == DOC.text
    assert [t.text for t in doc] == [t.text for t in DOC]
    assert ents(doc) == [("Sasha Smith", "PERSON"), ("dogs", "NP"), ("pedigree cats", "NP")]
    assert related(doc) == [
        ("My", "POSS", "mother"),
        ("mother", "COREF", "She"),
        ("likes", "OBJECT", "pedigree cats"),
    ]
    assert told(conversion) == [
        ("kept: relation to what is no entity", f"line 1, relations[{i}]") for i in range(3)
    ]


def test_relations_by_tokens_alone(tmp_path: Path) -> None:
    links = [{"head": 6, "child": 13, "label": "LIKES"}]
    (doc,), _ = read("prodigy", write(tmp_path / "a.jsonl", [{**EXAMPLE, "relations": links}]))
    assert related(doc) == [("Sasha Smith", "LIKES", "pedigree cats")]


def test_answers_to_single_suggestions_leave_the_rest_open(tmp_path: Path) -> None:
    """`ner.teach`: https://prodi.gy/docs/recipes#ner-teach"""
    rows = [
        {"text": TEXT, "spans": [SASHA], "answer": "accept", "_view_id": "ner", "_is_binary": True},
        {"text": TEXT, "spans": [span(43, 47, "ORG")], "answer": "reject", "_view_id": "ner"},
        {"text": TEXT, "spans": [CATS], "answer": "ignore", "_view_id": "ner"},
        {"text": "Nothing.", "spans": [], "answer": "ignore"},
    ]
    (doc,), conversion = read("prodigy", write(tmp_path / "a.jsonl", rows))
    assert ents(doc) == [("Sasha Smith", "PERSON")]
    assert doc.user_data[REJECTED_ENTITIES] == [[43, 47, "ORG"]]
    assert REJECTED_TOGETHER not in doc.user_data
    assert doc[0].ent_iob_ == "", "other tokens are unknown"
    assert not has_relations(doc)
    assert told(conversion) == [
        ("left out: answer is ignore", "line 3"),
        ("left out: answer is ignore", "line 4"),
    ]
    copy = Doc(NLP.vocab).from_bytes(doc.to_bytes())
    assert [list(row) for row in copy.user_data[REJECTED_ENTITIES]] == [[43, 47, "ORG"]]


def test_manual_annotation_is_complete(tmp_path: Path) -> None:
    row = {"text": TEXT, "spans": [SASHA], "answer": "accept", "_view_id": "ner_manual"}
    (doc,), _ = read("prodigy", write(tmp_path / "a.jsonl", [row]))
    assert doc[0].ent_iob_ == "O"
    assert not has_relations(doc), "no row has relations: they weren't annotated"
    (doc,), _ = read("prodigy", write(tmp_path / "a.jsonl", [{**row, "relations": []}]))
    assert has_relations(doc)


def test_rejected_relations(tmp_path: Path) -> None:
    link = relation(SASHA, DOGS, "LIKES")
    rows = [
        {**EXAMPLE, "relations": [link], "answer": "reject"},
        {**EXAMPLE, "text": f"{TEXT} ", "relations": [link, RELATIONS[2]], "answer": "reject"},
    ]
    (one, two), _ = read("prodigy", write(tmp_path / "a.jsonl", rows))
    assert one.user_data[REJECTED_RELATIONS] == [[20, 31, 43, 47, "LIKES"]]
    assert REJECTED_ENTITIES not in one.user_data, "the question was about the relation"
    assert not one.ents
    assert not has_relations(one)
    assert REJECTED_TOGETHER not in one.user_data
    assert len(two.user_data[REJECTED_RELATIONS]) == 2
    assert two.user_data[REJECTED_TOGETHER] is True


def test_accepted_here_and_rejected_there_is_told(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "spans": [SASHA], "answer": answer} for answer in ("accept", "reject")]
    (doc,), conversion = read("prodigy", write(tmp_path / "a.jsonl", rows))
    assert ents(doc) == [("Sasha Smith", "PERSON")]
    assert REJECTED_ENTITIES not in doc.user_data
    assert told(conversion) == [("kept as accepted: rejected in another row", "line 1")]


def test_annotations_of_several_people_are_joined_and_told(tmp_path: Path) -> None:
    row = {"text": TEXT, "_view_id": "ner_manual", "answer": "accept"}
    rows = [
        {**row, "spans": [SASHA], "_session_id": "a"},
        {**row, "spans": [SASHA], "_session_id": "b"},
        {**row, "spans": [SASHA, CATS], "_session_id": "c"},
    ]
    (doc,), conversion = read("prodigy", write(tmp_path / "a.jsonl", rows))
    assert ents(doc) == [("Sasha Smith", "PERSON"), ("pedigree cats", "NP")]
    assert told(conversion) == [("changed: joined with another annotation of the text", "line 3")]


def test_overlapping_spans_and_two_labels_at_one_place(tmp_path: Path) -> None:
    """`spans_manual`: https://prodi.gy/docs/api-interfaces#spans_manual"""
    spans = [span(52, 65, "NP"), span(61, 65, "PET"), span(52, 65, "ANIMAL")]
    (doc,), _ = read("prodigy", write(tmp_path / "a.jsonl", [{"text": TEXT, "spans": spans}]))
    assert ents(doc) == [("pedigree cats", "ANIMAL")]
    assert [(s.text, s.label_) for s in doc.spans[NESTED]] == [("pedigree cats", "NP"), ("cats", "PET")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"spans": []}, r"line 2: there is no 'text'"),
        ({"text": 3}, r"line 2: the field 'text' has to be text, got int: 3"),
        ({"text": "a", "spans": {}}, r"line 2: the field 'spans' has to be a list"),
        ({"text": "a", "spans": [{"start": 0}]}, r"line 2: there is no 'spans\[0\]\.end'"),
        (
            {"text": "a", "spans": [{"start": 0, "end": 5, "label": "X"}]},
            r"spans\[0\] goes from 0 to 5, .* 1 char",
        ),
        ({"text": "a", "spans": [{"start": 1, "end": 1, "label": "X"}]}, r"spans\[0\] ends before it starts"),
        (
            {"text": "a", "relations": [{"head": 4, "child": 0, "label": "X"}]},
            r"relations\[0\]\.head: token 4 of 0",
        ),
        ([1], r"the record has to be an object"),
        ({"text": "a b", "tokens": [{"start": 2, "end": 3}, {"start": 0, "end": 1}]}, "one after the other"),
    ],
)
def test_errors_name_line_and_field(tmp_path: Path, row: Any, message: str) -> None:
    path = write(tmp_path / "a.jsonl", [{"text": "first", "spans": []}, row])
    with pytest.raises(ValueError, match=f"a.jsonl, line 2.*{message.removeprefix('line 2')}"):
        read("prodigy", path)


# --- the tutorial ----------------------------------------------------------------------------


def test_articles_of_the_relation_tutorial(tmp_path: Path) -> None:
    """https://github.com/explosion/projects/tree/v3/tutorials/rel_component"""
    source = "BioNLP 2011 Genia Shared Task, PMC-1134658-0{}.txt"
    rows = [
        {**EXAMPLE, "text": TEXT + "!" * i, "meta": {"source": source.format(part)}, "answer": "accept"}
        for i, part in enumerate(("0-TIAB", "1-INTRODUCTION"))
    ]
    docs, _ = read("rel_component", write(tmp_path / "annotations.jsonl", rows))
    assert [doc.user_data[DOCUMENT] for doc in docs] == ["PMC-1134658", "PMC-1134658"]
    assert len(related(docs[0])) == 3


def test_the_corpus_of_the_relation_tutorial(tmp_path: Path) -> None:
    if not Doc.has_extension("rel"):
        Doc.set_extension("rel", default={})
    docs = [NLP("IL-4 binds IL-2 and BSF."), NLP("IL-4 binds."), NLP("Unknown.")]
    docs[0].ents = [docs[0].char_span(0, 4, "GGP"), docs[0].char_span(11, 15, "GGP")]
    first, second = docs[0].ents
    docs[0]._.rel = {
        (first.start, second.start): {"Binds": 1.0, "Regulates": 0.0},
        (second.start, first.start): {"Binds": 0.0, "Regulates": 0.0},
        (first.start, first.start): {"Binds": 0.0},
        (first.start, 4): {"Binds": 1.0},
    }
    docs[1]._.rel = {}
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    found, conversion = read("rel_component", tmp_path / "train.spacy")
    assert related(found[0]) == [("IL-4", "Binds", "IL-2")]
    assert found[0].user_data[RELATIONS_LOOKED_FOR] == ["Binds", "Regulates"]
    assert [has_relations(doc) for doc in found] == [True, True, False]
    assert told(conversion) == [("left out: relation to what is no entity", "document 1")]
    (tmp_path / "bad.spacy").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"bad\.spacy is neither a \.spacy file with doc\._\.rel"):
        read("rel_component", tmp_path / "bad.spacy")
    DocBin(docs=[NLP("x")]).to_disk(tmp_path / "other.spacy")
    with pytest.raises(ValueError, match=r"no document has doc\._\.rel"):
        read("rel_component", tmp_path / "other.spacy")
