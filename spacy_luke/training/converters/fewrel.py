"""FewRel: one relation a sentence, with the tokens of head and tail.

Han et al., 2018, https://aclanthology.org/D18-1514
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...annotation import write_relations
from ...types import Relation
from .build import Mention, build_doc
from .files import read_json

LABEL = "ENTITY"


def convert_fewrel(path: str | Path, vocab: Vocab, names: Mapping[str, Any]) -> Iterator[Doc]:
    """Convert sentences by relation.

    path (str | Path): A `.json` or `.json.xz` file: {property id: [{"tokens", "h", "t"}, ...]}.
    vocab (Vocab): The vocabulary of the documents.
    names (Mapping[str, list[str] | str]): Name and description, or the name alone, by property id, as in
        `pid2name.json`. Relations that it does not name are left out.
    YIELDS (Doc): With the two entities, label "ENTITY", `kb_id_` of Wikidata, and one relation for each pair
        of their mentions.
    """
    for id_, rows in read_json(path).items():
        for row in rows if id_ in names else ():
            name = names[id_]
            yield _doc(row, vocab, name if isinstance(name, str) else name[0], id_)


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
