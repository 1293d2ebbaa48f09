"""DocRED's format, also that of Re-DocRED, DocIE and DocRED-HWE: tokens, clustered mentions, relations.

Yao et al., 2019, https://aclanthology.org/P19-1074; Tan et al., 2022, https://aclanthology.org/2022.emnlp-main.580
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...annotation import write_relations, write_unsure
from ...types import Relation
from .build import Mention, build_doc
from .files import read_json

Names = Mapping[str, str]

# Relations that say the same with head and tail in the other order, so that the evidence of one is that of the other.
_PAIRS_OF_INVERSES = """P26 P26, P3373 P3373, P190 P190, P155 P156, P1365 P1366, P36 P1376, P355 P749, P131 P150,
P361 P527, P179 P527, P710 P1344, P22 P40, P25 P40, P674 P1441, P800 P50, P800 P57, P800 P58, P800 P86, P800 P162,
P800 P170, P800 P175, P800 P676"""
INVERSES: dict[str, set[str]] = {}
for _pair in _PAIRS_OF_INVERSES.split(","):
    for _one, _other in zip(_pair.split(), reversed(_pair.split()), strict=True):
        INVERSES.setdefault(_one, set()).add(_other)


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
    RETURNS (Doc): Its spans carry the entity as `id_` ("e3"). A relation of two entities is stated of those of
        their mentions whose sentences are evidence for it, or for its inverse; for other mentions it is unsure. If
        no relation of the record has evidence, all are stated. The title is in `doc.user_data["title"]`.
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
        _relate(doc, record, spans, relation_names)
    return doc


def _relate(doc: Doc, record: Mapping[str, Any], spans: Iterable[Span], names: Names) -> None:
    clusters: dict[str, list[Span]] = {}
    for span in spans:
        clusters.setdefault(span.id_, []).append(span)
    evidence: dict[tuple[int, int, str], set[int]] = {}
    for row in record.get("labels", ()):
        evidence.setdefault((row["h"], row["t"], row["r"]), set()).update(row.get("evidence", ()))
    lengths = (sum(bool(word.strip()) for word in sentence) for sentence in record["sents"])
    starts = [0, *accumulate(lengths)]  # in tokens of the document, which has no blank ones
    stated: list[Relation] = []
    unsure: list[Relation] = []
    for head, tail, id_ in sorted(key for key in evidence if key[0] != key[1]):
        lent = (evidence.get((tail, head, inverse), set()) for inverse in INVERSES.get(id_, ()))
        told = evidence[head, tail, id_].union(*lent)
        for pair in product(clusters.get(f"e{head}", []), clusters.get(f"e{tail}", [])):
            here = {bisect(starts, span.start) - 1 for span in pair} <= told
            (stated if here else unsure).append(Relation(*pair, names[id_], 1.0, id_))
    if not any(evidence.values()):
        stated, unsure = [*stated, *unsure], []
    write_relations(doc, stated)
    write_unsure(doc, unsure or None)
