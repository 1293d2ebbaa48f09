"""Documents with other names say the same of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
import typer.testing
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from scripts.__main__ import app
from scripts.renaming import Renamer, letter, name_of, renamable, rename
from scripts.rewriting import Words
from spacy_luke.annotation import get_relations, get_unsure, has_relations, set_extensions
from spacy_luke.files import read_json
from spacy_luke.training.converters.docred import convert_docred
from spacy_luke.training.mentions import all_mentions

set_extensions()
NLP = spacy.blank("en")
DATA = Path(__file__).parents[3] / "shared" / "data" / "redocred"
TEXT = "Marie Curie left Warsaw . Curie loved Paris in the Paris University ."
OTHER = Words(("Ada", "Lovelace"), (True, True))


def document() -> Doc:
    words = TEXT.split()
    starts = [i in (0, 5) for i in range(len(words))]
    doc = Doc(NLP.vocab, words=words, spaces=[True] * (len(words) - 1) + [False], sent_starts=starts)
    places = [
        (0, 2, "PER", "e0"),
        (3, 4, "LOC", "e1"),
        (5, 6, "PER", "e0"),
        (7, 8, "LOC", "e2"),
        (10, 12, "ORG", "e3"),
    ]
    doc.ents = [Span(doc, start, end, label, span_id=id_) for start, end, label, id_ in places]
    marie, warsaw, curie, paris, _ = doc.ents
    doc._.luke_relations = [(marie, warsaw, "left", 1.0, "P1"), (curie, paris, "loved")]
    doc._.luke_unsure_relations = [(curie, warsaw, "left")]
    doc.user_data["title"] = "Marie Curie"
    return doc


def test_all_mentions_get_the_name_and_keep_what_is_stated_of_them() -> None:
    doc = rename(document(), {"e0": OTHER, "e1": letter("X")})
    assert doc.text == "Ada Lovelace left X . Lovelace loved Paris in the Paris University ."
    assert [sent.start for sent in doc.sents] == [0, 5]
    assert [(e.text, e.label_, e.id_) for e in doc.ents][:3] == [
        ("Ada Lovelace", "PER", "e0"),
        ("X", "LOC", "e1"),
        ("Lovelace", "PER", "e0"),
    ]
    assert [(r.head.text, r.label, r.tail.text, r.id) for r in get_relations(doc)] == [
        ("Ada Lovelace", "left", "X", "P1"),
        ("Lovelace", "loved", "Paris", ""),
    ]
    assert [(r.head.text, r.tail.text) for r in get_unsure(doc)] == [("Lovelace", "X")]
    assert doc.user_data["title"] == "Marie Curie"


def test_names_that_share_words_with_others_stay() -> None:
    assert set(renamable(document())) == {"e0", "e1"}
    doc = document()
    doc.spans["luke_nested"] = [Span(doc, 1, 2, "ORG", span_id="e9")]
    assert set(renamable(doc)) == {"e1"}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_documents(tmp_path: Path, share: float) -> None:
    other = NLP.make_doc("Ada Lovelace saw Oslo")
    other.ents = [Span(other, 0, 2, "PER"), Span(other, 3, 4, "LOC")]
    DocBin(docs=[other], store_user_data=True).to_disk(tmp_path / "names.spacy")
    renamer = Renamer(tmp_path / "names.spacy", share, 0.0, 0.0, random.Random(0))
    example = Example(NLP.make_doc(TEXT), document())
    (result,) = renamer(NLP, example)
    assert (result is example) == (share == 0.0)
    if share:
        expected = "Ada Lovelace left Oslo . Lovelace loved Paris in the Paris University ."
        assert result.reference.text == result.predicted.text == expected
        assert not result.predicted.ents


def test_entities_of_a_document_get_each_others_names() -> None:
    # Paris stands in another name too, and keeps its own; so do the only other place and the only person.
    assert {renamed(document(), seed) for seed in range(20)} == {document().text}
    doc = NLP.make_doc("Rome is near Oslo and Rome is old")
    doc.ents = [
        Span(doc, 0, 1, "LOC", span_id="e0"),
        Span(doc, 3, 4, "LOC", span_id="e1"),
        Span(doc, 5, 6, "LOC", span_id="e0"),
    ]
    texts = {renamed(doc, seed) for seed in range(20)}
    assert texts == {"Rome is near Oslo and Rome is old", "Oslo is near Rome and Oslo is old"}


def renamed(doc: Doc, seed: int) -> str:
    """The text of a document whose entities may get each other's names; no others are read."""
    renamer = Renamer(Path("none.spacy"), 1.0, 1.0, 1.0, random.Random(seed))
    (result,) = renamer(NLP, Example(NLP.make_doc(doc.text), doc))
    return str(result.reference.text)


def test_a_file_is_renamed_as_a_whole(tmp_path: Path) -> None:
    other = NLP.make_doc("Ada Lovelace saw Oslo")
    other.ents = [Span(other, 0, 2, "PER"), Span(other, 3, 4, "LOC")]
    nobody = NLP.make_doc("It rains")
    DocBin(docs=[other], store_user_data=True).to_disk(tmp_path / "names.spacy")
    DocBin(docs=[document(), nobody], store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    paths = [tmp_path / f"{name}.spacy" for name in ("corpus", "names", "out")]
    typer.testing.CliRunner().invoke(app, ["rename", *map(str, paths)], catch_exceptions=False)
    renamed, same = DocBin(store_user_data=True).from_disk(paths[-1]).get_docs(NLP.vocab)
    assert renamed.text == "Ada Lovelace left Oslo . Lovelace loved Paris in the Paris University ."
    assert [(r.head.text, r.tail.text) for r in get_relations(renamed)] == [
        ("Ada Lovelace", "Oslo"),
        ("Lovelace", "Paris"),
    ]
    assert same.text == nobody.text


@pytest.mark.skipif(not DATA.is_dir(), reason="public data is not here")
def test_real_documents_keep_all_but_the_names() -> None:
    names = read_json(DATA / "rel_info.json")
    n_renamed = n_entities = 0
    for doc in list(convert_docred(DATA / "test_first_half.json", NLP.vocab, names))[:40]:
        chosen = dict.fromkeys(renamable(doc), OTHER)
        renamed = rename(doc, chosen)
        n_renamed += len(chosen)
        n_entities += len({span.id_ for span in all_mentions(doc)})
        assert rename(doc, {}).text == doc.text
        assert len(list(renamed.sents)) == len(list(doc.sents))
        assert has_relations(renamed)
        for before, after in zip(all_mentions(doc), all_mentions(renamed), strict=True):
            assert (before.label_, before.id_) == (after.label_, after.id_)
            if before.id_ in chosen:
                assert after.text in ("Ada Lovelace", "Ada", "Lovelace")
            else:
                assert name_of(before) == name_of(after)
        for read in (get_relations, get_unsure):
            told = [(r.head.id_, r.label, r.tail.id_) for r in read(doc)]
            assert [(r.head.id_, r.label, r.tail.id_) for r in read(renamed)] == told
    assert 0.25 < n_renamed / n_entities < 0.9
