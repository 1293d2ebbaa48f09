"""Options of `luke convert`: several files, auto, split, label map, alignment, problems, and the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from tool_files import ents, examples, related, unsure, write, write_example
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands, as the entry point does
from spacy_luke.annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    RELATIONS_LOOKED_FOR,
    get_labels,
    write_labels,
    write_relations,
    write_unsure,
)
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.converters.labels import LabelMap, rename
from spacy_luke.training.converters.records import DOCUMENT, Losses
from spacy_luke.training.converters.split import group_docs, split_docs

NLP = spacy.blank("en")


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["luke", "convert", *map(str, arguments)])
    return done.exit_code, " ".join(done.output.split())


def docs_in(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(NLP.vocab))


def rows(n: int) -> list[dict[str, Any]]:
    return [{"text": f"Ada met Bob {i} times.", "label": [[0, 3, "PER"], [8, 11, "PER"]]} for i in range(n)]


def test_auto_with_files_of_several_formats(tmp_path: Path) -> None:
    names = [name for name in examples() if name != "rel_component"]
    sources = [write_example(name, tmp_path / name) for name in names]
    code, printed = run("auto", *sources, tmp_path / "out.spacy")
    assert code == 0, printed
    for name in names:
        assert f"guessed the format {name}, by " in printed
    assert len(docs_in(tmp_path / "out.spacy")) == len(names)


def test_alignment_is_listed_with_its_place(tmp_path: Path) -> None:
    row = {"text": "Ada lives in Londontown.", "label": [[0, 3, "PER"], [13, 19, "LOC"]]}
    source, out, problems = write(tmp_path / "a.jsonl", [row]), tmp_path / "out.spacy", tmp_path / "p.csv"
    for align, found in [("strict", []), ("expand", [("Londontown", "LOC")]), ("contract", [])]:
        code, printed = run("doccano", source, out, "--align", align, "--problems", problems)
        assert code == 0, printed
        assert ents(docs_in(out)[0]) == [("Ada", "PER"), *found]
        what = "changed: cuts tokens (expand)" if found else "left out: cuts tokens"
        assert f"! 1 {what} {source}, line 1, label[1]: LOC 13-19" in printed
        (row_,) = csv.DictReader(problems.read_text("utf8").splitlines())
        assert row_["what"] == what
        assert (row_["file"], row_["place"]) == (str(source), "line 1, label[1]")
    assert run("doccano", source, out)[0] == 0
    assert ents(docs_in(out)[0]) == [("Ada", "PER"), ("Londontown", "LOC")], "expand is the default"


# --- split -----------------------------------------------------------------------------------


def test_split(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [*rows(40), *rows(3)])
    code, printed = run("doccano", source, tmp_path / "c.spacy", "--split", "0.8/0.1/0.1", "--seed", "3")
    assert code == 0, printed
    parts = {part: docs_in(tmp_path / f"c-{part}.spacy") for part in ("train", "dev", "test")}
    assert [len(docs) for docs in parts.values()] == [35, 4, 4]
    texts = [{doc.text for doc in docs} for docs in parts.values()]
    assert sum(map(len, texts)) == 40, "no text is in two parts"
    first = (tmp_path / "c-test.spacy").read_bytes()
    for seed, same in (("3", True), ("4", False)):
        run("doccano", source, tmp_path / "c.spacy", "--split", "0.8/0.1/0.1", "--seed", seed)
        assert ((tmp_path / "c-test.spacy").read_bytes() == first) is same
    assert run("doccano", source, tmp_path / "folder", "--split", "0.5/0.5")[0] == 0
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["dev.spacy", "train.spacy"]
    assert not (tmp_path / "c.spacy").exists()


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyzuvw")), min_size=1, max_size=30))
def test_no_document_is_in_two_parts(given_docs: list[tuple[str, str]]) -> None:
    docs = []
    for name, text in given_docs:
        docs.append(NLP(text))
        docs[-1].user_data[DOCUMENT] = name
    if len(group_docs(docs)) < 2:
        return
    parts = split_docs(docs, {"train": 0.6, "dev": 0.4})
    assert sum(map(len, parts.values())) == len(docs)
    for key in (lambda doc: doc.user_data[DOCUMENT], lambda doc: doc.text):
        train, dev = ({key(doc) for doc in part} for part in parts.values())
        assert not train & dev


# --- labels ----------------------------------------------------------------------------------


def test_label_map(tmp_path: Path) -> None:
    source, out = write_example("doccano", tmp_path), tmp_path / "out.spacy"
    names = write(tmp_path / "map.json", {"PER": "PERSON", "Born": "place of birth"})
    assert run("doccano", source, out, "--label-map", names)[0] == 0
    (doc,) = docs_in(out)
    assert ents(doc) == [("Ada", "PERSON"), ("London", "LOC")]
    assert related(doc) == [("Ada", "place of birth", "London")]
    write(names, {"LOC": None})
    code, printed = run("doccano", source, out, "--label-map", names)
    assert code == 0
    assert "left out: relation of an entity whose label the map leaves out" in printed
    (doc,) = docs_in(out)
    assert (ents(doc), related(doc)) == ([("Ada", "PER")], [])
    write(names, {"entities": {"Born": "x", "PERS": "y"}, "relations": {"Born": "z"}})
    with pytest.warns(UserWarning, match=r"The map of labels has 'PERS', which .*doesn't have"):
        run("doccano", source, out, "--label-map", names)
    assert related(docs_in(out)[0]) == [("Ada", "z", "London")]
    for wrong in ([], {"PER": 3}, {"PER": ""}, {"entities": {"a": "b"}, "relations": []}):
        code, printed = run("doccano", source, out, "--label-map", write(names, json.dumps(wrong)))
        assert code == 1
        assert "map.json is no map of labels" in printed


def test_a_label_map_reaches_everything() -> None:
    doc = NLP("New York University is in New York.")
    outer, inner, place = (
        doc.char_span(0, 19, "ORG"),
        doc.char_span(0, 8, "LOC"),
        doc.char_span(26, 34, "LOC"),
    )
    doc.set_ents([outer, place], missing=[doc[3:4]])
    doc.spans[NESTED] = [inner]
    write_labels(doc.spans[NESTED][0], {"city": 1.0, "state": 0.5})
    write_relations(doc, [(outer, place, "in"), (inner, place, "same")])
    write_unsure(doc, [(outer, inner, "in")])
    doc.user_data.update(
        {REJECTED_ENTITIES: [[0, 3, "LOC"], [4, 8, "X"]], REJECTED_RELATIONS: [[0, 3, 4, 8, "in"]]}
    )
    doc.user_data[RELATIONS_LOOKED_FOR] = ["in", "same"]
    names = {"LOC": "GPE", "city": "town", "state": None, "X": None}
    rename(doc, LabelMap(names, {"in": "located in", "same": None}, set()), Losses(), "a")
    assert ents(doc) == [("New York University", "ORG"), ("New York", "GPE")]
    assert doc[3].ent_iob_ == ""
    (nested,) = doc.spans[NESTED]
    assert nested.label_ == "GPE"
    assert get_labels(nested) == {"town": 1.0}
    assert related(doc) == [("New York University", "located in", "New York")]
    assert unsure(doc) == [("New York University", "located in", "New York")]
    assert doc.user_data[REJECTED_ENTITIES] == [[0, 3, "GPE"]]
    assert doc.user_data[REJECTED_RELATIONS] == [[0, 3, 4, 8, "located in"]]
    assert doc.user_data[RELATIONS_LOOKED_FOR] == ["located in"]


# --- the report ------------------------------------------------------------------------------


def test_the_report_tells_what_will_be_cut(tmp_path: Path) -> None:
    far = "Ada " + "went on and on " * 10 + "to Bob."
    long = "Ada " + "went on and on " * 200 + "to Bob."
    wide = "the very " * 7 + "town"
    data = [
        {
            "text": text,
            "entities": [[0, 3, "PER"], [len(text) - 4, len(text) - 1, "PER"]],
            "relations": [[0, 1, "met"]],
        }
        for text in (far, long)
    ]
    data.append({"text": wide, "entities": [[0, len(wide), "LOC"]], "relations": []})
    code, printed = run("jsonl", write(tmp_path / "a.jsonl", data), tmp_path / "a.spacy")
    assert code == 0, printed
    for told in [
        "entity mentions",
        "PER 4",
        "met 2",
        "Tokens between head and tail: median 421, 90% within",
        "most 801; 0 of 2 in different sentences",
        "! 1 entities have more than 12 tokens: `luke` won't find them (max_span_width).",
        "! 2 relations have more than 32 tokens between head and tail (max_distance).",
        "! 1 relations have no window of 510 pieces in common",
        "! 1 documents have more than 510 pieces (up to 80",
        "3 documents, 5 entities, 2 relations, 863 tokens to",
    ]:
        assert told in printed, (told, printed)


def test_relations_across_sentences_are_told(tmp_path: Path) -> None:
    row = {"tokens": [["Ada", "won", "."], ["She", "left", "."]], "entities": [[0, 1, "PER"], [3, 4, "PER"]]}
    source = write(tmp_path / "a.jsonl", [{**row, "relations": [[0, 1, "same"]]}, row])
    _, printed = run("jsonl", source, tmp_path / "a.spacy")
    assert "1 of 1 in different sentences" in printed
    assert "! 1 relations go across sentences" in printed
    assert "1 documents without annotated relations" in printed


# --- what is wrong ---------------------------------------------------------------------------


def test_options_that_are_of_no_use_are_refused(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.jsonl", rows(2)), tmp_path / "out.spacy"
    conll = write(tmp_path / "a.txt", "Ada B-PER\n")
    for message, *arguments in [
        ("--align is only for prodigy", "conll", conll, out, "--align", "strict"),
        ("--offsets is only for prodigy", "spert", source, out, "--offsets", "utf16"),
        ("--field is only for labelstudio", "doccano", source, out, "--field", "text=a"),
        (
            "--align has to be one of strict, expand, contract, got 'x'",
            "doccano",
            source,
            out,
            "--align",
            "x",
        ),
        ("--offsets has to be one of auto, codepoint", "doccano", source, out, "--offsets", "x"),
        ("--field takes NAME=PATH, with NAME one of text", "jsonl", source, out, "--field", "x=y"),
        ("--field takes NAME=PATH", "jsonl", source, out, "--field", "text"),
        ("--split takes two or three shares", "doccano", source, out, "--split", "0.8/0.1"),
        ("--split takes two or three shares", "doccano", source, out, "--split", "1"),
        ("--split takes two or three shares", "doccano", source, out, "--split", "a/b"),
        (
            "of 2 documents that don't belong together leaves",
            "doccano",
            source,
            out,
            "--split",
            "0.8/0.1/0.1",
        ),
        ("end in .spacy", "doccano", source, tmp_path / "out"),
        ("There is no file", "doccano", tmp_path, out),
        ("There is no file", "doccano", source, tmp_path / "none.jsonl", out),
    ]:
        code, printed = run(*arguments)
        assert code == 1, printed
        assert message in printed, (message, printed)
    assert not out.exists()
