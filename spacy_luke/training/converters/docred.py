"""DocRED's format, also that of Re-DocRED, DocIE and DocRED-HWE: tokens, clustered mentions, relations.

Yao et al., 2019, https://aclanthology.org/P19-1074; Tan et al., 2022, https://aclanthology.org/2022.emnlp-main.580
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...annotation import write_relations
from ...types import Relation
from .build import Mention, build_doc
from .files import read_json

Names = Mapping[str, str]


def convert_docred(path: str | Path, vocab: Vocab, relation_names: Names | None = None) -> Iterator[Doc]:
    """Convert a file of DocRED's format.

    path (str | Path): A `.json` or `.json.xz` file.
    vocab (Vocab): The vocabulary of the documents.
    relation_names (Mapping[str, str] | None): Relation names by property id, as in `rel_info.json`. None
        leaves relations never annotated, as it should be where their annotation is incomplete.
    YIELDS (Doc): One a record, see `docred_doc`.
    """
    for record in read_json(path):
        yield docred_doc(record, vocab, relation_names)


def docred_doc(record: Mapping[str, Any], vocab: Vocab, relation_names: Names | None = None) -> Doc:
    """Convert one record.

    record (Mapping[str, Any]): "title", "sents", "vertexSet" and, for relations, "labels".
    vocab (Vocab): The vocabulary of the document.
    relation_names (Mapping[str, str] | None): See `convert_docred`.
    RETURNS (Doc): Its spans carry the entity as `id_` ("e3"); a relation of two entities holds for all pairs
        of their mentions. The title is in `doc.user_data["title"]`.
    """
    offsets = [0, *accumulate(map(len, record["sents"]))]
    mentions = []
    for i, entity in enumerate(record["vertexSet"]):
        for mention in entity:
            start, end = (offsets[mention["sent_id"]] + place for place in mention["pos"])
            mentions.append(Mention(start, end, mention["type"], f"e{i}"))
    doc, spans = build_doc(vocab, record["sents"], mentions)
    doc.user_data["title"] = record["title"]
    if relation_names is not None:
        write_relations(doc, _relations(record.get("labels", []), spans, relation_names))
    return doc


def _relations(
    labels: Iterable[Mapping[str, Any]], spans: Iterable[Span], names: Names
) -> Iterator[Relation]:
    clusters: dict[str, list[Span]] = {}
    for span in spans:
        clusters.setdefault(span.id_, []).append(span)
    for head, tail, id_ in sorted({(row["h"], row["t"], row["r"]) for row in labels if row["h"] != row["t"]}):
        for pair in product(clusters.get(f"e{head}", []), clusters.get(f"e{tail}", [])):
            yield Relation(*pair, names[id_], 1.0, id_)
