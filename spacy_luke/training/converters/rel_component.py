"""The data of spaCy's relation tutorial: its Prodigy annotations, and the `.spacy` files that it makes of them.

https://github.com/explosion/projects/tree/v3/tutorials/rel_component
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin

from ...annotation import RELATIONS_LOOKED_FOR, write_relations
from ...errors import Errors
from .files import located, read_records
from .place import docs_from
from .prodigy import read_prodigy
from .records import DOCUMENT, Conversion, Record

_REL = ("._.", "rel", None, None)  # where spaCy keeps doc._.rel
_ARTICLE = re.compile(r"(?:PMC|PMID)-?\d+")  # "BioNLP 2011 Genia Shared Task, PMC-1134658-00-TIAB.txt"
_HALF = 0.5  # from which probability on a relation holds


def convert_rel_component(path: Path, conversion: Conversion) -> Iterator[Doc]:
    """Convert the tutorial's annotations (`.jsonl`), or its corpus (`.spacy`).

    path (Path): The file.
    conversion (Conversion): How to do it.
    YIELDS (Doc): With entities and relations. The parts of one article belong together. In a corpus, the labels that
        `doc._.rel` has for any pair of a document are those that were looked for in it.
    RAISES (ValueError): If the file is neither.
    """
    if path.suffix == ".spacy":
        yield from _from_corpus(path, conversion)
    else:
        yield from docs_from(_read_annotations)(path, conversion)


def _read_annotations(path: Path, conversion: Conversion) -> Iterator[Record]:
    sources: dict[str, str] = {}
    for _, row in read_records(path):
        if isinstance(row, dict) and isinstance(row.get("meta"), dict):
            sources.setdefault(str(row.get("text")), str(row["meta"].get("source", "")))
    for record in read_prodigy(path, conversion):
        source = sources.get(record.text, "")
        article = _ARTICLE.search(source)
        record.group = article[0] if article else source
        yield record


def _from_corpus(path: Path, conversion: Conversion) -> Iterator[Doc]:
    try:
        docs = list(DocBin().from_disk(path).get_docs(conversion.nlp.vocab))
    except Exception as error:  # whatever msgpack and zlib raise
        raise ValueError(Errors.L670.format(path=path, found=repr(error))) from error
    if not any(_REL in doc.user_data for doc in docs):
        raise ValueError(Errors.L670.format(path=path, found="no document has doc._.rel"))
    for number, doc in enumerate(docs, start=1):
        with located(path, f"document {number}"):
            rel: Mapping[Any, Any] | None = doc.user_data.pop(_REL, None)
            if rel is not None:
                _relate(doc, rel, path, number, conversion)
            doc.user_data.setdefault(DOCUMENT, f"{path.name} {number}")
        yield doc


def _relate(doc: Doc, rel: Mapping[Any, Any], path: Path, number: int, conversion: Conversion) -> None:
    """`doc._.rel` maps the first tokens of two entities to labels with probabilities."""
    starts = {ent.start: ent for ent in doc.ents}
    found, labels = [], set()
    for (head, tail), scores in rel.items():
        labels.update(scores)
        holds = [label for label, score in scores.items() if score >= _HALF]
        if holds and not (head in starts and tail in starts):
            told = f"{', '.join(holds)} of the tokens {head} and {tail}"
            conversion.losses.add("left out: relation to what is no entity", path, f"document {number}", told)
            continue
        found += [(starts[head], starts[tail], label) for label in holds]
    write_relations(doc, found)
    doc.user_data[RELATIONS_LOOKED_FOR] = sorted(labels)
