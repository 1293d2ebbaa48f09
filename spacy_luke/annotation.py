"""What this package knows about a document, stored as plain data in one entry of `doc.user_data`.

Character offsets, strings, floats and one float32 array: nothing that DocBin, `Doc.to_bytes`, pickle or
another process could lose. Objects (`Span`, `Relation`, `Fact`) are rebuilt on reading. Readers accept lists
for tuples and read-only arrays, because that is what comes back from bytes.

The entry is replaced on every write and never changed in place: `Span.as_doc(copy_user_data=True)` makes
shallow copies that share its contents.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from .annotation_checks import (
    FloatArray,
    check_iterable,
    check_label,
    check_labels,
    check_length,
    check_score,
    check_span,
    check_text,
    check_vectors,
)
from .errors import Errors, Warnings
from .facts import facts_from_relations as facts_from_relations
from .facts import normalize as normalize
from .types import Fact, Relation

KEY = "spacy_luke"
# A list of relations in `doc.user_data`: others were not looked for, so that gold doesn't say whether they hold.
RELATIONS_LOOKED_FOR = "luke_relations_looked_for"

Table = dict[str, Any]
MentionRow = tuple[int, int, str, str, str]
PairRow = tuple[MentionRow, MentionRow, str, float, str]
FactRow = tuple[str, str, str, float, str, Sequence[PairRow]]


# --- The entry ---------------------------------------------------------------------------


def _n_chars(doc: Doc) -> int:
    """Characters up to the end of the last token: cheap, and equal for every tokenization of one text."""
    return doc[-1].idx + len(doc[-1]) if len(doc) else 0


def stored(doc: Doc) -> Table:
    """All that is stored, by kind. An entry with offsets into another text counts as none.

    doc (Doc): The document.
    RETURNS (dict[str, Any]): Tables that must not be changed in place.
    """
    entry: Table = doc.user_data.get(KEY) or {}
    if entry and entry["n_chars"] != _n_chars(doc):
        warnings.warn(Warnings.W401.format(stored=entry["n_chars"], length=_n_chars(doc)), stacklevel=4)
        return {}
    return {kind: table for kind, table in entry.items() if kind != "n_chars"}


def _read(doc: Doc, kind: str) -> Any:
    return stored(doc).get(kind)


def store(doc: Doc, tables: Table) -> None:
    """Replace all that is stored.

    doc (Doc): The document.
    tables (dict[str, Any]): What to store, by kind, as `stored` gives it; an empty one forgets everything.
    """
    if tables:
        doc.user_data[KEY] = {**tables, "n_chars": _n_chars(doc)}
    else:
        doc.user_data.pop(KEY, None)


def _write(doc: Doc, kind: str, table: Any) -> None:
    """Store the table of one kind, or forget the kind where the table is None."""
    tables = {k: v for k, v in stored(doc).items() if k != kind}
    store(doc, tables if table is None else {**tables, kind: table})


# --- Spans: labels, best label, vector ---------------------------------------------------


def span_key(span: Span) -> str:
    """Under what a span's annotation is stored: a string, because bytes turn tuples into lists. The label keeps
    twins at one place apart.
    """
    return f"{span.start_char}:{span.end_char}:{span.label_}"


def write_entities(
    doc: Doc,
    spans: Sequence[Span],
    labels: Sequence[Mapping[str, float]] | None = None,
    best: Sequence[str] | None = None,
    vectors: Any = None,
) -> None:
    """Store what is known about spans, replacing for the whole document what was stored of the given kinds.

    doc (Doc): The document.
    spans (Sequence[Span]): Its spans, with the labels that they have in `doc.ents` or `doc.spans`.
    labels (Sequence[Mapping[str, float]] | None): Each span's labels with probabilities; None leaves them.
    best (Sequence[str] | None): Each span's label above threshold, or ""; None leaves them.
    vectors (np.ndarray | None): Shape: (len(spans), width), copied as float32; None leaves them.
    RAISES (TypeError, ValueError): On spans of another text, or where the lengths differ.
    """
    for span in spans:
        check_span(doc, span, "entity")
    keys = [span_key(span) for span in spans]
    tables: Table = {}
    if labels is not None:
        check_length(labels, "labels", len(keys))
        tables["labels"] = {key: check_labels(row) for key, row in zip(keys, labels, strict=True)}
    if best is not None:
        check_length(best, "best labels", len(keys))
        tables["best"] = {key: check_text(label, "label") for key, label in zip(keys, best, strict=True)}
    if vectors is not None:
        array = check_vectors(vectors, len(keys))
        tables["vectors"] = {"rows": {key: i for i, key in enumerate(keys)}, "array": array}
    for kind, table in tables.items():
        _write(doc, kind, table)


def _write_row(span: Span, kind: str, value: Any) -> None:
    """Store one span's value beside those of the others; None forgets it."""
    rows = {k: v for k, v in (_read(span.doc, kind) or {}).items() if k != span_key(span)}
    if value is not None:
        rows[span_key(span)] = value
    _write(span.doc, kind, rows or None)


