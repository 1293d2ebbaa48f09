from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from spacy_luke.training.converters.conll import convert_conll

DATA = Path(__file__).parents[4] / "shared" / "data"
VOCAB = spacy.blank("en").vocab


def ents(path: Path, text: str) -> list[list[tuple[str, str]]]:
    path.write_text(text, "utf8")
    return [[(e.text, e.label_) for e in doc.ents] for doc in convert_conll(path, VOCAB)]


def test_bio_one_document_a_sentence(tmp_path: Path) -> None:
    text = "New\tB-LOC\nYork\tI-LOC\nParis\tB-LOC\n.\tO\n\n\t\nOslo\tB-LOC\n👩‍🔬\tO\n"
    text = text.replace("\t\n", "\n")
    assert ents(tmp_path / "a", text) == [[("New York", "LOC"), ("Paris", "LOC")], [("Oslo", "LOC")]]


def test_io_documents(tmp_path: Path) -> None:
    text = "A I-ORG\nB I-ORG\nC I-PER\n\nD I-PER\n\n-DOCSTART- O\n\nE O\nF I-PER\n\n-DOCSTART- O\nG I-PER"
    assert ents(tmp_path / "a", text) == [
        [("A B", "ORG"), ("C", "PER"), ("D", "PER")],
        [("F", "PER")],
        [("G", "PER")],
    ]


def test_tab_lines_may_hold_spaces_and_other_columns(tmp_path: Path) -> None:
    assert ents(tmp_path / "a", "New York\tNNP\tB-LOC\r\nx\tNN\tI-PER\r\n") == [
        [("New York", "LOC"), ("x", "PER")]
    ]


@pytest.mark.parametrize("line", ["word", "word NOTAG", "word\t", "word B"])
def test_bad_lines(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="a, line 2: no tag"):
        ents(tmp_path / "a", f"ok O\n{line}\n")


FILES = {
    "crossner/ai/train.txt": (100, 532),
    "wikigold/wikigold.conll.txt": (145, 3558),
    "wnut17/emerging.dev.conll": (1009, 836),
    "wnut17/emerging.test.annotated": (1287, 1079),
}


@pytest.mark.skipif(not (DATA / "crossner").is_dir(), reason="public data is not here")
@pytest.mark.parametrize("name", FILES)
def test_published_counts(name: str) -> None:
    docs = list(convert_conll(DATA / name, VOCAB))
    assert (len(docs), sum(len(doc.ents) for doc in docs)) == FILES[name]
