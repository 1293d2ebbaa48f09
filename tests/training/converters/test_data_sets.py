"""spERT, TACRED, triples, SQuAD, entity typing and rows by names of fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tool_files import ents, read, related, told, unsure, write

from spacy_luke.annotation import RELATIONS_LOOKED_FOR, get_labels, get_questions, has_relations
from spacy_luke.training.converters.place import ANSWERS
from spacy_luke.training.converters.records import DOCUMENT
from spacy_luke.training.converters.triples import find_places, parse_rebel
from spacy_luke.training.converters.words import WordText

DATA = Path(__file__).parents[4] / "shared" / "data"

# --- spERT -----------------------------------------------------------------------------------

# The form of https://github.com/lavis-nlp/spert: `scripts/conversion` writes it.
CONLL04 = {
    "tokens": ["Newspaper", "`", "Explains", "'", "U.S.", "Interests", "-LRB-", "Havana", "-RRB-", ".", " "],
    "entities": [{"type": "Loc", "start": 4, "end": 5}, {"type": "Loc", "start": 7, "end": 8}],
    "relations": [{"type": "Located_In", "head": 1, "tail": 0}],
    "orig_id": 3255,
}


def test_spert(tmp_path: Path) -> None:
    rows = [CONLL04, {**CONLL04, "relations": [], "orig_id": 4}, {"tokens": ["Ada", "."], "entities": []}]
    docs, conversion = read("spert", write(tmp_path / "a.json", json.dumps(rows)))
    assert docs[0].text.endswith("Interests (Havana).")
    assert ents(docs[0]) == [("U.S.", "Loc"), ("Havana", "Loc")]
    assert related(docs[0]) == [("Havana", "Located_In", "U.S.")]
    assert [has_relations(doc) for doc in docs] == [True, True, False]
    assert docs[0].user_data[DOCUMENT] == "3255"
    assert all(len(list(doc.sents)) == 1 for doc in docs)
    assert told(conversion) == []


def test_a_row_of_conll04(tmp_path: Path) -> None:
    """The first sentence of CoNLL04's development part, as SpERT's conversion has it."""
    tokens = "John Wilkes Booth , who assassinated President Lincoln , was an actor ."
    row = {
        "tokens": tokens.split(),
        "entities": [{"type": "Peop", "start": 0, "end": 3}, {"type": "Peop", "start": 6, "end": 8}],
        "relations": [{"type": "Kill", "head": 0, "tail": 1}],
        "orig_id": 5178,
    }
    (doc,), _ = read("spert", write(tmp_path / "a.json", json.dumps([row])))
    assert doc.text == "John Wilkes Booth, who assassinated President Lincoln, was an actor."
    assert related(doc) == [("John Wilkes Booth", "Kill", "President Lincoln")]


def test_scierc_as_published(tmp_path: Path) -> None:
    """http://nlp.cs.washington.edu/sciIE: tokens of the document, ends inclusive, lists by sentence."""
    row = {
        "doc_key": "J87-1003",
        "sentences": [["We", "use", "LSI", "."], ["It", "beats", "PCA", "here", "."]],
        "ner": [[[2, 2, "Method"]], [[4, 4, "Generic"], [6, 6, "Method"]]],
        "relations": [[], [[4, 4, 6, 6, "COMPARE"], [4, 4, 7, 7, "USED-FOR"]]],
        "clusters": [[[2, 2], [4, 4]]],
    }
    (doc,), conversion = read("spert", write(tmp_path / "a.jsonl", [row]))
    assert doc.text == "We use LSI. It beats PCA here."
    assert ents(doc) == [("LSI", "Method"), ("It", "Generic"), ("PCA", "Method")]
    assert doc.ents[0].id_ == doc.ents[1].id_ == "e0"
    assert related(doc) == [("It", "COMPARE", "PCA"), ("It", "USED-FOR", "here")]
    assert len(list(doc.sents)) == 2
    assert told(conversion) == [("kept: relation to what is no entity", "line 1, relations[1][1]")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": "a b", "entities": []}, "'tokens' has to be a list"),
        ({"tokens": ["a"], "entities": [{"type": "X", "start": 0, "end": 2}]}, r"entities\[0\] .* 1 tokens"),
        ({"tokens": ["a"], "entities": [{"type": "X", "start": 0, "end": 0}]}, r"entities\[0\] ends before"),
        (
            {"tokens": ["a"], "relations": [{"type": "X", "head": 0, "tail": 0}]},
            r"the name of nothing here: 'entities\[0\]'",
        ),
    ],
)
def test_spert_errors(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"a.json, document 1: .*{message}"):
        read("spert", write(tmp_path / "a.json", json.dumps([row])))


