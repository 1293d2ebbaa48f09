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
from spacy_luke.training.converters.fewrel import convert_fewrel
from spacy_luke.training.converters.files import read_json
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
    ['1\t"No marks."\nOther\n', '1\t"<e1>a</e1> <e2>b</e2>"\nComment:\n', '1\t"<e1>a</e1> <e2>b</e2>"'],
)
def test_semeval_refuses(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=r"a\.txt, line 1: not a sentence"):
        list(convert_semeval(tmp_path / "a.txt", NLP.make_doc))


@needs_data
def test_published_counts() -> None:
    docs = list(convert_semeval(DATA / "semeval2010-8" / "TEST_FILE_FULL.TXT", NLP.make_doc))
    assert (len(docs), sum(len(doc._.luke_relations) for doc in docs)) == (2717, 2263)
    docs = list(convert_knowledgenet(DATA / "knowledgenet" / "facts.jsonl.xz", NLP.make_doc))
    assert (len(docs), sum(len(doc._.luke_relations) for doc in docs)) == (5719, 10895)
    names = read_json(DATA / "fewrel" / "pid2name.json")
    docs = list(islice(convert_fewrel(DATA / "fewrel" / "val_wiki.json.xz", NLP.vocab, names), 1400))
    assert {r.id for doc in docs for r in doc._.luke_relations} == {"P177", "P364"}
