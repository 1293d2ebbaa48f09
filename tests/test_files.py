"""Text files as others write them: every reader and every command that takes one."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from tiny_heads import save_head

from spacy_luke import LukeConfig, LukeTokenizer
from spacy_luke.cli.convert_encoder import read_titles
from spacy_luke.cli.run import read_texts
from spacy_luke.files import read_json, read_json_lines, read_lines, read_text, replacing
from spacy_luke.nn.checkpoint import load_weights
from spacy_luke.pipeline.link_tables import load_aliases, load_ids
from spacy_luke.tokenizer.folder import load_titles
from spacy_luke.training.converters.conll import convert_conll
from spacy_luke.training.converters.docred import convert_docred
from spacy_luke.training.converters.fewrel import convert_fewrel
from spacy_luke.training.converters.knowledgenet import convert_knowledgenet
from spacy_luke.training.converters.semeval import convert_semeval
from spacy_luke.training.converters.wikilinks import convert_wikilinks
from spacy_luke.training.corpus import LukeCorpus

NLP = spacy.blank("en")
ODD = "a\u2028b\x85c\x0bd\x1ce\xa0f"  # what Python's splitlines and split cut at, within a word
PLACES = {"subject": [0, 11], "object": [0, 11], "subject_qid": None, "object_qid": None}
SPACED = " ".join(ODD.split())  # mentions are looked up so


def texts(docs: Any) -> list[str]:
    return [doc.text for doc in docs]


def lines(*values: object) -> str:
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values)


FEWREL = {"P1": [{"tokens": [ODD, "x"], "h": ["", "", [[0]]], "t": ["", "", [[1]]]}]}
DOCRED = {"title": "", "sents": [[ODD]], "vertexSet": []}
FACT = {"doc": "1", "text": ODD, "property": "P", "fold": 1, **PLACES}
PAGE = {"title": "", "pars": [{"k": "p", "t": ODD, "l": []}]}
# Name of a file, what is in it, how it is read, and what comes of it.
READERS: dict[str, tuple[str, str, Callable[[Path], Any], Any]] = {
    "run --file": ("a.txt", ODD, lambda p: read_texts([], [p]), [ODD]),
    "conll": ("a", f"{ODD} O\n\nx O\n", lambda p: texts(convert_conll(p, NLP.vocab)), [ODD, "x"]),
    "docred": ("a.json", json.dumps([DOCRED]), lambda p: texts(convert_docred(p, NLP.vocab)), [ODD]),
    "docred, lines": ("a.jsonl", lines(DOCRED), lambda p: texts(convert_docred(p, NLP.vocab)), [ODD]),
    "fewrel": ("a", lines(FEWREL), lambda p: texts(convert_fewrel(p, NLP.vocab, {"P1": "p"})), [f"{ODD} x"]),
    "knowledgenet": ("a", lines(FACT), lambda p: texts(convert_knowledgenet(p, NLP.make_doc)), [ODD]),
    "semeval": (
        "a",
        f'1\t"<e1>{ODD}</e1> <e2>x</e2>"\nOther\n',
        lambda p: texts(convert_semeval(p, NLP.make_doc)),
        [f"{ODD} x"],
    ),
    "wikilinks": ("a", lines(PAGE), lambda p: texts(convert_wikilinks(p, NLP.make_doc)), [ODD]),
    "convert --names": ("a.json", lines({"P1": ODD}), read_json, {"P1": ODD}),
    "from-encoder --entity-vocab": ("a.json", lines([ODD]), read_titles, [ODD]),
    "aliases, lines": (
        "a.jsonl",
        lines({"mention": ODD, "candidates": {ODD: 1.0}}),
        load_aliases,
        {SPACED: {ODD: 1.0}},
    ),
    "aliases, columns": ("a.tsv", f"{ODD}\tx\t1.0\n", load_aliases, {SPACED: {"x": 1.0}}),
    "ids": ("a.tsv", f"{ODD}\tQ1\n", load_ids, {ODD: "Q1"}),
    "entity vocabulary": ("entity_vocab.json", lines({ODD: 0}), lambda p: load_titles(p)[0], {ODD: 0}),
    "entity vocabulary, lines": (
        "entity_vocab.jsonl",
        lines({"id": 0, "entities": [[ODD, "en"]]}),
        lambda p: load_titles(p)[0],
        {f"en:{ODD}": 0},
    ),
    "config.json": ("config.json", lines({"mark": ODD}), lambda p: LukeConfig.from_json_file(p).mark, ODD),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader(name: str, tmp_path: Path) -> None:
    """With and without a byte order mark, with either line end; and the line of what is no UTF-8."""
    file, text, read, expected = READERS[name]
    path = tmp_path / file
    for content in (text, "\ufeff" + text, text.replace("\n", "\r\n")):
        path.write_bytes(content.encode())
        assert read(path) == expected
    path.write_bytes(text.encode() + b"\n\n\xe9\n")
    number = text.count("\n") + 3
    with pytest.raises(
        ValueError, match=rf"{file} can't be read.*line {number} has the byte 0xe9.*WINDOWS-1252"
    ):
        read(path)
    for encoding in ("utf-16", "utf-16-be"):
        path.write_bytes(text.encode(encoding))
        with pytest.raises(ValueError, match=f"{file} can't be read.*line 1 has the byte.*iconv -f UTF-16"):
            read(path)


def test_every_file_of_a_checkpoint(tmp_path: Path) -> None:
    """A byte order mark changes nothing; other encodings are named."""
    folder = tmp_path / "head"
    save_head("luke_textcat", folder)
    before = LukeTokenizer.from_pretrained(folder)("Ana left Oslo")
    names = [path for path in folder.iterdir() if path.suffix in (".json", ".txt")]
    for path in names:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert LukeTokenizer.from_pretrained(folder)("Ana left Oslo").data == before.data
    assert LukeConfig.from_pretrained(folder)
    for path in names:
        kept = path.read_bytes()
        path.write_text(path.read_text("utf-8-sig"), "utf-16")
        if path.name in ("config.json", "tokenizer.json", "entity_vocab.json", "tokenizer_config.json"):
            with pytest.raises(ValueError, match=f"{path.name} can't be read.*UTF-16"):
                (LukeConfig if path.name == "config.json" else LukeTokenizer).from_pretrained(folder)
        path.write_bytes(kept)


def test_index_of_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"weight_map": {}}).encode())
    assert not load_weights(tmp_path)
    path.write_bytes(b'{"weight_map": "\xff"}')
    with pytest.raises(ValueError, match=r"index.json can't be read: line 1 has the byte 0xff"):
        load_weights(tmp_path)


def test_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"\ufeff{ODD}\r\n\r\nb\rc\n \nd".encode())
    assert list(read_lines(path)) == [(1, ODD), (3, "b"), (4, "c"), (6, "d")]
    assert read_text(path) == f"{ODD}\n\nb\nc\n \nd"


def test_json_lines_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": \n', "utf8")
    with pytest.raises(ValueError, match=r"a.jsonl, line 3 can't be read"):
        list(read_json_lines(path))
    path.write_text("[" * 100_000, "utf8")
    with pytest.raises(ValueError, match="can't be read: maximum recursion"):
        read_json(path)


def test_compressed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.xz"
    path.write_bytes(lzma.compress(ODD.encode()))
    assert read_text(path) == ODD
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"a.txt.xz can't be read"):
        read_text(path)
    path.write_bytes(b"plain")
    with pytest.raises(ValueError, match=r"a.txt.xz can't be read"):
        read_text(path)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b'{"text": "x"}', b"x\x9c" + b"\0" * 40])
def test_a_corpus_of_another_format(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "train.spacy").write_bytes(data)
    with pytest.raises(ValueError, match=r"train.spacy can't be read as spaCy's binary format"):
        list(LukeCorpus(tmp_path / "train.spacy")(NLP))


# --- writing -------------------------------------------------------------------------------


def test_files_are_replaced_together(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    with replacing(folder) as fresh:
        (fresh / "a").write_text("old")
        (fresh / "sub").mkdir()
        (fresh / "sub" / "b").write_text("old")
    (folder / "mine").write_text("mine")
    with replacing(folder) as fresh:
        (fresh / "a").write_text("new")
        (fresh / "sub").mkdir()
        (fresh / "sub" / "c").write_text("new")
        assert (folder / "a").read_text() == "old"
    with replacing(folder, without=["sub/b", "nothing"]):
        assert (folder / "sub" / "b").exists()
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {"a": "new", "mine": "mine", "sub/c": "new"}


def test_what_fails_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyError), replacing(tmp_path) as fresh:  # noqa: PT012
        (fresh / "a").write_text("new")
        raise KeyError
    with pytest.raises(KeyError), replacing(tmp_path / "new") as fresh:
        raise KeyError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"), replacing(tmp_path / "a"):
        pass


def test_readers_finish_what_a_killed_process_had_written(tmp_path: Path) -> None:
    """Checkpoints by all their readers, and tokenizers."""
    save_head("luke_textcat", tmp_path)
    (tmp_path / ".written").mkdir()
    for path in list(tmp_path.glob("*.*")):
        if path.is_file():
            path.rename(tmp_path / ".written" / path.name)
    assert LukeTokenizer.from_pretrained(tmp_path)
    assert not (tmp_path / ".written").exists()
    assert LukeConfig.from_pretrained(tmp_path)
    (tmp_path / ".written").mkdir()
    (tmp_path / "config.json").rename(tmp_path / ".written" / "config.json")
    assert LukeConfig.from_pretrained(tmp_path)
