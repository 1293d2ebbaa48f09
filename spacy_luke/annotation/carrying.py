"""Annotation carried to another document: to a part of the same text, to several texts joined, to a variant."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy.tokens import Doc, Span, Token

from ..errors import Errors, Warnings
from .kinds import KINDS
from .moving import Place
from .relations import ENTITIES_LOOKED_FOR, RELATIONS_LOOKED_FOR, has_relations
from .store import KEY, store, stored


def transfer_annotation(source: Doc, target: Doc, place: Place) -> None:
    """Replace what is stored for one document by what another has, at other places.

    What has no place in the target is left out, and so are the pairs and facts that need it. Unknown kinds, which a
    later version stored, are left out too, because nothing here says where they belong.

    source (Doc): The annotated document; not changed.
    target (Doc): The document to annotate.
    place (Callable[[int, int], tuple[int, int] | None]): Character offsets in the target for those of a span
        in the source, or None where it is not there.
    """
    store(target, _moved(source, place))


def _moved(source: Doc, place: Place) -> dict[str, Any]:
    tables = stored(source).items()
    return {name: KINDS[name].moving.move(table, place) for name, table in tables if name in KINDS}


def span_as_doc(span: Span) -> Doc:
    """Copy a part of a document to a document of its own, with entities, span groups and all that is stored.

    Unlike `Span.as_doc`, which drops span groups and cannot know our offsets.

    span (Span): The part, e.g. a sentence.
    RETURNS (Doc): The copy. Where relations were never annotated, they still count as never annotated.
    """
    doc = span.as_doc()
    doc.user_data.update(_plain_data(span.doc))
    for name, group in span.doc.spans.items():
        inside = [member for member in group if span.start <= member.start and member.end <= span.end]
        doc.spans[name] = [_copy(doc, m, m.start - span.start, m.end - span.start) for m in inside]

    def place(start: int, end: int) -> tuple[int, int] | None:
        inside = span.start_char <= start and end <= span.end_char
        return (start - span.start_char, end - span.start_char) if inside else None

    transfer_annotation(span.doc, doc, place)
    return doc


def join_docs(docs: Sequence[Doc], ensure_whitespace: bool = True) -> Doc:
    """Join documents to one, with entities, span groups and all that is stored.

    Unlike `Doc.from_docs`, which drops annotation of whole documents and cannot know our offsets. Facts of the same
    names are one. What can't be joined, such as two different questions, is left out and told.

    docs (Sequence[Doc]): The documents, of one vocabulary; not changed.
    ensure_whitespace (bool): Put a space between two documents if there is no whitespace.
    RETURNS (Doc): The joined document.
    RAISES (ValueError): If there are no documents.
    """
    if not docs:
        raise ValueError(Errors.L441)
    with warnings.catch_warnings():  # of what stands in user_data: that is joined here
        warnings.filterwarnings("ignore", message=r"\[W102\] Skipping unsupported user data .[^(]")
        joined = Doc.from_docs(list(docs), ensure_whitespace=ensure_whitespace)
    tables, first = dict[str, list[Any]](), 0
    for doc in docs:
        for name, table in _moved(doc, _shifted(joined[first].idx if len(doc) else 0)).items():
            tables.setdefault(name, []).append(table)
        first += len(doc)
    whole = {name: KINDS[name].moving.join(parts) for name, parts in tables.items()}
    data, differing = _join_data(docs)
    joined.user_data.update(data)
    store(joined, {name: table for name, table in whole.items() if table is not None})
    left_out = differing + [KINDS[name].attribute for name, table in whole.items() if table is None]
    if left_out:
        warnings.warn(Warnings.W403.format(names=", ".join(left_out)), stacklevel=2)
    unknown = sum(len(doc) > 0 and not has_relations(doc) for doc in docs)
    if has_relations(joined) and unknown:
        warnings.warn(Warnings.W404.format(n=unknown, total=len(docs)), stacklevel=2)
    return joined


def _shifted(by: int) -> Place:
    return lambda start, end: (start + by, end + by)


def _join_data(docs: Sequence[Doc]) -> tuple[dict[str, Any], list[str]]:
    """User data under names: what all that have it have alike, and the names of the rest. Of labels that were looked
    for, those that were looked for in all documents."""
    joined, differing = dict[str, Any](), list[str]()
    every = [_plain_data(doc) for doc in docs]
    for name in dict.fromkeys(name for data in every for name in data):
        values = [data[name] for data in every if name in data]
        if name in (ENTITIES_LOOKED_FOR, RELATIONS_LOOKED_FOR):
            joined[name] = sorted(set.intersection(*map(set, values)))
        elif all(repr(value) == repr(values[0]) for value in values):  # arrays have no plain equality
            joined[name] = values[0]
        else:
            differing.append(f"user_data[{name!r}]")
    return joined, differing


def _plain_data(doc: Doc) -> dict[str, Any]:
    """What users keep in `user_data`, beside the extensions of spaCy."""
    return {k: v for k, v in doc.user_data.items() if isinstance(k, str) and k != KEY}


def carry_over(source: Doc, target: Doc) -> None:
    """Carry entities, sentences and all that is stored over to a variant of a document, word by word.

    source (Doc): The annotated document.
    target (Doc): A variant with as many words, e.g. lower-cased or with other whitespace.
    RAISES (ValueError): If the numbers of words differ.
    """
    ours = [token for token in source if not token.is_space]
    theirs = [token for token in target if not token.is_space]
    if len(ours) != len(theirs):
        raise ValueError(Errors.L435.format(got=len(theirs), expected=len(ours), text=target[:10].text))
    index = {token.i: other for token, other in zip(ours, theirs, strict=True)}

    def tokens(span: Span) -> tuple[int, int]:
        words = [index[token.i].i for token in span if token.i in index]
        return (words[0], words[-1] + 1) if words else (0, 0)

    def place(start: int, end: int) -> tuple[int, int] | None:
        first, last = tokens(source.char_span(start, end, alignment_mode="expand"))
        return (target[first:last].start_char, target[first:last].end_char) if first < last else None

    def moved(spans: Iterable[Span]) -> list[Span]:
        places = [(span, *tokens(span)) for span in spans]
        return [_copy(target, span, first, last) for span, first, last in places if first < last]

    if source.has_annotation("ENT_IOB"):
        unknown = [target[other.i : other.i + 1] for i, other in index.items() if not source[i].ent_iob]
        target.set_ents(moved(source.ents), missing=unknown, default="outside")
    for name, group in source.spans.items():
        target.spans[name] = moved(group)
    if source.has_annotation("SENT_START") and not target.has_annotation("SENT_START"):
        _carry_sentences(source, index)
    target.user_data.update(_plain_data(source))
    transfer_annotation(source, target, place)


def _carry_sentences(source: Doc, index: Mapping[int, Token]) -> None:
    """Where a sentence begins with whitespace, its first word begins it in the variant."""
    begins = False
    for token in source:
        begins = begins or token.is_sent_start is True
        if token.i in index:
            index[token.i].is_sent_start = True if begins else token.is_sent_start
            begins = False


def _copy(doc: Doc, span: Span, start: int, end: int) -> Span:
    return Span(doc, start, end, span.label_, kb_id=span.kb_id_, span_id=span.id_)
