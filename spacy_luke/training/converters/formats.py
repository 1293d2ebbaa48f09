"""The table of formats: how each is read, which options it takes, and by what its files are recognized."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ...errors import Errors
from ...files import read_lines, read_text
from .brat import read_brat
from .conll import convert_conll
from .doccano import read_doccano
from .docred import convert_docred
from .fewrel import convert_fewrel
from .jsonl import read_jsonl
from .knowledgenet import convert_knowledgenet
from .labelstudio import read_labelstudio
from .place import docs_from
from .prodigy import read_prodigy
from .records import Conversion
from .rel_component import convert_rel_component
from .semeval import convert_semeval
from .spert import read_spert
from .squad import read_squad
from .tacred import read_tacred
from .triples import read_triples
from .ufet import read_ufet
from .webanno import read_webanno
from .wikilinks import convert_wikilinks

AUTO = "auto"
_ROWS = 20  # how many rows of a file a guess looks at
_MARKS = re.compile(r"<e1>.*</e1>")
_TAG = re.compile(r"O|[BIELMSUW][-_]\S+")


class Sample:
    """The beginning of a file, by which its format is guessed.

    path (Path): The file or folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def content(self) -> Any:
        """RETURNS (Any): All of a JSON file, or a list of the first rows of one with a value a line; None if it is
        neither."""
        if self.path.is_dir() or self.path.suffix == ".spacy":
            return None
        rows = []
        try:
            for _, line in islice(read_lines(self.path), _ROWS):
                rows.append(json.loads(line))
        except ValueError:
            try:
                return json.loads(read_text(self.path))
            except ValueError:
                return None
        return rows[0] if len(rows) == 1 and isinstance(rows[0], list) else rows

    @cached_property
    def keys(self) -> set[str]:
        """RETURNS (set[str]): Fields of the first rows, those of all of them together."""
        rows = self.content if isinstance(self.content, list) else [self.content]
        return {key for row in rows[:_ROWS] if isinstance(row, dict) for key in row}

    @cached_property
    def lines(self) -> list[str]:
        """RETURNS (list[str]): The first lines that aren't blank."""
        if self.path.is_dir() or self.path.suffix == ".spacy":
            return []
        return [line for _, line in islice(read_lines(self.path), _ROWS)]

    def has(self, *needed: str) -> bool:
        """RETURNS (bool): Whether rows have all of these fields, each of which may be one of several: "a|b"."""
        return bool(self.keys) and all(self.keys.intersection(names.split("|")) for names in needed)


class Format(NamedTuple):
    """A format.

    convert (Callable): From a file and how to convert it to Docs.
    options (str): Options that only some formats take, which it takes.
    recognized (Callable): Whether a file's beginning is of it.
    by (str): By what it is recognized, for the message.
    """

    convert: Callable[[Path, Conversion], Iterable[Doc]]
    options: str
    recognized: Callable[[Sample], bool]
    by: str


def _conll(path: Path, conversion: Conversion) -> Iterator[Doc]:
    options = conversion.options
    vocab = conversion.nlp.vocab
    return convert_conll(path, vocab, options.get("word_column"), options.get("tag_columns") or ())


def _is_fewrel(sample: Sample) -> bool:
    one = (
        sample.content[0] if isinstance(sample.content, list) and len(sample.content) == 1 else sample.content
    )
    rows = next(iter(one.values()), None) if isinstance(one, dict) else None
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and {"h", "t"} <= set(rows[0])


def _is_conll(sample: Sample) -> bool:
    """Whether most lines that aren't comments have a tag behind a word."""
    rows = [line.split() for line in sample.lines if not line.startswith("#")]
    tagged = sum(any(map(_TAG.fullmatch, cells[1:])) for cells in rows)
    return not sample.keys and bool(tagged) and 2 * tagged > len(rows)


_OF_TEXTS = "align offsets"