def test_blank_tokens() -> None:
    text = WordText([[" ", "a", "", "b"], [" "], ["c", "\xa0"]])
    assert text.text == "a b c"
    assert text.text[slice(*text.range(1, 4, "x"))] == "a b"
    assert text.sentences == [0, 4, 4]


# --- TACRED ----------------------------------------------------------------------------------


def test_tacred(tmp_path: Path) -> None:
    """The sample of https://nlp.stanford.edu/projects/tacred/"""
    tokens = "Tom Thabane resigned in October last year to form the All Basotho Convention -LRB- ABC -RRB- ."
    row = {
        "id": "e7798fb926b9403cfcd2",
        "docid": "APW_ENG_20101103.0539",
        "relation": "org:founded_by",
        "token": tokens.split(),
        "subj_start": 10,
        "subj_end": 12,
        "obj_start": 0,
        "obj_end": 1,
        "subj_type": "ORGANIZATION",
        "obj_type": "PERSON",
    }
    path = write(tmp_path / "a.json", json.dumps([row, {**row, "relation": "no_relation"}]))
    (one, two), _ = read("tacred", path)
    assert related(one) == [("All Basotho Convention", "org:founded_by", "Tom Thabane")]
    assert one.text.endswith("Convention (ABC).")
    assert one[3].ent_iob_ == "", "other entities aren't annotated"
    assert has_relations(two)
    assert related(two) == []
    assert one.user_data[DOCUMENT] == two.user_data[DOCUMENT] == row["docid"]
    for field, value, message in [
        ("subj_end", 99, r"subj_start, subj_end goes from 10 to 100"),
        ("relation", None, r"'relation' has to be text, got NoneType"),
        ("obj_start", "0", r"'obj_start' has to be a whole number"),
    ]:
        write(path, json.dumps([{**row, field: value}]))
        with pytest.raises(ValueError, match=f"document 1: .*{message}"):
            read("tacred", path)


# --- triples ---------------------------------------------------------------------------------

# The example of https://huggingface.co/Babelscape/rebel-large
PUNTA = "Punta Cana is a resort town in the municipality of Higuey, the easternmost province of the Dominican Republic."
REBEL = (
    "<s><triplet> Punta Cana <subj> La Altagracia Province <obj> located in the administrative territorial entity "
    "<subj> Dominican Republic <obj> country <triplet> Higuey <subj> Dominican Republic <obj> country</s>"
)


def test_rebel(tmp_path: Path) -> None:
    assert parse_rebel(REBEL) == [
        ("Punta Cana", "located in the administrative territorial entity", "La Altagracia Province"),
        ("Punta Cana", "country", "Dominican Republic"),
        ("Higuey", "country", "Dominican Republic"),
    ]
    (doc,), conversion = read("triples", write(tmp_path / "a.jsonl", [{"text": PUNTA, "triples": REBEL}]))
    assert related(doc) == [
        ("Punta Cana", "country", "Dominican Republic"),
        ("Higuey", "country", "Dominican Republic"),
    ]
    assert told(conversion) == [("left out: the text doesn't have it", "line 1, triples[0]")]
    assert parse_rebel("<s></s>") == []
    for wrong in ("Punta Cana", "<triplet> a <obj> b", "<triplet> a <subj> b", "<triplet> <subj> b <obj> c"):
        with pytest.raises(ValueError, match="REBEL writes them"):
            parse_rebel(wrong)


def test_rows_of_rebels_data(tmp_path: Path) -> None:
    """https://github.com/Babelscape/rebel: places are told, so that nothing is looked for."""
    text = "Bonn, not Bonn, is in Germany."
    ends = {
        "subject": {"surfaceform": "Bonn", "boundaries": [10, 14], "uri": "Q586"},
        "object": {"surfaceform": "Germany", "boundaries": [22, 29], "uri": "Q183"},
    }
    row = {
        "docid": "7",
        "text": text,
        "triples": [{**ends, "predicate": {"surfaceform": "country", "uri": "P17"}}],
    }
    (doc,), conversion = read("triples", write(tmp_path / "a.jsonl", [row]))
    assert related(doc) == [("Bonn", "country", "Germany")]
    assert doc.ents[0].start_char == 10
    assert doc.ents[0].kb_id_ == "Q586"
    assert told(conversion) == []


