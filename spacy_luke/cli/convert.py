"""From published data formats to a `.spacy` file that trains."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..annotation import get_relations, get_unsure
from ..errors import Errors, Warnings
from ..files import read_json, replacing
from ..training.converters.conll import convert_conll
from ..training.converters.docred import convert_docred, count_labels
from ..training.converters.fewrel import convert_fewrel
from ..training.converters.knowledgenet import convert_knowledgenet
from ..training.converters.semeval import convert_semeval
from ..training.converters.wikilinks import convert_wikilinks

# (the file, a pipeline for its tokenizer and vocabulary, names of relations by id and columns) -> documents
FORMATS: dict[str, Callable[[Path, Language, dict[str, Any]], Iterator[Doc]]] = {
    "conll": lambda path, nlp, o: convert_conll(path, nlp.vocab, o["word_column"], o["tag_columns"]),
    "docred": lambda path, nlp, o: convert_docred(path, nlp.vocab, o["names"]),
    "fewrel": lambda path, nlp, o: convert_fewrel(path, nlp.vocab, o["names"]),
    "knowledgenet": lambda path, nlp, _: convert_knowledgenet(path, nlp.make_doc),
    "semeval": lambda path, nlp, _: convert_semeval(path, nlp.make_doc),
    "wikilinks": lambda path, nlp, _: convert_wikilinks(path, nlp.make_doc),
}
NAMED_BY_ID = {"docred": "rel_info.json", "fewrel": "pid2name.json"}


def convert(
    format_: str,
    source: Path,
    target: Path,
    names: Path | None,
    lang: str,
    word_column: int | None = None,
    tag_columns: Sequence[int] = (),
) -> dict[str, int]:
    """Convert a file.

    format_ (str): One of `FORMATS`.
    source (Path): The file.
    target (Path): `.spacy` file to write; its folder is made where it doesn't exist.
    names (Path | None): JSON file with the names of relations by id, for the formats of `NAMED_BY_ID`. Without it,
        DocRED's documents count as never annotated with relations.
    lang (str): Language of the tokenizer, for formats that hold text.
    word_column (int | None), tag_columns (Sequence[int]): Columns of a CoNLL file; see `convert_conll`.
    RETURNS (dict[str, int]): How many documents, entities and relations were written, and unsure relations if any.
    RAISES (ValueError): If there is no such format, the file isn't of it, or names are missing or of no use.
    """
    _check(format_, source, target, names)
    columns = {"word_column": word_column, "tag_columns": tag_columns}
    if format_ != "conll" and any(columns.values()):
        raise ValueError(Errors.L518.format(format=format_))
    nlp = spacy.blank(lang)
    options = {"names": None if names is None else read_json(names), **columns}
    docs = list(FORMATS[format_](source, nlp, options))
    if not docs:
        raise ValueError(Errors.L510.format(path=source, format=format_, found="no document"))
    if format_ == "docred" and names is None and (n_labels := count_labels(source)):
        warnings.warn(Warnings.W501.format(path=source, n=n_labels), stacklevel=2)
    with replacing(target.parent) as folder:
        DocBin(docs=docs, store_user_data=True).to_disk(folder / target.name)
    counts = {
        "documents": len(docs),
        "entities": sum(len(doc.ents) for doc in docs),
        "relations": sum(len(get_relations(doc)) for doc in docs),
    }
    unsure = sum(len(get_unsure(doc)) for doc in docs)
    return {**counts, "unsure relations": unsure} if unsure else counts


def _check(format_: str, source: Path, target: Path, names: Path | None) -> None:
    if format_ not in FORMATS:
        raise ValueError(Errors.L507.format(value=format_, allowed=", ".join(FORMATS)))
    if names is None and format_ == "fewrel":
        raise ValueError(Errors.L508.format(format=format_, example=NAMED_BY_ID[format_]))
    if names is not None and format_ not in NAMED_BY_ID:
        raise ValueError(Errors.L509.format(format=format_, allowed=" and ".join(NAMED_BY_ID)))
    for path in (source, names):
        if path is not None and not path.is_file():
            raise ValueError(Errors.L512.format(path=path))
    if target.suffix != ".spacy":
        raise ValueError(Errors.L513.format(path=target))
