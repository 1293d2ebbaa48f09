"""Annotation carried to another document: to a part of the same text, or to an augmented variant."""

from __future__ import annotations

from spacy.tokens import Doc, Span

from ..errors import Errors
from .kinds import KINDS
from .moving import Place
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
    tables = stored(source).items()
    store(target, {name: KINDS[name].move(table, place) for name, table in tables if name in KINDS})


def span_as_doc(span: Span) -> Doc:
    """Copy a part of a document to a document of its own, with entities, span groups and all that is stored.

    Unlike `Span.as_doc`, which drops span groups and cannot know our offsets.

    span (Span): The part, e.g. a sentence.
    RETURNS (Doc): The copy. Where relations were never annotated, they still count as never annotated.
    """
    doc = span.as_doc()
    doc.user_data.update({k: v for k, v in span.doc.user_data.items() if isinstance(k, str) and k != KEY})
    for name, group in span.doc.spans.items():
        inside = [member for member in group if span.start <= member.start and member.end <= span.end]
        doc.spans[name] = [_copy(doc, m, m.start - span.start, m.end - span.start) for m in inside]

    def place(start: int, end: int) -> tuple[int, int] | None:
        inside = span.start_char <= start and end <= span.end_char
        return (start - span.start_char, end - span.start_char) if inside else None

    transfer_annotation(span.doc, doc, place)
    return doc


def carry_over(source: Doc, target: Doc) -> None:
    """Carry entities and all that is stored over to a variant of a document, word by word.

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

    moved = [(ent, *tokens(ent)) for ent in source.ents]
    ents = [_copy(target, ent, first, last) for ent, first, last in moved if first < last]
    missing = [target[index[t.i].i : index[t.i].i + 1] for t in ours if t.ent_iob == 0]
    target.set_ents(ents, missing=missing)
    transfer_annotation(source, target, place)


def _copy(doc: Doc, span: Span, start: int, end: int) -> Span:
    return Span(doc, start, end, span.label_, kb_id=span.kb_id_, span_id=span.id_)