def read_label(span: Span) -> str:
    """The label given to a span.

    span (Span): The span, with its label.
    RETURNS (str): The best label above threshold, or "" where there is none or nothing is known.
    """
    label: str = (_read(span.doc, "best") or {}).get(span_key(span), "")
    return label


def write_label(span: Span, label: str | None) -> None:
    """Store one span's label.

    span (Span): The span, with the label under which it will be found.
    label (str | None): The label; None removes it.
    """
    check_span(span.doc, span, "entity")
    _write_row(span, "best", None if label is None else check_text(label, "label"))


def has_labels(span: Span) -> bool:
    """Whether anybody stored labels for this span.

    span (Span): The span, with its label.
    RETURNS (bool): True after `{}` was assigned too: known to have no label.
    """
    return span_key(span) in (_read(span.doc, "labels") or {})


def read_labels(span: Span) -> dict[str, float]:
    """Every label of a span with its probability.

    span (Span): The span, with its label.
    RETURNS (dict[str, float]): A copy; empty where nothing is known.
    """
    return dict((_read(span.doc, "labels") or {}).get(span_key(span), {}))


def write_labels(span: Span, labels: Mapping[str, float] | None) -> None:
    """Store one span's labels.

    span (Span): The span, with the label under which it will be found.
    labels (Mapping[str, float] | None): Labels with probabilities, 1.0 for gold; None removes them.
    """
    check_span(span.doc, span, "entity")
    _write_row(span, "labels", None if labels is None else check_labels(labels))


def read_vector(span: Span) -> FloatArray | None:
    """A span's vector.

    span (Span): The span, with its label.
    RETURNS (np.ndarray | None): A float32 copy. Shape: (width,). None where nothing is known.
    """
    table = _read(span.doc, "vectors")
    if table is None or span_key(span) not in table["rows"]:
        return None
    return np.array(table["array"][table["rows"][span_key(span)]], dtype=np.float32)


def write_vector(span: Span, vector: Any) -> None:
    """Store one span's vector. For a whole document, `write_entities` writes one array at once.

    span (Span): The span, with the label under which it will be found.
    vector (np.ndarray | None): Shape: (width,), as wide as the document's other vectors; None removes it.
    """
    check_span(span.doc, span, "entity")
    table = _read(span.doc, "vectors") or {"rows": {}, "array": ()}
    others = {key: table["array"][row] for key, row in table["rows"].items() if key != span_key(span)}
    if vector is not None:
        others[span_key(span)] = check_vectors([vector], 1)[0]
    widths = {len(row) for row in others.values()}
    if len(widths) > 1:
        raise ValueError(Errors.L409.format(expected=len(others), shape=np.shape(vector)))
    rows = {key: i for i, key in enumerate(others)}
    _write(span.doc, "vectors", {"rows": rows, "array": np.stack(list(others.values()))} if others else None)


# --- Relations ---------------------------------------------------------------------------


def _check_relation(doc: Doc, value: Any) -> Relation:
    if not isinstance(value, (tuple, list)) or not 3 <= len(value) <= 5:
        raise TypeError(Errors.L405.format(type=type(value).__name__, value=value))
    head, tail, label, score, id_ = Relation(*value)
    check_span(doc, head, "head of a relation")
    check_span(doc, tail, "tail of a relation")
    check_label(label, "label of a relation")
    return Relation(
        head, tail, label, check_score(score, f"relation {label!r}"), check_text(id_, "id of a relation")
    )


def mention_row(span: Span) -> MentionRow:
    """span (Span): A mention. RETURNS (tuple): It as stored: characters, label, and ids in and of a knowledge base."""
    return span.start_char, span.end_char, span.label_, span.kb_id_, span.id_


def _pair_row(relation: Relation) -> PairRow:
    head, tail, label, score, id_ = relation
    return mention_row(head), mention_row(tail), label, score, id_


def _pair_table(pairs: Iterable[PairRow]) -> Table:
    """Mentions once each, pairs by their index: (head, tail, label, score, id). The rows are tuples, which the garbage
    collector lets go of; lists by the thousand make it go through all objects of the process again and again."""
    index: dict[MentionRow, int] = {}
    rows = [
        (index.setdefault(head, len(index)), index.setdefault(tail, len(index)), label, score, id_)
        for head, tail, label, score, id_ in pairs
    ]
    return {"spans": list(index), "pairs": rows}


def _fact_table(facts: Sequence[FactRow]) -> Table:
    """All pairs one after the other, and facts by where theirs are: (head, tail, label, score, id, start, end)."""
    rows, start = [], 0
    for *rest, pairs in facts:
        rows.append((*rest, start, start + len(pairs)))
        start += len(pairs)
    return {**_pair_table(pair for *_, pairs in facts for pair in pairs), "facts": rows}


