"""From published data formats to a `.spacy` file that trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..annotation import read_relations, read_unsure
from ..errors import Errors
from ..training.converters.conll import convert_conll
from ..training.converters.docred import convert_docred
from ..training.converters.fewrel import convert_fewrel
from ..training.converters.files import read_json
from ..training.converters.knowledgenet import convert_knowledgenet
from ..training.converters.semeval import convert_semeval
from ..training.converters.wikilinks import convert_wikilinks

# (the file, a pipeline for its tokenizer and vocabulary, the names of relations by id) -> documents
FORMATS: dict[str, Callable[[Path, Language, Any], Iterator[Doc]]] = {
    "conll": lambda path, nlp, _: convert_conll(path, nlp.vocab),
    "docred": lambda path, nlp, names: convert_docred(path, nlp.vocab, names),
    "fewrel": lambda path, nlp, names: convert_fewrel(path, nlp.vocab, names),
    "knowledgenet": lambda path, nlp, _: convert_knowledgenet(path, nlp.make_doc),
    "semeval": lambda path, nlp, _: convert_semeval(path, nlp.make_doc),
    "wikilinks": lambda path, nlp, _: convert_wikilinks(path, nlp.make_doc),
}
NAMED_BY_ID = {"docred": "rel_info.json", "fewrel": "pid2name.json"}


def convert(format_: str, source: Path, target: Path, names: Path | None, lang: str) -> dict[str, int]:
    """Convert a file.

    format_ (str): One of `FORMATS`.
    source (Path): The file.
    target (Path): `.spacy` file to write; its folder is made where it doesn't exist.
    names (Path | None): JSON file with the names of relations by id, for the formats of `NAMED_BY_ID`. Without it,
        DocRED's documents count as never annotated with relations.
    lang (str): Language of the tokenizer, for formats that hold text.
    RETURNS (dict[str, int]): How many documents, entities and relations were written, and unsure relations if any.
    RAISES (ValueError): If there is no such format, the file isn't of it, or names are missing or of no use.
    """
    _check(format_, source, target, names)
    nlp = spacy.blank(lang)
    try:
        docs = list(FORMATS[format_](source, nlp, None if names is None else read_json(names)))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(Errors.L510.format(path=source, format=format_, found=repr(error))) from error
    if not docs:
        raise ValueError(Errors.L510.format(path=source, format=format_, found="no document"))
    target.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs, store_user_data=True).to_disk(target)
    counts = {
        "documents": len(docs),
        "entities": sum(len(doc.ents) for doc in docs),
        "relations": sum(len(read_relations(doc)) for doc in docs),
    }
    unsure = sum(len(read_unsure(doc)) for doc in docs)
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
