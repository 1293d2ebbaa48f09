from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from scripts.corpus import NAMES, OTHER_TWEETS, prepare_default_corpus
from scripts.partition import drop_leaks, title
from scripts.readers import (
    FEWREL,
    FEWREL_PART,
    KEPT_OUT,
    TEXT2KG,
    THREE_TYPES,
    kept_out_sentences,
    read_fewrel_part,
    read_text2kg,
    read_three_types,
)
from scripts.second_corpus import KNOWLEDGENET, _by_turns, _up_to, prepare_second_corpus
from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import (
    ENTITIES_LOOKED_FOR,
    RELATIONS_LOOKED_FOR,
    get_relations,
    get_told,
    get_unsure,
    has_relations,
    normalize,
)
from spacy_luke.files import read_json
from spacy_luke.training.converters.fewrel import convert_fewrel

DATA = Path(__file__).parents[3] / "shared" / "data"


needs_data = pytest.mark.skipif(not (DATA / "redocred").is_dir(), reason="public data is not here")


@needs_data
@pytest.mark.slow
def test_published_data(tmp_path: Path) -> None:
    sources, files = prepare_default_corpus(DATA, tmp_path / "new" / "corpus")
    assert {source.name: source.used for source in sources} == {
        "redocred/dev_revised.json": 398,
        "redocred/train_part.json.xz": 978,
        "docie/documents.json.xz": 161,
        "docred-mentions/test.json.xz": 993,
        "btc/btc.train": 6335,
    }
    used = [source.used for source in sources]
    assert files == {"train.spacy": sum(used), "dev.spacy": 100, "test.spacy": 250}
    train, dev, test = (read(tmp_path / "new" / "corpus" / name) for name in files)
    assert [has_relations(doc) for doc in train] == [True] * sum(used[:2]) + [False] * sum(used[2:])
    assert all(has_relations(doc) for doc in [*dev, *test])
    titles = [normalize(title(doc)) for doc in train if title(doc)]
    assert len(titles) == len(set(titles))
    looked_for = [doc.user_data.get(ENTITIES_LOOKED_FOR) for doc in train]
    assert looked_for == [None] * sum(used[:4]) + [THREE_TYPES] * used[4]
    # What measures the model trains nothing.
    vocab = train[0].vocab
    assert drop_leaks(train, [*dev, *test, *read_three_types(DATA / OTHER_TWEETS, vocab)])[1] == (0, 0)
    relations = {relation.id for doc in train for relation in get_told(doc)}
    assert len(relations) == 95  # all but "unemployment rate"
    assert not relations & KEPT_OUT


@needs_data
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Of .*, what can't be used was left out")
def test_published_sentences_teach_nothing_that_is_kept_out() -> None:
    nlp = spacy.blank("en")
    names = read_json(DATA / NAMES)
    taught = [
        *convert_fewrel(DATA / FEWREL, nlp.vocab, names),
        *read_fewrel_part(DATA / FEWREL_PART, nlp.vocab, names),
        *read_text2kg(DATA / TEXT2KG, nlp.make_doc, names),
    ]
    kept_out = list(kept_out_sentences(DATA, nlp.vocab))
    safe, dropped = drop_leaks(taught, kept_out)
    print(len(taught), len(kept_out), dropped)
    assert not {relation.id for doc in safe for relation in get_relations(doc)} & KEPT_OUT
    everything = dict.fromkeys(KEPT_OUT, "kept out")
    forbidden = [
        *convert_fewrel(DATA / FEWREL, nlp.vocab, everything),
        *read_fewrel_part(DATA / FEWREL_PART, nlp.vocab, everything),
        *read_text2kg(DATA / TEXT2KG, nlp.make_doc, everything),
    ]
    texts = {doc.text for doc in safe}
    assert not any(doc.text in texts for doc in forbidden)


@needs_data
def test_entities_of_three_types() -> None:
    docs = list(read_three_types(DATA / "uner-ewt" / "en_ewt-ud-dev.iob2", spacy.blank("en").vocab))
    assert len(docs) == 318
    assert sum(len(list(doc.sents)) for doc in docs) == 2001
    assert docs[0].text.startswith("where can I get morcillas in tampa bay,")
    assert (docs[0].ents[0].text, docs[0].ents[0].label_) == ("tampa bay", "LOC")
    assert {ent.label_ for doc in docs for ent in doc.ents} == set(THREE_TYPES)


