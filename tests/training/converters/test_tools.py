"""brat, doccano, Label Studio and WebAnno: their documented examples, and what is hard in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tool_files import ents, read, related, told, write

from spacy_luke.annotation import has_relations
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.converters.offsets import positions

# --- brat ------------------------------------------------------------------------------------

# The example of https://brat.nlplab.org/standoff.html, with a text around its mentions.
SONY = "Sony said it has agreed to a joint venture with Ericsson, a company based in Stockholm."
ANN = """T1	Organization 0 4	Sony
T2	MERGE-ORG 29 42	joint venture
T3	Organization 48 56	Ericsson
T4	Country 77 86	Stockholm
E1	MERGE-ORG:T2 Org1:T1 Org2:T3
R1	Origin Arg1:T3 Arg2:T4
A1	Negation E1
M2	Confidence E1 L1
#1	AnnotatorNotes T1	this annotation is suspect
N1	Reference T4 Wikipedia:26741	Stockholm
*	Equiv T1 T3
"""


def brat(folder: Path, text: str, ann: str, **how: Any) -> Any:
    write(folder / "a.txt", text)
    write(folder / "a.ann", ann)
    return read("brat", folder, **how)


def test_brat_documented_example(tmp_path: Path) -> None:
    (doc,), conversion = brat(tmp_path, SONY, ANN)
    assert ents(doc)[0] == ("Sony", "Organization")
    assert related(doc) == [
        ("joint venture", "Org1", "Sony"),
        ("joint venture", "Org2", "Ericsson"),
        ("Ericsson", "Origin", "Stockholm"),
    ]
    assert doc.ents[0].id_ == doc.ents[2].id_ != ""
    assert doc.ents[3].kb_id_ == "Wikipedia:26741"
    assert [(loss.what, loss.detail) for loss in conversion.losses] == [
        ("left out: attribute", "2 of them"),
        ("left out: note", "1 of them"),
    ]


@pytest.mark.parametrize(
    ("align", "found", "what"),
    [
        ("strict", [], "left out: discontinuous"),
        ("expand", ["North and South America"], "changed: discontinuous, got what is between its parts"),
        ("contract", ["America"], "changed: discontinuous, got its longest part"),
    ],
)
def test_brat_discontinuous(tmp_path: Path, align: str, found: list[str], what: str) -> None:
    """The example of https://brat.nlplab.org/standoff.html: `T1 Location 0 5;16 23 North America`."""
    ann = "T1\tLocation 0 5;16 23\tNorth America\n"
    (doc,), conversion = brat(tmp_path, "North and South America", ann, align=align)
    assert [ent.text for ent in doc.ents] == found
    assert told(conversion) == [(what, "a.ann, line 1")]


def test_brat_lines_and_their_ends(tmp_path: Path) -> None:
    """brat cuts a mention of several lines at their ends; then its parts are one."""
    text = "The New\nYork\nTimes 😀 is read."
    ann = "T1\tORG 4 7;8 12;13 18\tNew York Times\nT2\tV 24 28\tread\n"
    for written, offsets in [(text, ann), (text.replace("\n", "\r\n"), ann)]:
        (doc,), conversion = brat(tmp_path, written, offsets.replace("\n", "\r\n"))
        assert [ent.text for ent in doc.ents] == ["New\nYork\nTimes", "read"]
        assert told(conversion) == []
    # Offsets that count carriage returns.
    ann = "T1\tORG 4 7;9 13;15 20\tNew York Times\nT2\tV 26 30\tread\n"
    (doc,), _ = brat(tmp_path, text.replace("\n", "\r\n"), ann)
    assert [ent.text.split() for ent in doc.ents] == [["New", "York", "Times"], ["read"]]
    # And those of a tool that counts in UTF-16.
    (doc,), _ = brat(tmp_path, text, "T2\tV 25 29\tread\n")
    assert ents(doc) == [("read", "V")]


def test_brat_folders(tmp_path: Path) -> None:
    for name in ("b/1", "b/2", "a"):
        write(tmp_path / f"{name}.txt", "Ada and Bob.")
        write(tmp_path / f"{name}.ann", "T1\tPER 0 3\tAda\nT2\tPER 8 11\tBob\n")
    docs, _ = read("brat", tmp_path)
    assert [doc.user_data["title"] for doc in docs] == ["a", "b/1", "b/2"]
    assert not any(map(has_relations, docs)), "no text has relations: they weren't annotated"
    write(tmp_path / "a.ann", "T1\tPER 0 3\tAda\nT2\tPER 8 11\tBob\nR1\tKnows Arg1:T1 Arg2:T2\n")
    write(tmp_path / "c.txt", "Not annotated.")
    docs, conversion = read("brat", tmp_path)
    assert all(map(has_relations, docs))
    assert [len(related(doc)) for doc in docs] == [1, 0, 0]
    assert told(conversion) == [("left out: text without annotations", "the whole file")]


