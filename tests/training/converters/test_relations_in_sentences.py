"""KnowledgeNet, FewRel and SemEval 2010 task 8: one sentence a document."""

from __future__ import annotations

import json
import lzma
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_luke.annotation import RELATIONS_LOOKED_FOR, has_relations, set_extensions
from spacy_luke.files import read_json
from spacy_luke.training.converters.fewrel import convert_fewrel
from spacy_luke.training.converters.knowledgenet import convert_knowledgenet
from spacy_luke.training.converters.semeval import convert_semeval

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not (DATA / "fewrel").is_dir(), reason="public data is not here")

set_extensions()
NLP = spacy.blank("en")


def triples(doc: Doc) -> list[tuple[str, str, str, str]]:
    return [(r.head.text, r.tail.text, r.label, r.id) for r in doc._.luke_relations]


def test_knowledgenet(tmp_path: Path) -> None:
    text = "👩‍🔬 Ada Lovelace wed William King; she lived in London-born times."

    def row(
        prop: str, subject: str | None, object_: str | None, qid: str | None = None, text: str = text
    ) -> str:
        def place(part: str | None) -> list[int] | None:
            return None if part is None else [text.index(part), text.index(part) + len(part)]

        fact = {"fold": 2, "doc": "7", "property": prop, "text": text, "subject": place(subject)}
        return json.dumps({**fact, "object": place(object_), "subject_qid": qid, "object_qid": None})

    rows = [
        row("SPOUSE", "Ada Lovelace", "William King", "Q7259"),
        row("SPOUSE", "Ada Lovelace", "William King"),
        row("RESIDENCE", "she", "Lond"),
        row("CEO", None, None),
        row("CEO", None, None, text="Nothing here."),
    ]
    path = tmp_path / "facts.jsonl.xz"
    path.write_bytes(lzma.compress("\n".join(rows).encode("utf8")))
    first, second = convert_knowledgenet(path, NLP.make_doc)
    assert triples(first) == [
        ("Ada Lovelace", "William King", "SPOUSE", ""),
        ("she", "London", "RESIDENCE", ""),
    ]
    assert first.ents[0].kb_id_ == "Q7259"
    assert first.user_data[RELATIONS_LOOKED_FOR] == ["CEO", "RESIDENCE", "SPOUSE"]
    assert first.user_data["fold"] == 2
    assert has_relations(second)
    assert triples(second) == []


def test_fewrel(tmp_path: Path) -> None:
    tokens = ["Rome", " ", "and", "rome", "lie", "in", "Italy", "."]
    row = {"tokens": tokens, "h": ["rome", "Q220", [[0], [3]]], "t": ["italy", "Q38", [[6]]]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"P17": [row]}))
    (doc,) = convert_fewrel(path, NLP.vocab, {"P17": ["country", "where"]})
    (named,) = convert_fewrel(path, NLP.vocab, {"P17": "country"})  # as DocRED names its relations
    assert triples(named) == triples(doc)
    assert doc.text == "Rome and rome lie in Italy."
    assert triples(doc) == [("Rome", "Italy", "country", "P17"), ("rome", "Italy", "country", "P17")]
    assert [(e.label_, e.kb_id_, e.id_) for e in doc.ents][::2] == [
        ("ENTITY", "Q220", "h"),
        ("ENTITY", "Q38", "t"),
    ]


def test_semeval(tmp_path: Path) -> None:
    text = (
        '1\t"The <e1>heat</e1> melts "all" <e2>ice</e2>."\r\nCause-Effect(e1,e2)\r\nComment: x\r\n\r\n'
        '2\t"A <e1>wheel</e1> of a <e2>car</e2>"\nComponent-Whole(e2,e1)\nComment:\n\n'
        '3\t"<e1>One</e1> <e2>two</e2>"\nOther\nComment:\n'
    )
    path = tmp_path / "a.txt"
    path.write_text(text, "utf8", newline="")
    docs = list(convert_semeval(path, NLP.make_doc))
    assert [doc.text for doc in docs] == ['The heat melts "all" ice.', "A wheel of a car", "One two"]
    assert [triples(doc) for doc in docs] == [
        [("heat", "ice", "Cause-Effect", "")],
        [("car", "wheel", "Component-Whole", "")],
        [],
    ]
    assert all(has_relations(doc) for doc in docs)
    assert all(len(list(doc.sents)) == 1 for doc in docs)


