"""FewRel: one relation a sentence, with the tokens of head and tail.

Han et al., 2018, https://aclanthology.org/D18-1514
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...annotation import write_relations
from ...errors import Warnings
from ...files import read_json
from ...types import Relation
from .build import Mention, build_doc
from .files import located

LABEL = "ENTITY"


def convert_fewrel(path: str | Path, vocab: Vocab, names: Mapping[str, Any]) -> Iterator[Doc]:
    """Convert sentences by relation. A warning tells which relations were left out.

    path (str | Path): A `.json` or `.json.xz` file: {property id: [{"tokens", "h", "t"}, ...]}.
    vocab (Vocab): The vocabulary of the documents.
    names (Mapping[str, list[str] | str]): Name and description, or the name alone, by property id, as in
        `pid2name.json`. Relations that it does not name are left out.
    YIELDS (Doc): With the two entities, label "ENTITY", `kb_id_` of Wikidata, and one relation for each pair
        of their mentions.
    """
    rows_by_id = read_json(path)
    with located(path, "the whole file"):
        unnamed = {id_: len(rows) for id_, rows in rows_by_id.items() if id_ not in names}
    for id_, rows in rows_by_id.items():
        for number, row in enumerate(rows if id_ in names else (), start=1):
            with located(path, f"sentence {number} of {id_}"):
                name = names[id_]
                doc = _doc(row, vocab, name if isinstance(name, str) else name[0], id_)
            yield doc
    if unnamed:
        found = f"{sum(unnamed.values())} sentences of relations without a name ({', '.join(unnamed)})"
        warnings.warn(Warnings.W405.format(path=path, found=found), stacklevel=2)


def _doc(row: Mapping[str, Any], vocab: Vocab, label: str, id_: str) -> Doc:
    mentions = [
        Mention(tokens[0], tokens[-1] + 1, LABEL, role, kb_id)
        for role in ("h", "t")
        for _, kb_id, places in [row[role]]
        for tokens in places
    ]
    doc, spans = build_doc(vocab, [row["tokens"]], mentions)
    heads, tails = ([span for span in spans if span.id_ == role] for role in ("h", "t"))
    write_relations(doc, [Relation(head, tail, label, 1.0, id_) for head in heads for tail in tails])
    return doc