@pytest.mark.parametrize(
    ("ann", "message"),
    [
        ("T1\tPER 0 3 Ada", r"a\.ann, line 1: not a line of brat's format: .*Expected is T1, a tab, a label"),
        ("R1\tKnows T1 T2", "Expected is R1, a tab, a label with two arguments"),
        ("X1\tKnows", "Expected is a line that starts with T, R, E"),
        ("T1\tPER 0 3\tAda\nR1\tKnows Arg1:T1 Arg2:T9", "line 2, the tail is the name of nothing here: 'T9'"),
        ("T1\tPER 0 99\tAda", "line 1 goes from 0 to 99, but the text has 12 characters"),
    ],
)
def test_brat_errors(tmp_path: Path, ann: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        brat(tmp_path, "Ada and Bob.", ann)


def test_brat_without_a_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.ann has no text: there is no a\.txt"):
        read("brat", write(tmp_path / "a.ann", "T1\tPER 0 3\tAda"))


def test_another_text_at_the_place(tmp_path: Path) -> None:
    ann = "T1\tPER 0 3\tBob\nT2\tPER 8 11\tBob\nR1\tKnows Arg1:T1 Arg2:T2\n"
    (doc,), conversion = brat(tmp_path, "Ada and Bob.", ann)
    assert ents(doc) == [("Bob", "PER")]
    assert told(conversion) == [
        ("left out: another text stands there", "a.ann, line 1"),
        ("left out: relation of a mention that was left out", "a.ann, line 3"),
    ]


# --- doccano ---------------------------------------------------------------------------------


def test_doccano(tmp_path: Path) -> None:
    """https://doccano.github.io/doccano/tutorial/, and relations as in https://github.com/doccano/doccano/pull/1728"""
    rows: list[Any] = [
        {
            "id": 1,
            "text": "EU rejects German call.",
            "label": [[0, 2, "ORG"], [11, 17, "MISC"]],
            "Comments": ["?"],
        },
        {"id": 2, "text": "EU rejects it.", "labels": [[0, 2, "ORG"]]},
        {
            "id": 3,
            "text": " EU 😀 rejects \n",
            "entities": [{"id": 0, "label": "ORG", "start_offset": 0, "end_offset": 4}],
        },
    ]
    docs, conversion = read("doccano", write(tmp_path / "a.jsonl", rows))
    assert [ents(doc) for doc in docs] == [
        [("EU", "ORG"), ("German", "MISC")],
        [("EU", "ORG")],
        [("EU", "ORG")],
    ]
    assert not any(map(has_relations, docs))
    assert told(conversion) == [("left out: comment", "line 1")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "a", "label": ["positive"]}, r"label\[0\]' has to be an object, got str"),
        (
            {"text": "a", "label": [[0, "1", "X"]]},
            r"label\[0\], the end' has to be a whole number, got str: '1'",
        ),
        (
            {"text": "a", "entities": [{"id": 1, "start_offset": 0, "end_offset": 1}]},
            "the label' has to be text",
        ),
        (
            {"text": "a", "entities": [], "relations": [{"from_id": 1, "to_id": 2, "type": "R"}]},
            "the head is the name",
        ),
    ],
)
def test_doccano_errors(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"a.jsonl, line 1: .*{message}"):
        read("doccano", write(tmp_path / "a.jsonl", [row]))


# --- Label Studio ----------------------------------------------------------------------------


def task(text: str, *results: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text}, "annotations": [{"id": 2, "result": list(results), **more}]}


def region(name: str, start: int, end: int, *labels: str, text: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels), **({} if text is None else {"text": text})}
    return {"id": name, "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def linked(
    head: str, tail: str, direction: str = "right", labels: tuple[str, ...] = ("of",)
) -> dict[str, Any]:
    return {
        "type": "relation",
        "from_id": head,
        "to_id": tail,
        "direction": direction,
        "labels": list(labels),
    }


def test_labelstudio_offsets_are_utf16(tmp_path: Path) -> None:
    """https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-documents"""
    text = "😀😀 Ada met Bob."
    for told_text in (None, "Ada"):
        row = task(text, region("a", 5, 8, "PER", text=told_text))
        (doc,), _ = read("labelstudio", write(tmp_path / "a.json", json.dumps([row])))
        assert ents(doc) == [("Ada", "PER")]
    # A tool that made pre-annotations in Python counts characters; the texts tell.
    (doc,), _ = read(
        "labelstudio",
        write(tmp_path / "a.json", json.dumps([task(text, region("a", 3, 6, "PER", text="Ada"))])),
    )
    assert ents(doc) == [("Ada", "PER")]
    path = write(tmp_path / "a.json", json.dumps([task(text, region("a", 3, 6, "PER"))]))
    (doc,), _ = read("labelstudio", path, offsets="codepoint")
    assert ents(doc) == [("Ada", "PER")]