def test_what_stands_at_several_places_is_unsure(tmp_path: Path) -> None:
    text = "Ada met Bob. Later Ada left Adam; BOB stayed, and so did Carol."
    triples = [
        ["Ada", "met", "Bob"],
        {"head": "Carol", "type": "knows", "tail": "bob"},
        ["Carol", "is", "Carol"],
        ["Dora", "knows", "Bob"],
        ["Carol", "stayed with", "Bob"],
    ]
    (doc,), conversion = read("triples", write(tmp_path / "a.jsonl", [{"text": text, "triples": triples}]))
    assert unsure(doc) == [
        ("Ada", "met", "Bob"),
        ("Ada", "met", "Bob"),
        ("Carol", "knows", "Bob"),
        ("Carol", "knows", "BOB"),
    ]
    assert related(doc) == [("Carol", "stayed with", "Bob")]
    assert told(conversion) == [
        ("kept as unsure: stands at several places", "line 1, triples[0]"),
        ("kept: found with other case", "line 1, triples[1]"),
        ("kept as unsure: stands at several places", "line 1, triples[1]"),
        ("left out: subject and object are one place", "line 1, triples[2]"),
        ("left out: the text doesn't have it", "line 1, triples[3]"),
    ]
    assert doc[1].ent_iob_ == "", "what no triple names isn't known"
    (doc,), _ = read("triples", write(tmp_path / "a.jsonl", [{"text": text, "triples": []}]))
    assert has_relations(doc)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("New\n York, New Yorker", "New York", [(0, 9)]),
        ("C++ and C", "C++", [(0, 3)]),
        ("C++ and C", "C", [(0, 1), (8, 9)]),
        ("Ärzte, ärzte", "ärzte", [(7, 12)]),
        ("a", " ", []),
    ],
)
def test_finding(text: str, name: str, found: list[tuple[int, int]]) -> None:
    assert find_places(text, name)[0] == found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"body": "a", "triples": []},
            r"there is no text in it \(fields: body, triples\)\. Name it: --field text",
        ),
        ({"text": "a", "triples": [["a", "b"]]}, r"'triples\[0\]' has to be an object"),
        (
            {"text": "a", "triples": [{"subject": "a", "object": "a"}]},
            r"there is no 'triples\[0\]\.relation'",
        ),
        ({"text": "a", "triples": [["a", 1, "b"]]}, r"'triples\[0\]' has to be text, got int"),
    ],
)
def test_triples_errors(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"a.jsonl, line 1: .*{message}"):
        read("triples", write(tmp_path / "a.jsonl", [row]))


@pytest.mark.skipif(not (DATA / "text2kg").is_dir(), reason="public data is not here")
def test_text2kg() -> None:
    """https://github.com/cenguix/Text2KGBench"""
    docs, conversion = read("triples", DATA / "text2kg" / "sentences.jsonl.xz")
    assert len(docs) == 5516
    stated = sum(len(related(doc)) for doc in docs)
    listed = conversion.losses.counts()
    assert (
        stated
        + listed["kept as unsure: stands at several places"]
        + sum(n for what, n in listed.items() if what.startswith("left out"))
        >= 5516
    )
    assert stated > 4500
    assert docs[0].user_data[RELATIONS_LOOKED_FOR] == ["ethnic group"]


# --- SQuAD -----------------------------------------------------------------------------------


