from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from spacy_luke.training.converters.build import NESTED
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
    with pytest.raises(ValueError, match=r"a, line 3: (no tag in column 2|1 columns)"):
        ents(tmp_path / "a", f"ok O\nok O\n{line}\n")


SCHEMES = {
    "BIO": "B-LOC I-LOC O B-PER B-PER O",
    "IOB1": "I-LOC I-LOC O I-PER B-PER O",
    "BIOES": "B-LOC E-LOC O S-PER S-PER O",
    "BILUO": "B-LOC L-LOC O U-PER U-PER O",
    "BMES": "B-LOC E-LOC O S-PER S-PER O",
    "ended by nothing": "E-LOC I-LOC O B-PER S-PER O",
}
WORDS = ["New", "York", "saw", "Ada", "Bob", "."]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes(tmp_path: Path, scheme: str) -> None:
    lines = "".join(f"{word}\t{tag}\n" for word, tag in zip(WORDS, SCHEMES[scheme].split(), strict=True))
    expected = [("New York", "LOC"), ("Ada", "PER"), ("Bob", "PER")]
    if scheme == "ended by nothing":
        expected[:1] = [("New", "LOC"), ("York", "LOC")]
    assert ents(tmp_path / "a", lines) == [expected]


def test_long_entities_in_bioes(tmp_path: Path) -> None:
    text = "a B-X\nb I-X\nc M-X\nd E-X\ne B-X\nf I-X\ng L-X\nh B-Y\n"
    assert ents(tmp_path / "a", text) == [[("a b c d", "X"), ("e f g", "X"), ("h", "Y")]]


