"""From published data and annotation tools' files to a `.spacy` file that trains."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc, DocBin

from ..errors import Errors, Warnings
from ..files import read_json, replacing
from ..training.converters.docred import count_labels
from ..training.converters.formats import AUTO, FORMATS, guess
from ..training.converters.jsonl import FIELDS
from ..training.converters.labels import read_label_map, rename
from ..training.converters.records import ALIGN, UNITS, Conversion, Losses
from ..training.converters.split import parse_shares, split_docs

NAMED_BY_ID = {"docred": "rel_info.json", "fewrel": "pid2name.json"}
_OTHER_FIELDS = ("triples", "layer")  # of the formats that have their own
_DEFAULTS = {"align": "expand", "offsets": "auto"}


@dataclass
class Converted:
    """What was made.

    files (dict[Path, list[Doc]]): The documents of each file that was written.
    guesses (dict[Path, str]): The formats that were guessed.
    losses (Losses): What was left out or changed.
    """

    files: dict[Path, list[Doc]]
    guesses: dict[Path, str] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)


@dataclass
class Options:
    """Options of a conversion; None where the user didn't say.

    names (Path | None): JSON file with the names of relations by id, for the formats of `NAMED_BY_ID`. Without it,
        DocRED's documents count as never annotated with relations.
    word_column (int | None), tag_columns (Sequence[int]): Columns of a CoNLL file; see `convert_conll`.
    align (str | None): See `Conversion`.
    offsets (str | None): See `Conversion`.
    fields (Sequence[str]): NAME=PATH, see `read_jsonl`.
    label_map (Path | None): See `read_label_map`.
    split (str | None): Shares; see `parse_shares`.
    seed (int): For the split.
    problems (Path | None): CSV file for everything that was left out or changed.
    """

    names: Path | None = None
    word_column: int | None = None
    tag_columns: Sequence[int] = ()
    align: str | None = None
    offsets: str | None = None
    fields: Sequence[str] = ()
    label_map: Path | None = None
    split: str | None = None
    seed: int = 0
    problems: Path | None = None


def convert(format_: str, sources: Sequence[Path], target: Path, lang: str, options: Options) -> Converted:
    """Convert files.

    format_ (str): One of `FORMATS`, or "auto" to guess it for each file.
    sources (Sequence[Path]): The files.
    target (Path): `.spacy` file to write; its folder is made where it doesn't exist. With a split, the parts are
        beside it: `corpus.spacy` becomes `corpus-train.spacy` and so on; a folder gets `train.spacy` and so on.
    lang (str): Language of the tokenizer, for formats that hold text.
    options (Options): Further options.
    RETURNS (Converted): What was made.
    RAISES (ValueError): If there is no such format, a file isn't of it, or an option is missing or of no use.
    """
    for path in (*sources, options.names, options.label_map):
        if path is not None and not path.exists():
            raise ValueError(Errors.L512.format(path=path))
    shares = None if options.split is None else parse_shares(options.split)
    if target.suffix != ".spacy" and (shares is None or target.suffix):
        raise ValueError(Errors.L513.format(path=target))
    if format_ not in (*FORMATS, AUTO):
        raise ValueError(Errors.L507.format(value=format_, allowed=", ".join((*FORMATS, AUTO))))
    formats = {path: guess(path) if format_ == AUTO else format_ for path in sources}
    for path, name in formats.items():
        _check(name, path, options)
    label_map = None if options.label_map is None else read_label_map(options.label_map)
    conversion = Conversion(
        spacy.blank(lang),
        options.align or _DEFAULTS["align"],
        options.offsets or _DEFAULTS["offsets"],
        {
            "names": None if options.names is None else read_json(options.names),
            "word_column": options.word_column,
            "tag_columns": options.tag_columns,
            "fields": _fields(options.fields),
        },
    )
    docs: list[Doc] = []
    for path, name in formats.items():
        found = list(FORMATS[name].convert(path, conversion))
        if not found:
            raise ValueError(Errors.L510.format(path=path, format=name, found="no document"))
        if name == "docred" and options.names is None and (n_labels := count_labels(path)):
            warnings.warn(Warnings.W501.format(path=path, n=n_labels), stacklevel=2)
        if label_map is not None:
            for doc in found:
                rename(doc, label_map, conversion.losses, str(path))
        docs += found
    if label_map is not None and (unused := label_map.unused()):
        told = {"labels": ", ".join(map(repr, unused)), "path": ", ".join(map(str, sources))}
        warnings.warn(Warnings.W621.format(**told), stacklevel=2)
    files = {target: docs}
    if shares is not None:
        parts = split_docs(docs, shares, options.seed)
        files = {_part(target, part): chosen for part, chosen in parts.items()}
    _write(files)
    if options.problems is not None:
        _write_problems(options.problems, conversion.losses)
    guesses = formats if format_ == AUTO else {}
    return Converted(files, guesses, conversion.losses)


def _check(name: str, path: Path, options: Options) -> None:
    given = {
        "columns": options.word_column is not None or bool(options.tag_columns),
        "align": options.align is not None,
        "offsets": options.offsets is not None,
        "fields": bool(options.fields),
    }
    if given["columns"] and name != "conll":
        raise ValueError(Errors.L518.format(format=name))
    if options.names is None and name == "fewrel":
        raise ValueError(Errors.L508.format(format=name, example=NAMED_BY_ID[name]))
    if options.names is not None and name not in NAMED_BY_ID:
        raise ValueError(Errors.L509.format(format=name, allowed=" and ".join(NAMED_BY_ID)))
    if path.is_dir() and name != "brat":
        raise ValueError(Errors.L512.format(path=path))
    for option, is_given in given.items():
        if is_given and option not in FORMATS[name].options.split():
            allowed = ", ".join(n for n, known in FORMATS.items() if option in known.options.split())
            raise ValueError(
                Errors.L661.format(
                    option="field" if option == "fields" else option, allowed=allowed, format=name
                )
            )
    for option, value, allowed_values in (
        ("align", options.align, ALIGN),
        ("offsets", options.offsets, UNITS),
    ):
        if value is not None and value not in allowed_values:
            allowed = ", ".join(allowed_values)
            raise ValueError(Errors.L665.format(name=f"--{option}", allowed=allowed, value=value))


def _fields(given: Sequence[str]) -> Mapping[str, str]:
    allowed = (*FIELDS, *_OTHER_FIELDS)
    found = dict(one.partition("=")[::2] for one in given)
    for one, (name, path) in zip(given, found.items(), strict=False):
        if name not in allowed or not path:
            raise ValueError(Errors.L666.format(allowed=", ".join(allowed), value=one))
    return found


def _part(target: Path, part: str) -> Path:
    return target.with_name(f"{target.stem}-{part}.spacy") if target.suffix else target / f"{part}.spacy"


def _write(files: Mapping[Path, Sequence[Doc]]) -> None:
    """All files lie in one folder, and take their places together."""
    folder = next(iter(files)).parent
    with replacing(folder) as fresh:
        for path, docs in files.items():
            DocBin(docs=docs, store_user_data=True).to_disk(fresh / path.name)


def _write_problems(path: Path, losses: Losses) -> None:
    rows: list[Any] = [("what", "file", "place", "detail"), *losses]
    with (
        replacing(path.parent) as folder,
        (folder / path.name).open("w", encoding="utf8", newline="") as file,
    ):
        csv.writer(file).writerows(rows)
