"""`python -m spacy luke convert`: one tiny file of each format, and what can be wrong with one."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from tool_files import examples
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  # registers the commands, as the entry point does
from spacy_luke.annotation import RELATIONS_LOOKED_FOR, get_relations, has_relations
from spacy_luke.cli.convert import FORMATS

TEXT = "Ada was born in London."
PLACES = {"subject": [0, 3], "object": [16, 22]}
DOCRED = {
    "title": "Ada",
    "sents": [[*TEXT[:-1].split(), "."]],
    "vertexSet": [
        [{"sent_id": 0, "pos": [0, 1], "type": "PER"}],
        [{"sent_id": 0, "pos": [4, 5], "type": "LOC"}],
    ],
    "labels": [{"h": 0, "t": 1, "r": "P19"}],
}
FEWREL = {"tokens": DOCRED["sents"][0], "h": ["ada", "Q7259", [[0]]], "t": ["london", "Q84", [[4]]]}
KNOWLEDGENET = {"fold": 1, "doc": "1", "text": TEXT, "property": "BORN", **PLACES}
FILES = {
    "conll": "Ada B-PER\nwas O\nborn O\nin O\nLondon B-LOC\n. O\n",
    "docred": json.dumps([DOCRED]),
    "fewrel": json.dumps({"P19": [FEWREL]}),
    "knowledgenet": json.dumps({**KNOWLEDGENET, "subject_qid": "Q7259", "object_qid": None}),
    "semeval": f'1\t"<e1>Ada</e1>{TEXT[3:16]}<e2>London</e2>."\nBorn(e1,e2)\nComment:\n',
    "wikilinks": json.dumps(
        {"title": "A", "pars": [{"k": "p", "t": TEXT, "l": [[0, 3, "Ada"], [16, 22, "London"]]}]}
    ),
}
NAMES = {"docred": {"P19": "Born"}, "fewrel": {"P19": ["Born", "where"]}}


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["luke", "convert", *map(str, arguments)])
    return done.exit_code, " ".join(done.output.split())


def read(path: Path) -> Doc:
    (doc,) = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return doc


@pytest.mark.parametrize(
    ("name", "compressed"),
    [(name, compressed) for name in FILES for compressed in (False, True)],
)
def test_each_format(name: str, compressed: bool, tmp_path: Path) -> None:
    source, names, target = tmp_path / f"{name}.json", tmp_path / "names.json", tmp_path / "new" / "out.spacy"
    source.write_text(FILES[name], encoding="utf8")
    if compressed:
        source = source.with_suffix(".json.xz")
        source.write_bytes(lzma.compress(FILES[name].encode()))
    options = []
    if name in NAMES:
        names.write_text(json.dumps(NAMES[name]), encoding="utf8")
        options = ["--names", names]
    code, printed = run(name, source, target, *options)
    assert code == 0, printed
    assert "1 documents, 2 entities" in printed
    doc = read(target)
    assert (doc.text, [ent.text for ent in doc.ents]) == (TEXT, ["Ada", "London"])
    told = [(relation.head.text, relation.label, relation.tail.text) for relation in get_relations(doc)]
    label = "BORN" if name == "knowledgenet" else "Born"
    assert told == ([] if name in ("conll", "wikilinks") else [("Ada", label, "London")])
    looked_for = doc.user_data.get(RELATIONS_LOOKED_FOR)
    assert looked_for == (("BORN",) if name == "knowledgenet" else None)


def test_every_format_is_tested_and_in_the_help() -> None:
    assert sorted([*FILES, *examples()]) == sorted(FORMATS)
    _, text = run("--help")
    assert all(name in text for name in FORMATS)


def test_docred_counts_what_a_sentence_may_not_state(tmp_path: Path) -> None:
    labels = [{"h": 0, "t": 1, "r": "P19", "evidence": [0]}, {"h": 1, "t": 0, "r": "P19", "evidence": []}]
    (tmp_path / "docs.json").write_text(json.dumps([{**DOCRED, "labels": labels}]), encoding="utf8")
    (tmp_path / "names.json").write_text(json.dumps(NAMES["docred"]), encoding="utf8")
    code, printed = run(
        "docred", tmp_path / "docs.json", tmp_path / "a.spacy", "--names", tmp_path / "names.json"
    )
    assert code == 0
    assert "1 relations, 1 unsure relations," in printed


def test_docred_without_names_leaves_relations_open(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(FILES["docred"], encoding="utf8")
    with pytest.warns(UserWarning, match=r"a.json has 1 relations, which were left out.* --names"):
        assert run("docred", tmp_path / "a.json", tmp_path / "a.spacy")[0] == 0
    assert not has_relations(read(tmp_path / "a.spacy"))


def test_columns_of_conll(tmp_path: Path) -> None:
    """Those of GermEval: an index, and entities in entities."""
    source, target = tmp_path / "a.tsv", tmp_path / "a.spacy"
    source.write_text("1\tUni\tB-ORG\tO\n2\tBonn\tI-ORG\tB-LOC\n", encoding="utf8")
    code, printed = run("conll", source, target)
    assert code == 1
    assert "--tag-column 3 --tag-column 4" in printed
    assert run("conll", source, target, "--tag-column", 3, "--tag-column", 4)[0] == 0
    doc = read(target)
    assert [span.text for span in (*doc.ents, *doc.spans["luke_nested"])] == ["Uni Bonn", "Bonn"]
    assert run("conll", source, target, "--tag-column", 4, "--word-column", 2)[0] == 0
    assert [ent.text for ent in read(target).ents] == ["Bonn"]


def test_bad_input(tmp_path: Path) -> None:
    good, empty, names = tmp_path / "good.txt", tmp_path / "empty.txt", tmp_path / "names.json"
    good.write_text(FILES["conll"], encoding="utf8")
    empty.write_text("", encoding="utf8")
    names.write_text("{}", encoding="utf8")
    out = tmp_path / "out.spacy"
    for message, *arguments in [
        ("Choose one of docred, fewrel", "nothing", good, out),
        ("Pass --names with a JSON file", "fewrel", good, out),
        ("--names is only for docred and fewrel", "conll", good, out, "--names", names),
        ("There is no file", "conll", tmp_path, out),
        ("There is no file", "docred", good, out, "--names", tmp_path / "none.json"),
        ("end in .spacy", "conll", good, tmp_path / "out.json"),
        ("can't be read as conll: no document", "conll", empty, out),
        ("rows.json, document 1: there is no 'vertexSet'", "docred", names.with_name("rows.json"), out),
        ("only for conll", "docred", good, out, "--tag-column", "2"),
        ("only for conll", "semeval", good, out, "--word-column", "2"),
        ("no tag in column 3", "conll", good, out, "--tag-column", "3"),
    ]:
        (tmp_path / "rows.json").write_text('[{"sents": []}]', encoding="utf8")
        code, printed = run(*arguments)
        assert code == 1
        assert message in printed
    assert not out.exists()