# What is published, a few lines each: words and entities of each document.
LAYOUTS = {
    "CoNLL 2003": (
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\nBonn NNP I-NP B-LOC\n. . O O\n\n"
        "-DOCSTART- -X- O O\n\nAda NNP I-NP I-PER\nwon VBD B-VP O\n\nAgain RB B-ADVP O\n",
        [("EU rejects Bonn .", ["EU", "Bonn"]), ("Ada won Again", ["Ada"])],
    ),
    "CoNLL 2003, German": (
        "Nach nach APPR I-PC O\nBonn Bonn NE I-PC I-LOC\nfuhr fahren VVFIN I-VC O\n# # $( O O\n",
        [("Nach Bonn fuhr #", ["Bonn"])],
    ),
    "document marks of one column": (
        "-DOCSTART-\n\nAda\tB-PER\n\n-DOCSTART-\t(2)\t-X-\n\n#1\tO\nfan\tO\n\n# newdoc id = x\n2\tO\n",
        [("Ada", ["Ada"]), ("#1 fan", []), ("2", [])],
    ),
    "MultiCoNER": (
        "# id 5ba2-11\tdomain=en\nthe _ _ O\nnew _ _ B-LOC\nyork _ _ I-LOC\n# _ _ O\n\n\n"
        "# id 77\tdomain=en\n# _ _ O\n1 _ _ O\n",
        [("the new york #", ["new york"]), ("# 1", [])],
    ),
    "UNER": (
        "# newdoc id = a\n# sent_id = a-1\n# text = vamos al O\n"
        "1\tvamos\tO\t-\tann\n2-3\tal\t_\t_\t_\n2\ta\tO\t-\tann\n"
        "3\tel\tO\t-\t\n4\tPrado\tB-LOC\t-\tann\n4.1\tva\t_\t-\t-\n\n# sent_id = a-2\n1\t2\tO\t-\tann\n",
        [("vamos a el Prado 2", ["Prado"])],
    ),
    "an index that goes on": (
        "0 EU B-ORG\n1 won O\n\n2 Ada B-PER\n3 lost O\n",
        [("EU won", ["EU"]), ("Ada lost", ["Ada"])],
    ),
    "tags first": ("O\tsee\nB-ACTOR\tTom\nI-ACTOR\tHanks\n", [("see Tom Hanks", ["Tom Hanks"])]),
    "numbers as words": ("1 O\n1 O\n3 O\nx B-A\n", [("1 1 3 x", ["x"])]),
    "one number": ("7 O\n", [("7", [])]),
    "one word a sentence": ("a O\n\nb B-X\n\n", [("a", []), ("b", ["b"])]),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(tmp_path: Path, name: str) -> None:
    text, expected = LAYOUTS[name]
    (tmp_path / "a").write_text(text, "utf8")
    docs = list(convert_conll(tmp_path / "a", VOCAB))
    assert [(" ".join(t.text for t in doc), [e.text for e in doc.ents]) for doc in docs] == expected


GERMEVAL = (
    "#\thttp://de.wikipedia.org/wiki/X\t[2009-10-17]\n1\tDie\tO\tO\n2\tUniversität\tB-ORG\tO\n"
    "3\tBonn\tI-ORG\tB-LOC\n4\t#\tO\tO\n"
)


def test_several_columns_of_tags_have_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(GERMEVAL, "utf8")
    with pytest.raises(ValueError, match=r"3: B-ORG I-ORG O; 4: B-LOC O.*--tag-column 3 --tag-column 4"):
        list(convert_conll(tmp_path / "a", VOCAB))
    (outer,) = convert_conll(tmp_path / "a", VOCAB, tag_columns=[3])
    assert [ent.text for ent in outer.ents] == ["Universität Bonn"]
    (both,) = convert_conll(tmp_path / "a", VOCAB, tag_columns=[3, 4])
    assert [ent.text for ent in both.ents] == ["Universität Bonn"]
    assert [(span.text, span.label_) for span in both.spans[NESTED]] == [("Bonn", "LOC")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word\n", "line 1: no tag in column 2"),
        ("ok O\nok O\nNew York B-LOC\n", "line 3: 3 columns .*; most lines have 2.*tabs"),
        ("a N O\nb N O\nc O\n", "line 3: 2 columns"),
        ("a\tO\nb\tPER\nc\tO\n", "line 2: no tag in column 2"),
        ("a\tO\nb\tB-\nc\tO\n", "line 2: no tag in column 2"),
        ("a O\n# said he\nb O\n", "line 2: 3 columns"),
        (
            "wiki-1 Ada B-PER\nwiki-1 won O\n\nwiki-2 Bob B-PER\nwiki-2 lost O\n",
            "has 'wiki-1'.*--word-column 2",
        ),
        ("7 Ada B-PER\n7 won O\n", r"has \['7', '7'\].*--word-column 2"),
        ("1 O\n2 B-X\n", "none that is surely the words"),
        ("bc/a 0 0 Ada NNP (NP* - (PERSON)\nbc/a 0 1 won VBD * - *\n", "line 1: no tag in column 8"),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    message = message.replace("has 'wiki-1'", "has .'wiki-1'")
    with pytest.raises(ValueError, match=message):
        ents(tmp_path / "a", text)


def test_a_named_column_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("7 Ada B-PER\n7 won O\n", "utf8")
    (doc,) = convert_conll(tmp_path / "a", VOCAB, word_column=2)
    assert (doc.text, doc.ents[0].text) == ("Ada won", "Ada")


def test_no_word_is_lost_to_odd_spaces(tmp_path: Path) -> None:
    """NBSP and Unicode's line ends are part of words; only spaces and tabs separate columns."""
    text = "New\xa0York B-LOC\na\u2028b O\nc\x85d\tO\n\xa0 O\nlast\x0b O\n"
    (tmp_path / "a").write_text(text, "utf8")
    (doc,) = convert_conll(tmp_path / "a", VOCAB)
    assert [token.text for token in doc] == ["New\xa0York", "a\u2028b", "c\x85d", "last"]
    assert doc.ents[0].text == "New\xa0York"


FILES = {
    "crossner/ai/train.txt": (100, 532),
    "wikigold/wikigold.conll.txt": (145, 3558),
    "wnut17/emerging.dev.conll": (1009, 836),
    "wnut17/emerging.test.annotated": (1287, 1079),
    "btc/btc.dev": (1001, 1730),
    "uner-ewt/en_ewt-ud-dev.iob2": (318, 966),
}


@pytest.mark.skipif(not (DATA / "crossner").is_dir(), reason="public data is not here")
@pytest.mark.parametrize("name", FILES)
def test_published_counts(name: str) -> None:
    docs = list(convert_conll(DATA / name, VOCAB))
    assert (len(docs), sum(len(doc.ents) for doc in docs)) == FILES[name]