def test_squad(tmp_path: Path) -> None:
    """The form of https://rajpurkar.github.io/SQuAD-explorer/"""
    context = "The Normans were in Normandy, a region in France."

    def asked(question: str, *answers: tuple[str, int], **more: Any) -> dict[str, Any]:
        return {"question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers], **more}

    questions = [
        asked("Where is  Normandy?", ("France", 42), ("in France", 39), ("France", 42)),
        asked("Who?", is_impossible=True, plausible_answers=[{"text": "x", "answer_start": 0}]),
        asked("Off?", ("Paris", 0)),
        asked("Who?"),
    ]
    article = {
        "title": "Normans",
        "paragraphs": [{"context": context, "qas": questions}, {"context": "B.", "qas": []}],
    }
    path = write(tmp_path / "a.json", {"version": "v2.0", "data": [article]})
    (one, two), conversion = read("squad", path)
    assert get_questions(one) == ("Where is Normandy?", "Who?")
    assert [(s.text, s.label_) for s in one.spans[ANSWERS]] == [
        ("France", "Where is Normandy?"),
        ("in France", "Where is Normandy?"),
    ]
    assert get_questions(two) == ()
    assert one.user_data[DOCUMENT] == two.user_data[DOCUMENT] == "Normans"
    assert [what for what, _ in told(conversion)] == [
        "changed: question asked twice, answers joined",
        "left out: another text stands there",
        "left out: question whose answers were left out",
    ]
    assert not one.has_annotation("ENT_IOB")
    for content, message in [
        (
            {"data": [{"paragraphs": [{"qas": []}]}]},
            r"article 1 \(article 1\), paragraph 1: there is no 'context'",
        ),
        (
            {"data": [{"paragraphs": [{"context": "", "qas": [{"question": "?"}]}]}]},
            r"there is no 'qas\[0\]\.answers'",
        ),
        ({"version": 1}, "the whole file: there is no 'data'"),
    ]:
        with pytest.raises(ValueError, match=message):
            read("squad", write(path, content))


# --- entity typing ---------------------------------------------------------------------------


def test_ufet(tmp_path: Path) -> None:
    """The form of https://www.cs.utexas.edu/~eunsol/html_pages/open_entity.html, and Open Entity as LUKE reads it."""
    rows = [
        {
            "left_context_token": ["In", "``", "Bonn", "''", ","],
            "mention_span": "the old town",
            "right_context_token": ["fell", "."],
            "y_str": ["place", "city"],
        },
        {"sent": "Ada won.", "start": 0, "end": 3, "labels": ["person"], "others": {}},
        {"sent": "Ada won.", "start": 0, "end": 3, "labels": []},
    ]
    docs, _ = read("ufet", write(tmp_path / "a.json", json.dumps(rows)))
    assert docs[0].text == 'In "Bonn", the old town fell.'
    assert [ents(doc) for doc in docs] == [
        [("the old town", "ENTITY")],
        [("Ada", "ENTITY")],
        [("Ada", "ENTITY")],
    ]
    assert get_labels(docs[0].ents[0]) == {"place": 1.0, "city": 1.0}
    with pytest.raises(ValueError, match=r"line 1: the field 'y_str\[0\]' has to be text"):
        read("ufet", write(tmp_path / "a.jsonl", [{**rows[0], "y_str": [1]}]))


# --- rows by names of fields -----------------------------------------------------------------


def test_jsonl_by_names_of_fields(tmp_path: Path) -> None:
    row = {
        "data": {"body": "Ada met Bob in Rome.", "key": 7},
        "marks": [
            {"from": 0, "to": 3, "kind": "PER", "uid": "x"},
            {"from": 8, "to": 11, "kind": "PER", "uid": "y"},
        ],
        "links": [
            {"a": "x", "b": "y", "kind": "met"},
            {"a": {"from": 0, "to": 3}, "b": [15, 19], "kind": "in"},
        ],
    }
    fields = {
        **{"text": "data.body", "document": "data.key", "entities": "marks", "start": "from", "end": "to"},
        **{"label": "kind", "id": "uid", "relations": "links", "head": "a", "tail": "b", "relation": "kind"},
    }
    path = write(tmp_path / "a.jsonl", [row])
    (doc,), conversion = read("jsonl", path, options={"fields": fields})
    assert ents(doc) == [("Ada", "PER"), ("Bob", "PER")]
    assert related(doc) == [("Ada", "met", "Bob"), ("Ada", "in", "Rome")]
    assert doc.user_data[DOCUMENT] == "7"
    assert told(conversion) == [("kept: relation to what is no entity", "line 1, links[1]")]
    with pytest.raises(ValueError, match=r"there is no text in it \(fields: data, marks, links\)"):
        read("jsonl", path)


def test_jsonl_of_tokens(tmp_path: Path) -> None:
    rows: list[Any] = [
        {
            "tokens": ["Ada", "met", "Bob", "."],
            "entities": [[0, 1, "PER"], [2, 3, "PER"]],
            "relations": [[0, 1, "met"]],
        },
        {"tokens": [["Ada", "won", "."], ["Bob", "lost", "."]], "entities": [[3, 4, "PER"]]},
        {"text": "Ada."},
    ]
    docs, _ = read("jsonl", write(tmp_path / "a.jsonl", rows))
    assert docs[0].text == "Ada met Bob."
    assert related(docs[0]) == [("Ada", "met", "Bob")]
    assert ents(docs[1]) == [("Bob", "PER")]
    assert len(list(docs[1].sents)) == 2
    assert [has_relations(doc) for doc in docs] == [True, False, False]
    assert not docs[2].has_annotation("ENT_IOB")
    for row, message in [
        ({"text": "a", "entities": [[0, 1]]}, r"'entities\[0\]' has to be an object"),
        (
            {"text": "a", "entities": [], "relations": [[0, 1, "R"]]},
            r"relations\[0\]\.head is the name of nothing here: 0",
        ),
        ({"text": "a", "entities": [{"start": 0, "end": 1}]}, "there is no 'label'"),
    ]:
        with pytest.raises(ValueError, match=f"a.jsonl, line 1: .*{message}"):
            read("jsonl", write(tmp_path / "a.jsonl", [row]))