def test_sentences_in_which_two_names_stand_once(tmp_path: Path) -> None:
    sentences = [
        "Ann of Annville likes Bob.",
        "Ann and Ann like Bob.",
        "Ann likes Bobby.",
        "Bob (Ann Bob) sings.",
    ]
    rows = [
        {"sent": sent, "sub_label": "Ann", "rel": id_, "obj_label": "Bob"}
        for sent in sentences
        for id_ in ("P26", "P641")
    ]
    path = tmp_path / "rows.jsonl.xz"
    path.write_bytes(lzma.compress("\n".join(map(json.dumps, rows)).encode()))
    (doc,) = read_text2kg(path, spacy.blank("en").make_doc, {"P26": "spouse"})
    assert doc.text == sentences[0]
    assert [(r.head.start, r.label, r.tail.start, r.id) for r in get_relations(doc)] == [
        (0, "spouse", 4, "P26")
    ]


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
    with pytest.raises(
        ValueError,
        match=r"lacks .*facts.jsonl.xz, .*val_wiki.json.xz, .*train_part.jsonl.xz, text2kg/sentences",
    ):
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
    kept_out = ["Eve", "left", "Rome", "without", "Max", "and", "Bob"]
    parts = [
        {"tokens": kept_out, "head": [0], "tail": [4], "relation": "P26", "name": "spouse"},
        {"tokens": kept_out, "head": [0], "tail": [2], "relation": "P84", "name": "architect"},
        *(
            {"tokens": ["Bob", "wed", "Eve", str(i)], "head": [0], "tail": [2], "relation": "P26"}
            for i in range(2)
        ),
    ]
    (tmp_path / FEWREL_PART).write_bytes(lzma.compress("\n".join(map(json.dumps, parts)).encode()))
    distant = {"sent": "Ada wed Bob near Max.", "sub_label": "Ada", "rel": "P26", "obj_label": "Bob"}
    (tmp_path / TEXT2KG).parent.mkdir()
    (tmp_path / TEXT2KG).write_bytes(lzma.compress(json.dumps(distant).encode()))
    (tmp_path / "redocred").mkdir()
    names = {"P22": "father", "P26": "spouse", "P84": "architect"}
    (tmp_path / "redocred" / "rel_info.json").write_text(json.dumps(names))

    counts = prepare_second_corpus(tmp_path, tmp_path, nlp, tmp_path / "second")
    assert counts == {
        "train/documents.spacy": 6,
        "train/mixed.spacy": 2400,
        "train/unsaid.spacy": 0,  # no sentence states anything
        "train/knowledgenet.spacy": 2,
        "train/text2kg.spacy": 1,
        "train/fewrel.spacy": 3,
        "check.spacy": 1,
        "last/documents.spacy": 3,
        "last/mixed.spacy": 2400,
        "last/unsaid.spacy": 0,
        "last/knowledgenet.spacy": 2,
    }
    written = {str(path.relative_to(tmp_path / "second")) for path in (tmp_path / "second").rglob("*.spacy")}
    assert written == set(counts)
    found = read(tmp_path / "second" / "train" / "knowledgenet.spacy")
    denied, told = sorted(found, key=lambda doc: len(doc._.luke_relations))
    assert [ent.text for ent in told.ents] == ["Eve", "Max"]
    # Marriage goes both ways, and the other relations were not looked for.
    assert [(r.head.text, r.label, r.tail.text, r.id) for r in told._.luke_relations] == [
        ("Eve", "spouse", "Max", "P26"),
        ("Max", "spouse", "Eve", "P26"),
    ]
    assert denied._.luke_relations == ()
    assert told.user_data[RELATIONS_LOOKED_FOR] == denied.user_data[RELATIONS_LOOKED_FOR] == ("spouse",)
    fewrel = read(tmp_path / "second" / "train" / "fewrel.spacy")
    assert sorted([(r.head.text, r.label, r.tail.text) for r in doc._.luke_relations] for doc in fewrel) == [
        [("Bob", "spouse", "Eve"), ("Eve", "spouse", "Bob")],
        [("Bob", "spouse", "Eve"), ("Eve", "spouse", "Bob")],
        [("Eve", "father", "Max")],
    ]
    (near,) = read(tmp_path / "second" / "train" / "text2kg.spacy")
    assert [(r.head.text, r.tail.text) for r in near._.luke_relations] == [("Ada", "Bob"), ("Bob", "Ada")]
    assert {frozenset((r.head.text, r.tail.text)) for r in get_unsure(near)} == {
        frozenset(("Ada", "Max")),
        frozenset(("Bob", "Max")),
    }
    (check,) = read(tmp_path / "second" / "check.spacy")
    assert check.text == "Eve married Max a long time ago."


def test_fewrel_has_a_fifth_of_the_words_at_most_and_each_relation_its_turn() -> None:
    nlp = spacy.blank("en")
    docs = []
    for n, label in enumerate(["a", "a", "a", "b"]):
        doc = nlp.make_doc(f"{n} met Max")
        doc._.luke_relations = [(doc[0:1], doc[2:3], label)]
        docs.append(doc)
    ordered = _by_turns(docs)
    assert [doc._.luke_relations[0].label for doc in ordered][2:] == ["a", "a"]
    assert _by_turns(docs[::-1]) == ordered
    assert _up_to(iter(ordered), 8) == ordered[:2]
    assert _up_to(ordered, 9) == ordered[:3]