def test_labelstudio_relations(tmp_path: Path) -> None:
    spans = region("a", 0, 3, "PER", "AUTHOR"), region("b", 8, 11, "PER")
    links = (
        linked("a", "b"),
        linked("a", "b", "left", ("knows",)),
        linked("a", "b", "bi", ("met",)),
        linked("b", "a", labels=()),
    )
    rows = [task("Ada met Bob.", *spans, *links), task("Nobody.")]
    rows[0]["data"]["text"] = "Ada met Bob."
    spans[1]["value"].update(start=8, end=11)
    docs, conversion = read("labelstudio", write(tmp_path / "a.json", json.dumps(rows)))
    assert related(docs[0]) == [
        ("Ada", "of", "Bob"),
        ("Bob", "knows", "Ada"),
        ("Ada", "met", "Bob"),
        ("Bob", "met", "Ada"),
        ("Bob", "relation", "Ada"),
    ]
    other = [(span.text, span.label_) for span in docs[0].spans[NESTED]]
    assert {ents(docs[0])[0], *other} == {("Ada", "PER"), ("Ada", "AUTHOR")}
    assert has_relations(docs[1]), "another task has relations, so they were annotated"
    assert told(conversion) == [
        ("changed: a relation without a label is called 'relation'", "document 1, annotations[0].result[5]")
    ]


def test_labelstudio_annotations_of_several(tmp_path: Path) -> None:
    row = task("Ada met Bob.", region("a", 0, 3, "OLD"), updated_at="2024-01-01")
    row["annotations"] += [
        {"result": [region("a", 0, 3, "PER")], "updated_at": "2024-03-01"},
        {"result": [region("a", 0, 3, "NO")], "updated_at": "2024-04-01", "was_cancelled": True},
    ]
    empty = {"id": 9, "data": {"text": "x"}, "annotations": []}
    image = task("Ada.", {"id": "c", "type": "choices", "value": {"choices": ["yes"]}}, linked("c", "c"))
    docs, conversion = read("labelstudio", write(tmp_path / "a.json", json.dumps([row, empty, image])))
    assert [ents(doc) for doc in docs] == [[("Ada", "PER")], []]
    assert told(conversion) == [
        ("left out: cancelled annotation", "document 1, annotations"),
        ("left out: further annotations of a task", "document 1, annotations"),
        ("left out: task without annotations", "document 2"),
        (
            "left out: a region that isn't a labelled part of the text (choices)",
            "document 3, annotations[0].result[0]",
        ),
        ("left out: relation of a mention that was left out", "document 3, annotations[0].result[1]"),
    ]
    row["annotations"][0]["ground_truth"] = True
    (doc,), _ = read("labelstudio", write(tmp_path / "a.json", json.dumps([row])))
    assert ents(doc) == [("Ada", "OLD")]


