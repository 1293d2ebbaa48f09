"""DocRED's format, also that of Re-DocRED, DocIE and DocRED-HWE: tokens, clustered mentions, relations.

Yao et al., 2019, https://aclanthology.org/P19-1074; Tan et al., 2022, https://aclanthology.org/2022.emnlp-main.580
"""

from __future__ import annotations

import warnings
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...annotation import write_relations, write_unsure
from ...errors import Errors, Warnings
from ...types import Relation
from .build import Mention, build_doc
from .files import located, read_records

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
    """Convert a file of DocRED's format. A warning tells what was left out.

    path (str | Path): A `.json` file with a list, or a `.jsonl` file; each may be compressed (`.xz`).
    vocab (Vocab): The vocabulary of the documents.
    relation_names (Mapping[str, str] | None): Relation names by property id, as in `rel_info.json`. None
        leaves relations never annotated, as it should be where their annotation is incomplete.
    YIELDS (Doc): One a record, see `docred_doc`.
    RAISES (ValueError): If a record lacks something, or an index or a relation doesn't fit; it says which.
    """
    left_out: Counter[str] = Counter()
    for place, record in read_records(path):
        with located(path, place):
            doc = docred_doc(record, vocab, relation_names, left_out)
        yield doc
    if left_out:
        found = ", ".join(f"{n} {what}" for what, n in left_out.items())
        warnings.warn(Warnings.W405.format(path=path, found=found), stacklevel=2)


def count_labels(path: str | Path) -> int:
    """path (str | Path): A file of DocRED's format. RETURNS (int): How many relations it has."""
    return sum(
        len(record.get("labels") or ()) for _, record in read_records(path) if isinstance(record, dict)
    )


def docred_doc(
    record: Mapping[str, Any],
    vocab: Vocab,
    relation_names: Names | None = None,
    left_out: Counter[str] | None = None,
) -> Doc:
    """Convert one record.

    record (Mapping[str, Any]): "sents", "vertexSet" and, for relations, "labels"; perhaps "title".
    vocab (Vocab): The vocabulary of the document.
    relation_names (Mapping[str, str] | None): See `convert_docred`.
    left_out (Counter[str] | None): What can't be used is counted there: mentions of whitespace, relations of them,
        and of an entity with itself.
    RETURNS (Doc): Its spans carry the entity as `id_` ("e3"). A relation of two entities is stated of those of
        their mentions whose sentences are evidence for it, or for its inverse; for other mentions it is unsure. If
        no relation of the record has evidence, all are stated. Relations count as never annotated if there are no
        "labels". The title is in `doc.user_data["title"]`.
    RAISES (ValueError): If an index or a relation doesn't fit.
    """
    left_out = Counter() if left_out is None else left_out
    sentences = record["sents"]
    mentions = [
        _mention(sentences, mention, f"e{i}")
        for i, entity in enumerate(record["vertexSet"])
        for mention in entity
    ]
    words = [word for sentence in sentences for word in sentence]
    blank = sum(not "".join(words[mention.start : mention.end]).strip() for mention in mentions)
    if blank:
        left_out["mentions that are whitespace"] += blank
    doc, spans = build_doc(vocab, sentences, mentions)
    doc.user_data["title"] = record.get("title", "")
    labels = record.get("labels")
    if relation_names is not None and labels is not None:
        _check_labels(labels, len(record["vertexSet"]), relation_names)
        _relate(doc, record, spans, relation_names, left_out)
    return doc


def _mention(sentences: Sequence[Sequence[str]], mention: Mapping[str, Any], cluster: str) -> Mention:
    sentence, (start, end) = mention["sent_id"], mention["pos"]
    if not 0 <= sentence < len(sentences):
        raise ValueError(Errors.L427.format(what=f"sent_id {sentence}", of=f"{len(sentences)} sentences"))
    if not 0 <= start < end <= len(sentences[sentence]):
        of = f"the {len(sentences[sentence])} tokens of sentence {sentence}"
        raise ValueError(Errors.L427.format(what=f"pos {start}, {end}", of=of))
    before = sum(map(len, sentences[:sentence]))
    return Mention(before + start, before + end, mention["type"], cluster)


def _check_labels(labels: Iterable[Mapping[str, Any]], n_entities: int, names: Names) -> None:
    for row in labels:
        for role in ("h", "t"):
            if not 0 <= row[role] < n_entities:
                raise ValueError(Errors.L427.format(what=f"{role} {row[role]}", of=f"{n_entities} entities"))
        if row["r"] not in names:
            raise ValueError(Errors.L428.format(relation=row["r"]))


def _relate(
    doc: Doc, record: Mapping[str, Any], spans: Iterable[Span], names: Names, left_out: Counter[str]
) -> None:
    clusters: dict[str, list[Span]] = {}
    for span in spans:
        clusters.setdefault(span.id_, []).append(span)
    evidence: dict[tuple[int, int, str], set[int]] = {}
    for row in record["labels"]:
        evidence.setdefault((row["h"], row["t"], row["r"]), set()).update(row.get("evidence") or ())
    lengths = (sum(bool(word.strip()) for word in sentence) for sentence in record["sents"])
    starts = [0, *accumulate(lengths)]  # in tokens of the document, which has no blank ones
    stated: list[Relation] = []
    unsure: list[Relation] = []
    for head, tail, id_ in sorted(evidence):
        lent = (evidence.get((tail, head, inverse), set()) for inverse in INVERSES.get(id_, ()))
        told = evidence[head, tail, id_].union(*lent)
        pairs = list(product(clusters.get(f"e{head}", []), clusters.get(f"e{tail}", [])))
        if head == tail:
            left_out["relations of an entity with itself"] += 1
        elif not pairs:
            left_out["relations of an entity without mentions"] += 1
        else:
            for pair in pairs:
                here = {bisect(starts, span.start) - 1 for span in pair} <= told
                (stated if here else unsure).append(Relation(*pair, names[id_], 1.0, id_))
    if not any(evidence.values()):
        stated, unsure = [*stated, *unsure], []
    write_relations(doc, stated)
    write_unsure(doc, unsure or None)
