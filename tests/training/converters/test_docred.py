from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_luke.annotation import get_told, has_relations, set_extensions
from spacy_luke.files import read_json
from spacy_luke.training.converters.docred import INVERSES, convert_docred, docred_doc
from spacy_luke.training.outcomes import same_sentence

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not (DATA / "redocred").is_dir(), reason="public data is not here")

set_extensions()
NLP = spacy.blank("en")
NAMES = {"P19": "place of birth", "P17": "country"}
RECORD = {
    "title": "Marie Curie",
    "sents": [
        ["Marie", "Curie", "was", "born", "in", "Warsaw", "\xa0", "."],
        ["Curie", "left", "Poland", "."],
    ],
    "vertexSet": [
        [
            {"name": "Marie Curie", "pos": [0, 2], "sent_id": 0, "type": "PER"},
            {"name": "Curie", "pos": [0, 1], "sent_id": 1, "type": "PER"},
        ],
        [{"name": "Warsaw", "pos": [5, 6], "sent_id": 0, "type": "LOC"}],
        [{"name": "Poland", "pos": [2, 3], "sent_id": 1, "type": "LOC"}],
    ],
    "labels": [
        {"h": 1, "t": 2, "r": "P17", "evidence": [0, 1]},
        {"h": 0, "t": 1, "r": "P19", "evidence": [0]},
        {"h": 0, "t": 1, "r": "P19", "evidence": [0]},
        {"h": 1, "t": 1, "r": "P17", "evidence": []},
    ],
}


def test_record() -> None:
    doc = docred_doc(RECORD, NLP.vocab, NAMES)
    assert doc.text == "Marie Curie was born in Warsaw. Curie left Poland."
    assert doc.user_data["title"] == "Marie Curie"
    assert [(e.text, e.label_, e.id_) for e in doc.ents] == [
        ("Marie Curie", "PER", "e0"),
        ("Warsaw", "LOC", "e1"),
        ("Curie", "PER", "e0"),
        ("Poland", "LOC", "e2"),
    ]
    relations = [(r.head.text, r.tail.text, r.label, r.score, r.id) for r in doc._.luke_relations]
    assert relations == [
        ("Marie Curie", "Warsaw", "place of birth", 1.0, "P19"),
        ("Warsaw", "Poland", "country", 1.0, "P17"),
    ]
    assert doc._.luke_relations[0].head == doc.ents[0]
    # The second sentence isn't evidence for it, but the document tells it.
    assert [tuple(map(str, r)) for r in doc._.luke_unsure_relations] == [
        ("Curie", "Warsaw", "place of birth", "1.0", "P19")
    ]


def test_inverse_relations_lend_their_evidence() -> None:
    labels = [
        {"h": 0, "t": 1, "r": "P40", "evidence": []},
        {"h": 1, "t": 0, "r": "P22", "evidence": [0]},
        {"h": 0, "t": 2, "r": "P40", "evidence": []},
    ]
    names = {"P40": "child", "P22": "father"}
    doc = docred_doc({**RECORD, "labels": labels}, NLP.vocab, names)
    stated = [(r.head.text, r.label, r.tail.text) for r in doc._.luke_relations]
    assert stated == [("Marie Curie", "child", "Warsaw"), ("Warsaw", "father", "Marie Curie")]
    unsure = [(r.head.text, r.label, r.tail.text) for r in doc._.luke_unsure_relations]
    assert ("Curie", "child", "Poland") in unsure
    assert len(unsure) == 4
    assert all(one in INVERSES[other] for one, others in INVERSES.items() for other in others)


@pytest.mark.parametrize("row", [{}, {"evidence": []}])
def test_without_any_evidence_all_is_stated(row: dict[str, list[int]]) -> None:
    doc = docred_doc({**RECORD, "labels": [{"h": 0, "t": 1, "r": "P19", **row}]}, NLP.vocab, NAMES)
    assert [r.head.text for r in doc._.luke_relations] == ["Marie Curie", "Curie"]
    assert doc._.luke_unsure_relations == ()


def test_blank_sentences_do_not_move_the_evidence() -> None:
    sents = [RECORD["sents"][0], [" "], RECORD["sents"][1]]
    entities = [[{**m, "sent_id": 2 * m["sent_id"]} for m in entity] for entity in RECORD["vertexSet"]]
    labels = [{"h": 0, "t": 2, "r": "P19", "evidence": [2]}]
    record = {"title": "", "sents": sents, "vertexSet": entities, "labels": labels}
    doc = docred_doc(record, NLP.vocab, NAMES)
    assert [(r.head.text, r.tail.text) for r in doc._.luke_relations] == [("Curie", "Poland")]


def test_relations_can_be_left_unannotated() -> None:
    assert not has_relations(docred_doc(RECORD, NLP.vocab))
    assert has_relations(docred_doc({**RECORD, "labels": []}, NLP.vocab, NAMES))


