"""Entities in columns, one token a line: CoNLL 2003, CrossNER, GermEval, MultiCoNER, UNER, WNUT and their like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...errors import Errors
from ...files import read_text
from .build import Mention, build_doc

_MARK = "-DOCSTART-"
_COMMENT = re.compile(r"#(?:\s|begin document|end document)")
_DOCUMENT = re.compile(r"#\s*(?:newdoc|begin document)\b")
_TAG = re.compile(r"O|[BIELMSUW][-_].+")  # BIO, IO, IOB1, BIOES, BILUO, BMES
_GOES_ON, _ENDS = "IELM", "ELSUW"
# In CoNLL-U, the index of what only stands for words of other lines.
_NO_WORD = re.compile(r"\d+[-.]\d+")
# Tags that mark phrases, in a column beside the entities: English of CoNLL 2000 and 2003, German of 2003.
_PHRASES = {
    *("NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"),
    *("NC", "VC", "PC"),
}


class _Row(NamedTuple):
    """A token's line: its number in the file, and its columns."""

    number: int
    cells: list[str]


_Sentence = list[_Row]


class _Columns(NamedTuple):
    """Places of columns: of indices (None if there are none), words and tags; and how many most lines have."""

    order: int | None
    word: int
    tags: Sequence[int]
    width: int


def convert_conll(
    path: str | Path, vocab: Vocab, word_column: int | None = None, tag_columns: Sequence[int] = ()
) -> Iterator[Doc]:
    """Convert a file of tokens and tags: BIO, IO, IOB1, BIOES or BILUO.

    path (str | Path): A text file, with tabs or spaces between columns; empty lines end sentences.
    vocab (Vocab): The vocabulary of the documents.
    word_column (int | None): The words' column, from 1 on. None for the first one that has neither numbers that count
        the words nor tags.
    tag_columns (Sequence[int]): The tags' column, from 1 on; further ones have nested entities. Empty for the one that
        has tags other than of phrases (NP, VP and the like).
    YIELDS (Doc): One a document where lines with `-DOCSTART-` or comments such as `# newdoc` tell, otherwise one a
        sentence, with `doc.ents`.
    RAISES (ValueError): On a line with too many or too few columns, or without a tag; or if words and tags can't be
        told from other columns.
    """
    path = Path(path)
    documents = _read(path)
    columns = _find_columns(path, documents, word_column, [column - 1 for column in tag_columns])
    for document in documents:
        sentences = list(filter(None, ([*_tokens(path, rows, columns)] for rows in document)))
        words = [[row.cells[columns.word] for row in rows] for rows in sentences]
        mentions = [
            mention
            for column in columns.tags
            for mention in _mentions([[row.cells[column] for row in rows] for rows in sentences])
        ]
        if words:
            yield build_doc(vocab, words, mentions)[0]


# --- lines ---------------------------------------------------------------------------------


def _read(path: Path) -> list[list[_Sentence]]:
    """Documents of sentences of lines. Lines that may be comments are still there."""
    documents: list[list[_Sentence]] = [[[]]]
    marked = False
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else re.split(" +", line.rstrip())
        if any(cell.startswith(_MARK) for cell in cells[:2]) or _DOCUMENT.match(line):
            marked = True
            documents.append([[]])
        elif not line.strip():
            documents[-1].append([])
        else:
            documents[-1][-1].append(_Row(number, cells))
    if marked:
        return documents
    return [[sentence] for document in documents for sentence in document]


def _tokens(path: Path, rows: _Sentence, columns: _Columns) -> Iterator[_Row]:
    """The lines of a sentence that are tokens. What is neither a token nor a comment before it is an error."""
    begun = False
    for number, cells in rows:
        if columns.order is not None and any(
            map(_NO_WORD.fullmatch, cells[columns.order : columns.order + 1])
        ):
            continue
        fits = len(cells) > max(columns.word, *columns.tags) and not any(cells[columns.width :])
        wrong = next((c for c in columns.tags if fits and not _TAG.fullmatch(cells[c])), None)
        line = "\t".join(cells)
        if not begun and (not fits or wrong is not None) and _COMMENT.match(line):
            continue
        if not fits and len(cells) != columns.width:
            found, usual = len(cells), columns.width
            raise ValueError(
                Errors.L424.format(path=path, number=number, line=line, found=found, usual=usual)
            )
        if not fits or wrong is not None:
            column = max(columns.tags) + 1 if wrong is None else wrong + 1
            raise ValueError(Errors.L421.format(path=path, number=number, line=line, column=column))
        begun = True
        yield _Row(number, cells)