@pytest.mark.parametrize(
    "text",
    [
        '1\t"No marks."\nOther\n',
        '1\t"<e1>a</e1> <e2>b</e2>"\nComment:\n',
        '1\t"<e1>a</e1> <e2>b</e2>"',
        '1\t"<e1>a</e1> <e2>b</e2>"\nCause-Effect(e1,e1)\n',
        '1\t"<e1>a</e1> <e2>b</e2>"\nCause-Effect(e1,e3)\n',
        '1\t"<e1>a</e1> <e2>b</e2>"\n2\t"<e1>c</e1> <e2>d</e2>"\n',  # the test set as it was given out
        '1\t"<e1>a</e1> <e1>b</e1>"\nOther\n',
        '1\t"<e1> </e1> <e2>b</e2>"\nOther\n',
        "<e1>a</e1> <e2>b</e2>\nOther\n",
        "Other\n",
    ],
)
def test_semeval_refuses(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=r"a\.txt, line 1: not a sentence"):
        list(convert_semeval(tmp_path / "a.txt", NLP.make_doc))


@pytest.mark.parametrize(
    "text",
    [
        "3 The <e1>heat</e1> melts <e2>ice</e2>.\nCause-Effect( e1, e2 )\n",
        "\ufeff 3  “The <e1> heat </e1> melts <e2>ice</e2>.”\n\nCause-Effect(e1,e2)  \nComment: x\nComment 2\n",
        '3\t"The <e1>heat</e1> melts <e2>ice</e2>."  \r\r\nCause-Effect (e1,e2)\r\r\n',
    ],
)
def test_semeval_that_looks_a_little_different(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, "utf8", newline="")
    (doc,) = convert_semeval(tmp_path / "a.txt", NLP.make_doc)
    assert " ".join(doc.text.split()) == "The heat melts ice."
    assert triples(doc) == [("heat", "ice", "Cause-Effect", "")]


def test_semeval_with_the_second_nominal_first(tmp_path: Path) -> None:
    text = '3\t"The <e2>ice\u2028cube</e2> in <e1>heat</e1>\x85"\nCause-Effect(e1,e2)\n'
    (tmp_path / "a.txt").write_text(text, "utf8")
    (doc,) = convert_semeval(tmp_path / "a.txt", NLP.make_doc)
    assert triples(doc) == [("heat", "ice\u2028cube", "Cause-Effect", "")]
    assert doc.text == "The ice\u2028cube in heat\x85"


def test_fewrel_says_what_it_leaves_out_and_where_it_fails(tmp_path: Path) -> None:
    row = {"tokens": ["Rome", "Italy"], "h": ["rome", "Q220", [[0]]], "t": ["italy", "Q38", [[1]]]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"P17": [row], "P9": [row, row]}))
    with pytest.warns(UserWarning, match=r"left out: 2 sentences of relations without a name \(P9\)"):
        assert len(list(convert_fewrel(path, NLP.vocab, {"P17": "country"}))) == 1
    for wrong, message in [
        ([[5]], "the mention 5 to 6 isn't within 2 tokens"),
        ([[-1]], "mention -1 to 0"),
        ([[]], "Ind"),
    ]:
        path.write_text(json.dumps({"P17": [row, {**row, "t": ["italy", "Q38", wrong]}]}))
        with pytest.raises(ValueError, match=f"a.json, sentence 2 of P17: .*{message}"):
            list(convert_fewrel(path, NLP.vocab, {"P17": "country"}))


def test_knowledgenet_says_where_it_fails(tmp_path: Path) -> None:
    row = {"doc": "1", "text": "Ada", "property": "P", "subject": [0, 3], "object": [0, 9], "fold": 1}
    path = tmp_path / "a.jsonl"
    for rows, message in [
        (
            ["", {**row, "subject_qid": None, "object_qid": None}],
            "line 2 .*: the mention 0 to 9 isn't within 3 char",
        ),
        ([{**row, "text": "\u2028\x85"}, {"doc": 1}], "line 2: there is no 'text'"),
        ([[1]], "line 1: TypeError"),
    ]:
        path.write_text("\n".join(row and json.dumps(row, ensure_ascii=False) for row in rows), "utf8")
        with pytest.raises(ValueError, match=f"a.jsonl, {message}"):
            list(convert_knowledgenet(path, NLP.make_doc))


@needs_data
def test_published_counts() -> None:
    docs = list(convert_semeval(DATA / "semeval2010-8" / "TEST_FILE_FULL.TXT", NLP.make_doc))
    assert (len(docs), sum(len(doc._.luke_relations) for doc in docs)) == (2717, 2263)
    docs = list(convert_knowledgenet(DATA / "knowledgenet" / "facts.jsonl.xz", NLP.make_doc))
    assert (len(docs), sum(len(doc._.luke_relations) for doc in docs)) == (5719, 10895)
    names = read_json(DATA / "fewrel" / "pid2name.json")
    docs = list(islice(convert_fewrel(DATA / "fewrel" / "val_wiki.json.xz", NLP.vocab, names), 1400))
    assert {r.id for doc in docs for r in doc._.luke_relations} == {"P177", "P364"}