def test_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "docs.json.xz"
    path.write_bytes(lzma.compress(json.dumps([RECORD]).encode()))
    with pytest.warns(UserWarning, match=r"docs.json.xz, .*left out: 1 relations of an entity with itself"):
        (doc,) = convert_docred(path, NLP.vocab, NAMES)
    assert doc.text == docred_doc(RECORD, NLP.vocab).text


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text(f"{json.dumps(RECORD)}\n\n{json.dumps({**RECORD, 'title': 'B'})}\n", "utf8")
    docs = list(convert_docred(path, NLP.vocab))
    assert [doc.user_data["title"] for doc in docs] == ["Marie Curie", "B"]
    path.write_text(f"{json.dumps(RECORD)}\n{{\n", "utf8")
    with pytest.raises(ValueError, match=r"docs.jsonl, line 2 can't be read"):
        list(convert_docred(path, NLP.vocab))


@pytest.mark.parametrize("labels", [None, ()])
def test_without_labels_relations_are_not_annotated(labels: object) -> None:
    record = {name: value for name, value in RECORD.items() if name != "labels"}
    if labels is None:
        record["labels"] = None
    assert not has_relations(docred_doc(record, NLP.vocab, NAMES))


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """A mention of the no-break space, and with it the relation of its entity."""
    blank = [{"pos": [6, 7], "sent_id": 0, "type": "LOC"}]
    labels = [{"h": 0, "t": 3, "r": "P19"}, {"h": 2, "t": 2, "r": "P17"}, {"h": 0, "t": 1, "r": "P19"}]
    record = {**RECORD, "vertexSet": [*RECORD["vertexSet"], blank], "labels": labels}
    (tmp_path / "a.json").write_text(json.dumps([record, record]))
    message = (
        "left out: 2 mentions that are whitespace, 2 relations of an entity without mentions, "
        "2 relations of an entity with itself"
    )
    with pytest.warns(UserWarning, match=message):
        docs = list(convert_docred(tmp_path / "a.json", NLP.vocab, NAMES))
    assert [len(doc._.luke_relations) for doc in docs] == [2, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vertexSet": [[{"sent_id": 2, "pos": [0, 1], "type": "X"}]]}, "sent_id 2 isn't within 2 sentences"),
        ({"vertexSet": [[{"sent_id": -1, "pos": [0, 1], "type": "X"}]]}, "sent_id -1 isn't within"),
        ({"vertexSet": [[{"sent_id": 1, "pos": [3, 5], "type": "X"}]]}, "pos 3, 5 isn't within the 4 tokens"),
        ({"vertexSet": [[{"sent_id": 1, "pos": [2, 2], "type": "X"}]]}, "pos 2, 2 isn't within"),
        ({"vertexSet": [[{"sent_id": 1, "pos": [2], "type": "X"}]]}, "not enough values"),
        ({"vertexSet": [[{"sent_id": 1, "pos": [1, 2]}]]}, "there is no 'type'"),
        ({"labels": [{"h": 0, "t": 3, "r": "P17"}]}, "t 3 isn't within 3 entities"),
        ({"labels": [{"h": -1, "t": 1, "r": "P17"}]}, "h -1 isn't within 3 entities"),
        ({"labels": [{"h": 0, "t": 1, "r": "P9"}]}, "the relation 'P9' has no name"),
        ({"labels": [{"h": 0, "r": "P17"}]}, "there is no 't'"),
        ({"sents": None}, "NoneType"),
    ],
)
def test_errors_name_the_document(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{**RECORD, "labels": []}, {**RECORD, **change}]))
    with pytest.raises(ValueError, match=f"a.json, document 2: .*{message}"):
        list(convert_docred(path, NLP.vocab, NAMES))


@needs_data
def test_redocred_test_half() -> None:
    """Every triple is kept, nested mentions included, and spaCy finds the mentions in the raw text. Of the relations
    of two mentions of a sentence half are stated there."""
    path = DATA / "redocred" / "test_first_half.json"
    names = read_json(DATA / "redocred" / "rel_info.json")
    records = read_json(path)[:60]
    docs = [docred_doc(record, NLP.vocab, names) for record in records]
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    unaligned = stated = related = 0
    for record, doc in zip(
        records, DocBin(store_user_data=True).from_bytes(data).get_docs(NLP.vocab), strict=True
    ):
        got = {(r.head.id_, r.tail.id_, r.id) for r in get_told(doc)}
        assert got == {(f"e{row['h']}", f"e{row['t']}", row["r"]) for row in record["labels"]}
        members = {*doc.ents, *doc.spans.get("luke_nested", [])}
        assert {span for r in get_told(doc) for span in r[:2]} <= members
        raw = NLP.make_doc(doc.text)
        unaligned += sum(raw.char_span(e.start_char, e.end_char) is None for e in doc.ents)
        stated += sum(same_sentence(r.head, r.tail) for r in doc._.luke_relations)
        related += sum(same_sentence(r.head, r.tail) for r in get_told(doc))
    assert unaligned <= 3
    assert (stated, related) == (717, 1299)