def test_labelstudio_json_min_and_other_fields(tmp_path: Path) -> None:
    """https://labelstud.io/guide/export#JSON-MIN"""
    row = {
        "id": 1,
        "text": "Ada.",
        "label": [{"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}],
        "annotator": 1,
    }
    (doc,), _ = read("labelstudio", write(tmp_path / "a.json", json.dumps([row])))
    assert ents(doc) == [("Ada", "PER")]
    two = task("", region("a", 0, 3, "PER"))
    two["data"] = {"title": "T", "body": "Ada."}
    path = write(tmp_path / "a.json", json.dumps([two]))
    with pytest.raises(ValueError, match=r"document 1: there is no 'data\.text'"):
        read("labelstudio", path)
    (doc,), _ = read("labelstudio", path, options={"fields": {"text": "body"}})
    assert ents(doc) == [("Ada", "PER")]


# --- WebAnno ---------------------------------------------------------------------------------

NER = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
HEAD = f"#FORMAT=WebAnno TSV 3.3\n#T_SP={NER}|value\n"


def test_webanno_stacked_and_numbered(tmp_path: Path) -> None:
    """The structure of the example of https://webanno.github.io/webanno/releases/3.6.6/docs/user-guide.html#sect_webannotsv"""
    lines = [
        "#FORMAT=WebAnno TSV 3.3",
        "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue",
        f"#T_SP={NER}|value",
        f"#T_RL=webanno.custom.Relation|label|BT_{NER}",
        "",
        "",
        "#Text=Bell 😀 Inc. of Bonn",
        "1-1\t0-4\tBell\tNNP\tORG[1]|PER[2]\t_\t_\t",
        "1-2\t5-7\t😀\tSYM\tORG[1]\t_\t_\t",
        "1-3\t8-12\tInc.\tNNP\tORG[1]\t_\t_\t",
        "1-4\t13-15\tof\tIN\t_\t_\t_\t",
        "1-5\t16-20\tBonn\tNNP\tLOC\tin|near\t1-1[1_0]|1-1[2_0]\t",
        "",
        "#Text=It is.",
        "2-1\t21-23\tIt\tPRP\t_\t_\t_\t",
        "2-2\t24-26\tis\tVBZ\t_\t_\t_\t",
        "2-3\t26-27\t.\t.\t_\t_\t_\t",
    ]
    (doc,), conversion = read("webanno", write(tmp_path / "a.tsv", "\n".join(lines) + "\n"))
    assert doc.text == "Bell 😀 Inc. of Bonn\nIt is."
    assert ents(doc) == [("Bell 😀 Inc.", "ORG"), ("Bonn", "LOC")]
    assert [(s.text, s.label_) for s in doc.spans[NESTED]] == [("Bell", "PER")]
    assert related(doc) == [("Bell 😀 Inc.", "in", "Bonn"), ("Bell", "near", "Bonn")]
    assert [s.text.strip() for s in doc.sents] == ["Bell 😀 Inc. of Bonn", "It is."]
    assert [loss.detail for loss in conversion.losses] == [lines[1][6:].split("|")[0]]


def test_webanno_published_example(tmp_path: Path) -> None:
    """A sentence of `example2.tsv` of INCEpTION's tests; its dependencies are no relations."""
    types = "de.tudarmstadt.ukp.dkpro.core.api"
    text = f"""#FORMAT=WebAnno TSV 3.3
#T_SP={types}.lexmorph.type.pos.POS|PosValue
#T_SP={NER}|value
#T_RL={types}.syntax.type.dependency.Dependency|DependencyType|BT_{types}.lexmorph.type.pos.POS


#Text=BELL INDUSTRIES Inc. increased its quarterly to 10 cents from seven cents a share .
4-1\t191-195\tBELL\tNNP\tORG[7]|PER[8]\tNAME\t4-2\t
4-2\t196-206\tINDUSTRIES\tNNP\tORG[7]\tSBJ\t4-4\t
4-3\t207-211\tInc.\tNNP\tORG[7]\tPOSTHON\t4-2\t
4-4\t212-221\tincreased\tVBD\t_\tROOT\t4-4\t
4-5\t222-225\tits\tPRP$\t_\tNMOD\t4-6\t
"""
    (doc,), conversion = read("webanno", write(tmp_path / "a.tsv", text))
    assert ents(doc) == [("BELL INDUSTRIES Inc.", "ORG")]
    assert [(span.text, span.label_) for span in doc.spans[NESTED]] == [("BELL", "PER")]
    assert not has_relations(doc)
    assert len(conversion.losses) == 2


def test_webanno_parts_of_tokens_and_empty_spans(tmp_path: Path) -> None:
    """Structures of the tests of INCEpTION: `testSubTokenRelation`, `testZeroLengthSpansWithoutFeatureValues`."""
    body = "#Text=Test it\n1-1\t0-4\tTest\t_\t\n1-1.1\t0-1\tT\tOTH\t\n1-2\t5-7\tit\tX\\_\\|[3]\t\n1-2.1\t5-5\t\tE\t\n"
    path = write(tmp_path / "a.tsv", f"{HEAD}\n\n{body}")
    (doc,), conversion = read("webanno", path)
    assert ents(doc) == [("Test", "OTH"), ("it", "X_|")]
    assert told(conversion) == [
        ("left out: an empty span", "line 9"),
        ("changed: cuts tokens (expand)", "the document, line 7"),
    ]
    (doc,), _ = read("webanno", path, align="strict")
    assert ents(doc) == [("it", "X_|")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1-1\t0-3\tAda\t_\n", r"a\.tsv isn't WebAnno TSV 3: its first line"),
        (
            f"{HEAD}\n1-1\t0-3\tAda\n",
            r"a\.tsv, line 4: not a line of WebAnno TSV 3: .* and 1 further columns",
        ),
        (f"{HEAD}\nAda\n", "line 4: not a line"),
        (f"{HEAD}\n1-1\t0-3\tAda\t_\n1-2\t2-5\tAda\t_\n", "line 5: not a line"),
    ],
)
def test_webanno_errors(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read("webanno", write(tmp_path / "a.tsv", text))


# --- offsets ---------------------------------------------------------------------------------


@given(st.text(max_size=20), st.sampled_from(["utf-16-le", "utf8"]))
def test_offsets_of_other_units(text: str, encoding: str) -> None:
    unit, size = {"utf-16-le": ("utf16", 2), "utf8": ("utf8", 1)}[encoding]
    to_characters = positions(text, unit)
    for i in range(len(text) + 1):
        assert to_characters(len(text[:i].encode(encoding)) // size) == i
    assert to_characters(-1) is None
    assert to_characters(10**6) is None