# --- columns -------------------------------------------------------------------------------


def _find_columns(
    path: Path, documents: list[list[_Sentence]], word_column: int | None, tags: Sequence[int]
) -> _Columns:
    sentences = [
        [row.cells for row in rows if not row.cells[0].startswith("#")] for doc in documents for rows in doc
    ]
    widths = Counter(len(cells) for sentence in sentences for cells in sentence)
    width = max(widths, key=lambda w: (widths[w], w), default=2)
    columns = [
        [[cells[i] for cells in sentence if i < len(cells)] for sentence in sentences] for i in range(width)
    ]
    flat = [[cell for sentence in column for cell in sentence] for column in columns]
    tags = tags or _tag_columns(path, flat, sum(widths.values()))
    if not tags:
        return _Columns(None, 0, [max(width - 1, 1)], width)  # where the first line has no tag; it is told of
    others = [i for i in range(width) if i not in tags]
    order = others[0] if others and _counts_words(columns[others[0]]) else None
    if word_column is not None:
        return _Columns(None if order == word_column - 1 else order, word_column - 1, tags, width)
    word = next((i for i in others if i != order), None)
    if word is None or _no_words(columns[word]):
        seen = [] if word is None else flat[word][:5]
        raise ValueError(Errors.L426.format(path=path, width=width, seen=seen))
    return _Columns(order, word, tags, width)


def _tag_columns(path: Path, columns: list[list[str]], n_rows: int) -> list[int]:
    """The column with tags; none if there is none."""
    found = []
    for i, cells in enumerate(columns):
        is_tag = [cell for cell in cells if _TAG.fullmatch(cell)]
        labels = {tag[2:] for tag in is_tag} - {""}
        if is_tag and 2 * len(is_tag) >= n_rows and not (labels and labels <= _PHRASES):
            found.append(i)
    if len(found) > 1:
        seen = "; ".join(f"{i + 1}: {' '.join(sorted(set(columns[i]))[:6])}" for i in found)
        options = " ".join(f"--tag-column {i + 1}" for i in found)
        raise ValueError(Errors.L425.format(path=path, seen=seen, first=found[0] + 1, options=options))
    return found


def _counts_words(sentences: list[list[str]]) -> bool:
    """Whether a column numbers the words, of each sentence or on and on."""
    numbers = [[cell for cell in cells if not _NO_WORD.fullmatch(cell)] for cells in sentences]
    if not all(cell.isdecimal() for cells in numbers for cell in cells):
        return False
    steps = [int(b) - int(a) for cells in numbers for a, b in pairwise(cells)]
    return bool(steps) and set(steps) == {1}


def _no_words(sentences: list[list[str]]) -> bool:
    """Whether a column is rather numbers or names of sentences: only digits, or one value in each sentence."""
    long = [cells for cells in sentences if len(cells) > 1]
    return bool(long) and (
        all(cell.isdecimal() for cells in long for cell in cells)
        or all(len(list(groupby(cells))) == 1 for cells in long)
    )


# --- tags ----------------------------------------------------------------------------------


def _mentions(sentences: list[list[str]]) -> Iterator[Mention]:
    """Entities from tags. One that goes on with nothing before it begins an entity; none crosses a sentence."""
    offset = 0
    for tags in sentences:
        start, label = 0, ""
        for i, tag in enumerate([*tags, "O"]):
            kind, name = tag[0], tag[2:]
            if label and not (kind in _GOES_ON and name == label):
                yield Mention(offset + start, offset + i, label)
                label = ""
            if not label:
                start, label = i, name
            if label and kind in _ENDS:
                yield Mention(offset + start, offset + i + 1, label)
                label = ""
        offset += len(tags)