# In the order in which a guess tries them.
FORMATS: dict[str, Format] = {
    "docred": Format(
        lambda path, c: convert_docred(path, c.nlp.vocab, c.options.get("names")),
        "names",
        lambda s: s.has("sents", "vertexSet"),
        'the fields "sents" and "vertexSet"',
    ),
    "fewrel": Format(
        lambda path, c: convert_fewrel(path, c.nlp.vocab, c.options["names"]),
        "names",
        _is_fewrel,
        'rows with "h" and "t", by relation',
    ),
    "knowledgenet": Format(
        lambda path, c: convert_knowledgenet(path, c.tokenizer),
        "",
        lambda s: s.has("property", "subject", "object", "text"),
        'the fields "property", "subject" and "object"',
    ),
    "semeval": Format(
        lambda path, c: convert_semeval(path, c.tokenizer),
        "",
        lambda s: any(map(_MARKS.search, s.lines)),
        "sentences with <e1>",
    ),
    "wikilinks": Format(
        lambda path, c: convert_wikilinks(path, c.tokenizer),
        "",
        lambda s: s.has("title", "pars"),
        'the fields "title" and "pars"',
    ),
    "prodigy": Format(
        docs_from(read_prodigy),
        _OF_TEXTS,
        lambda s: s.has("text", "spans|_input_hash|answer"),
        'the fields "text" and "spans", or "answer"',
    ),
    "rel_component": Format(
        convert_rel_component,
        _OF_TEXTS,
        lambda s: s.path.suffix == ".spacy",
        "its ending .spacy",
    ),
    "spert": Format(
        docs_from(read_spert),
        "",
        lambda s: s.has("tokens", "entities") or s.has("sentences", "ner"),
        'the fields "tokens" and "entities", or "sentences" and "ner"',
    ),
    "brat": Format(
        docs_from(read_brat),
        _OF_TEXTS,
        lambda s: s.path.suffix == ".ann" or (s.path.is_dir() and any(s.path.rglob("*.ann"))),
        "files with the ending .ann",
    ),
    "labelstudio": Format(
        docs_from(read_labelstudio),
        f"{_OF_TEXTS} fields",
        lambda s: s.has("data", "annotations|completions") or s.has("annotation_id", "lead_time"),
        'the fields "data" and "annotations"',
    ),
    "tacred": Format(
        docs_from(read_tacred),
        "",
        lambda s: s.has("token", "subj_start", "obj_start"),
        'the fields "token", "subj_start" and "obj_start"',
    ),
    "triples": Format(
        docs_from(read_triples),
        f"{_OF_TEXTS} fields",
        lambda s: s.has("triples|triplets|decoder_output") or s.has("sent", "rel_label"),
        'the field "triples", or "sent" and "rel_label"',
    ),
    "squad": Format(
        docs_from(read_squad),
        _OF_TEXTS,
        lambda s: s.has("data") and "paragraphs" in str(s.content)[:10_000],
        'the fields "data" and "paragraphs"',
    ),
    "ufet": Format(
        docs_from(read_ufet),
        _OF_TEXTS,
        lambda s: s.has("mention_span", "y_str") or s.has("sent", "labels", "start", "end"),
        'the fields "mention_span" and "y_str", or "sent" and "labels"',
    ),
    "webanno": Format(
        docs_from(read_webanno),
        "align fields",
        lambda s: s.lines[:1] != [] and s.lines[0].startswith("#FORMAT=WebAnno TSV 3"),
        "its first line",
    ),
    "doccano": Format(
        docs_from(read_doccano),
        _OF_TEXTS,
        lambda s: s.has("text|data", "label|labels") or (s.has("text", "entities") and _has_offsets(s)),
        'the fields "text" and "label", or "entities" with "start_offset"',
    ),
    "jsonl": Format(
        docs_from(read_jsonl),
        f"{_OF_TEXTS} fields",
        lambda s: s.has("text|tokens", "entities"),
        'the fields "text" and "entities"',
    ),
    "conll": Format(
        _conll,
        "columns",
        _is_conll,
        "columns with tags such as B-PER and O",
    ),
}


def _has_offsets(sample: Sample) -> bool:
    rows = sample.content if isinstance(sample.content, list) else []
    entities = [one for row in rows if isinstance(row, dict) for one in row.get("entities") or ()]
    return any(isinstance(one, dict) and "start_offset" in one for one in entities)


def guess(path: Path) -> str:
    """path (Path): A file or folder. RETURNS (str): Its format. RAISES (ValueError): If it looks like none."""
    sample = Sample(path)
    for name, format_ in FORMATS.items():
        if format_.recognized(sample):
            return name
    found = (
        f"fields: {', '.join(sorted(sample.keys))}" if sample.keys else f"it begins with {sample.lines[:1]}"
    )
    raise ValueError(Errors.L656.format(path=path, found=found))