def write_pairs(doc: Doc, relations: Sequence[PairRow], facts: Sequence[FactRow]) -> None:
    """Store relations and facts of mentions that were taken from this very document: thousands of them, unchecked.

    doc (Doc): The document.
    relations (Sequence[tuple]): Head and tail by `mention_row`, label, score, id.
    facts (Sequence[tuple]): Texts of head and tail, label, score, id, and the pairs that support it, best first.
    """
    tables = {k: v for k, v in stored(doc).items() if k not in ("relations", "facts")}
    store(doc, {**tables, "relations": _pair_table(relations), "facts": _fact_table(facts)})


def _read_pairs(doc: Doc, table: Table) -> tuple[Relation, ...]:
    spans = _find_spans(doc, table["spans"])
    return tuple(
        Relation(spans[h], spans[t], label, score, id_) for h, t, label, score, id_ in table["pairs"]
    )


def _find_spans(doc: Doc, stored: Iterable[Sequence[Any]]) -> list[Span]:
    """The document's own members where there are any: they may have been linked since. Others are rebuilt."""
    members: dict[tuple[int, int, str], list[Span]] = {}
    for group in (doc.ents, *doc.spans.values()):
        for span in group:
            members.setdefault((span.start_char, span.end_char, span.label_), []).append(span)
    return [_find_span(doc, members.get((s[0], s[1], s[2]), []), *s) for s in stored]


def _find_span(doc: Doc, members: list[Span], start: int, end: int, label: str, kb_id: str, id_: str) -> Span:
    for span in members:
        if span.kb_id_ == kb_id and span.id_ == id_:
            return span
    if members:
        return members[0]
    # "expand": a retokenizer may have merged the mention into a longer token since.
    return doc.char_span(start, end, label=label, kb_id=kb_id, span_id=id_, alignment_mode="expand")


def has_relations(doc: Doc) -> bool:
    """Whether relations were annotated, be it with none.

    doc (Doc): The document.
    RETURNS (bool): False where nobody ever assigned any: such a document neither trains nor scores.
    """
    return _read(doc, "relations") is not None


def read_relations(doc: Doc) -> tuple[Relation, ...]:
    """The document's relations.

    doc (Doc): The document.
    RETURNS (tuple[Relation, ...]): In the order in which they were assigned; empty if there are none.
    """
    table = _read(doc, "relations")
    return () if table is None else _read_pairs(doc, table)


def write_relations(doc: Doc, relations: Iterable[Relation | tuple[Any, ...]] | None) -> None:
    """Store the document's relations, replacing those of an earlier writer.

    doc (Doc): The document.
    relations (Iterable[Relation | tuple] | None): Relations, or tuples (head, tail, label[, score[, id]]),
        between spans of this document or of a copy with the same text. None: never annotated.
    RAISES (TypeError, ValueError): On anything else; what was stored stays then.
    """
    if relations is None:
        return _write(doc, "relations", None)
    checked = [_check_relation(doc, value) for value in check_iterable(relations, "Relations")]
    return _write(doc, "relations", _pair_table(map(_pair_row, checked)))


# --- Facts -------------------------------------------------------------------------------


def _check_fact(doc: Doc, value: Any) -> Fact:
    if not isinstance(value, (tuple, list)) or len(value) != 6 or not value[5]:
        raise TypeError(Errors.L410.format(type=type(value).__name__, value=value))
    head, tail, label, score, id_, pairs = value
    return Fact(
        check_label(head, "head of a fact"),
        check_label(tail, "tail of a fact"),
        check_label(label, "label of a fact"),
        check_score(score, f"fact {label!r}"),
        check_text(id_, "id of a fact"),
        tuple(_check_relation(doc, pair) for pair in check_iterable(pairs, "Relations")),
    )


def read_facts(doc: Doc) -> tuple[Fact, ...]:
    """The document's facts.

    doc (Doc): The document.
    RETURNS (tuple[Fact, ...]): In the order in which they were written; empty if there are none.
    """
    table = _read(doc, "facts")
    if table is None:
        return ()
    pairs = _read_pairs(doc, table)
    facts = []
    for head, tail, label, score, id_, start, end in table["facts"]:
        facts.append(Fact(head, tail, label, score, id_, pairs[start:end]))
    return tuple(facts)


def write_facts(doc: Doc, facts: Iterable[Fact] | None) -> None:
    """Store the document's facts, replacing those of an earlier writer.

    doc (Doc): The document.
    facts (Iterable[Fact] | None): Facts, each with the pairs that support it. None removes what is stored.
    RAISES (TypeError, ValueError): On anything else; what was stored stays then.
    """
    if facts is None:
        return _write(doc, "facts", None)
    checked = [_check_fact(doc, value) for value in check_iterable(facts, "Facts")]
    rows = [(*fact[:5], [_pair_row(pair) for pair in fact.pairs]) for fact in checked]
    return _write(doc, "facts", _fact_table(rows))
