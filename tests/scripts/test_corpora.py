from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from scripts.corpus import prepare_default_corpus
from scripts.partition import drop_leaks
from scripts.second_corpus import FEWREL, KNOWLEDGENET, prepare_second_corpus
from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import RELATIONS_LOOKED_FOR, has_relations

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.skipif(not (DATA / "redocred").is_dir(), reason="public data is not here")
@pytest.mark.slow
def test_published_data(tmp_path: Path) -> None:
    sources, files = prepare_default_corpus(DATA, tmp_path / "new" / "corpus")
    assert files == {"train.spacy": 1629, "dev.spacy": 100, "test.spacy": 250}
    assert [source.used for source in sources] == [398, 236, 995]
    vocab = spacy.blank("en").vocab

    def read(name: str) -> list[Doc]:
        docs = DocBin(store_user_data=True).from_disk(tmp_path / "new" / "corpus" / name).get_docs(vocab)
        return list(docs)

    train, dev, test = read("train.spacy"), read("dev.spacy"), read("test.spacy")
    assert drop_leaks(train, [*dev, *test])[1] == (0, 0)
    assert [has_relations(doc) for doc in train] == [True] * 398 + [False] * (236 + 995)
    assert all(has_relations(doc) for doc in [*dev, *test])


def read(path: Path) -> list[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab))


@pytest.mark.parametrize("there", [(), ("redocred/rel_info.json",)])
def test_missing_data(tmp_path: Path, there: tuple[str, ...]) -> None:
    for file in there:
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text("{}")
    with pytest.raises(ValueError, match=r"lacks .*redocred/test_first_half.json.*project assets") as error:
        prepare_default_corpus(tmp_path, tmp_path / "out")
    assert ("rel_info" in str(error.value)) == (not there)
    with pytest.raises(ValueError, match=r"lacks .*knowledgenet/facts.jsonl.xz, fewrel/val_wiki.json.xz"):
        prepare_second_corpus(tmp_path, tmp_path, spacy.blank("en"), tmp_path / "out")


def test_the_second_corpus(tmp_path: Path) -> None:
    """Whole and mixed documents, and sentences with the entities that a pipeline finds in them."""
    set_extensions()
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "PER", "pattern": name} for name in ("Ada", "Bob", "Eve", "Max")]
    )
    for name in ("train", "dev", "test"):
        doc = nlp.make_doc(f"In {name} there was once Ada. She knew Bob of old.")
        for token in doc:
            token.is_sent_start = token.i == 0 or doc[token.i - 1].text == "."
        doc.ents = [Span(doc, i, i + 1, "PER") for i, token in enumerate(doc) if token.text in ("Ada", "Bob")]
        doc._.luke_relations = [Relation(*doc.ents, "spouse")]
        docs = [doc] * (3 if name == "train" else 1)
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")

    def row(fold: int, text: str, found: bool) -> str:
        at = {name: [text.index(name), text.index(name) + 3] for name in ("Eve", "Max") if found}
        places = {"subject": at.get("Eve"), "object": at.get("Max"), "subject_qid": None, "object_qid": None}
        return json.dumps({"fold": fold, "doc": text, "property": "SPOUSE", "text": text, **places})

    rows = [
        row(1, "Eve has been married to Max for years.", True),
        row(2, "Eve has never met Max in her life.", False),
        row(3, "In test there was once Ada.", False),  # a sentence of the test half
        row(4, "Eve married Max a long time ago.", True),
    ]
    (tmp_path / KNOWLEDGENET).parent.mkdir()
    (tmp_path / KNOWLEDGENET).write_bytes(lzma.compress("\n".join(rows).encode()))
    pair = {
        "h": ["eve", "Q1", [[0]]],
        "t": ["max", "Q2", [[4]]],
        "tokens": ["Eve", "was", "born", "to", "Max"],
    }
    (tmp_path / FEWREL).parent.mkdir()
    (tmp_path / FEWREL).write_bytes(lzma.compress(json.dumps({"P22": [pair]}).encode()))
    (tmp_path / "redocred").mkdir()
    (tmp_path / "redocred" / "rel_info.json").write_text(json.dumps({"P22": "father", "P26": "spouse"}))

    counts = prepare_second_corpus(tmp_path, tmp_path, nlp, tmp_path / "second")
    assert counts == {
        "train/documents.spacy": 12,
        "train/mixed.spacy": 2400,
        "train/knowledgenet.spacy": 2,
        "train/fewrel.spacy": 1,
        "check.spacy": 1,
    }
    assert sorted(path.name for path in (tmp_path / "second" / "train").iterdir()) == [
        "documents.spacy",
        "fewrel.spacy",
        "knowledgenet.spacy",
        "mixed.spacy",
    ]
    told, denied = read(tmp_path / "second" / "train" / "knowledgenet.spacy")
    assert [ent.text for ent in told.ents] == ["Eve", "Max"]
    # Marriage goes both ways, and the other relations were not looked for.
    assert [(r.head.text, r.label, r.tail.text, r.id) for r in told._.luke_relations] == [
        ("Eve", "spouse", "Max", "P26"),
        ("Max", "spouse", "Eve", "P26"),
    ]
    assert denied._.luke_relations == ()
    assert told.user_data[RELATIONS_LOOKED_FOR] == denied.user_data[RELATIONS_LOOKED_FOR] == ("spouse",)
    (born,) = read(tmp_path / "second" / "train" / "fewrel.spacy")
    assert [(r.head.text, r.label, r.tail.text) for r in born._.luke_relations] == [("Eve", "father", "Max")]
    (check,) = read(tmp_path / "second" / "check.spacy")
    assert check.text == "Eve married Max a long time ago."
