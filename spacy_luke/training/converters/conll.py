"""Entities in columns, one token a line: CrossNER, WikiGold, WNUT 2017, Universal NER and their like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...errors import Errors
from .build import Mention, build_doc

Sentence = list[tuple[str, str]]
_MARK = "-DOCSTART-"


def convert_conll(path: str | Path, vocab: Vocab, columns: tuple[int, int] = (0, -1)) -> Iterator[Doc]:
    """Convert a file of tokens and tags (BIO, or IO as WikiGold has it).

    path (str | Path): A text file; empty lines end sentences.
    vocab (Vocab): The vocabulary of the documents.
    columns (tuple[int, int]): Those of the token and the tag. If the token isn't in the first one, lines that begin
        with "# " are comments.
    YIELDS (Doc): One a document where `-DOCSTART-` lines tell, otherwise one a sentence, with `doc.ents`.
    RAISES (ValueError): On a line that has no tag, or a tag that is not O, B-X or I-X.
    """
    for sentences in _documents(list(_sentences(Path(path), *columns))):
        words, tags = ([[pair[side] for pair in sentence] for sentence in sentences] for side in (0, 1))
        yield build_doc(vocab, words, _mentions(tags))[0]


def _documents(sentences: list[Sentence]) -> list[list[Sentence]]:
    if all(sentence[0][0] != _MARK for sentence in sentences):
        return [[sentence] for sentence in sentences]
    documents: list[list[Sentence]] = [[]]
    for sentence in sentences:
        if sentence[0][0] == _MARK:
            documents.append([])
            sentence = sentence[1:]
        if sentence:
            documents[-1].append(sentence)
    return [document for document in documents if document]


def _sentences(path: Path, word: int, tag_column: int) -> Iterator[Sentence]:
    sentence: Sentence = []
    for number, line in enumerate(path.read_text("utf8").split("\n"), 1):
        if not line.strip():
            if sentence:
                yield sentence
            sentence = []
            continue
        if word and line.startswith("# "):
            continue
        columns = line.rstrip("\r").split("\t") if "\t" in line else line.split()
        tag = columns[tag_column].strip() if len(columns) > max(1, tag_column) else ""
        if not (tag == "O" or tag[:2] in ("B-", "I-")):
            raise ValueError(Errors.L421.format(path=path.name, number=number, line=line))
        sentence.append((columns[word], tag))
    if sentence:
        yield sentence


def _mentions(sentences: list[list[str]]) -> Iterator[Mention]:
    """Entities from BIO or IO tags: an I- that continues nothing begins one; none crosses a sentence."""
    offset = 0
    for tags in sentences:
        start, label = 0, ""
        for i, tag in enumerate([*tags, "O"]):
            if label and tag == f"I-{label}":
                continue
            if label:
                yield Mention(offset + start, offset + i, label)
            start, label = i, tag[2:]
        offset += len(tags)
