"""The one entry of `doc.user_data` that holds all that this package knows about a document, as plain data.

Offsets in characters, strings, floats and one float32 array: nothing that DocBin, `Doc.to_bytes`, pickle or another
process could lose. Objects (`Span`, `Relation`, `Fact`) are rebuilt on reading. Readers accept lists for tuples and
read-only arrays, because that is what comes back from bytes.

The entry is replaced on every write and never changed in place: `Span.as_doc(copy_user_data=True)` makes shallow
copies that share its contents.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from spacy.tokens import Doc, Span, Token

from ..errors import Warnings

KEY = "spacy_luke"

Table = dict[str, Any]


def stored(doc: Doc) -> Table:
    """All that is stored, by kind (see `kinds`). An entry that was made for another text counts as none.

    doc (Doc): The document.
    RETURNS (dict[str, Any]): Tables that must not be changed in place.
    """
    entry: Table = doc.user_data.get(KEY) or {}
    if entry and entry["n_chars"] != _n_chars(doc):
        warnings.warn(Warnings.W401.format(stored=entry["n_chars"], length=_n_chars(doc)), stacklevel=4)
        return {}
    return {kind: table for kind, table in entry.items() if kind != "n_chars"}


def store(doc: Doc, tables: Table) -> None:
    """Replace all that is stored.

    doc (Doc): The document.
    tables (dict[str, Any]): What to store, by kind, as `stored` gives it; an empty one forgets everything.
    """
    if tables:
        doc.user_data[KEY] = {**tables, "n_chars": _n_chars(doc)}
    else:
        doc.user_data.pop(KEY, None)


def _n_chars(doc: Doc) -> int:
    """Characters up to the end of the last token: cheap, and equal for every tokenization of one text."""
    return doc[-1].idx + len(doc[-1]) if len(doc) else 0


def get_kind(doc: Doc, kind: str) -> Any:
    """RETURNS (Any): What is stored of one kind, or None."""
    return stored(doc).get(kind)


def write_kind(doc: Doc, kind: str, table: Any) -> None:
    """Store one kind, or forget it where the table is None. The other kinds stay."""
    tables = {k: v for k, v in stored(doc).items() if k != kind}
    store(doc, tables if table is None else {**tables, kind: table})


# Kinds that say something of spans or tokens have a row for each.


def row_key(part: Span | Token) -> str:
    """The place in characters, and a span's label, which keeps twins apart. A string: bytes make lists of tuples."""
    if isinstance(part, Token):
        return f"{part.idx}:{part.idx + len(part)}:"
    return f"{part.start_char}:{part.end_char}:{part.label_}"


def find_key(part: Span | Token, rows: Mapping[str, Any]) -> str | None:
    """Find the row of a span or token. An entity that got another label since keeps its row, if no other stands at
    its place.

    part (Span | Token): The span or token.
    rows (Mapping[str, Any]): Rows by `row_key`.
    RETURNS (str | None): The key of its row; None if it has none.
    """
    key = row_key(part)
    if key in rows or isinstance(part, Token):
        return key if key in rows else None
    place = f"{part.start_char}:{part.end_char}:"
    there = [other for other in rows if other.startswith(place)]
    if len(there) != 1:
        return None
    groups = (part.doc.ents, *part.doc.spans.values())
    members = (member for group in groups for member in group if member.label != part.label)
    alone = not any((member.start, member.end) == (part.start, part.end) for member in members)
    return there[0] if alone else None


def get_row(part: Span | Token, kind: str) -> Any:
    """RETURNS (Any): What is stored of one span or token, or None."""
    rows = get_kind(part.doc, kind) or {}
    key = find_key(part, rows)
    return None if key is None else rows[key]


def write_row(part: Span | Token, kind: str, value: Any) -> None:
    """Store the row of one span or token beside those of the others; None forgets it."""
    rows = {k: v for k, v in (get_kind(part.doc, kind) or {}).items() if k != row_key(part)}
    if value is not None:
        rows[row_key(part)] = value
    write_kind(part.doc, kind, rows or None)
