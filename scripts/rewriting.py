"""Other words in the place of some tokens; the annotation moves along."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

from spacy.tokens import Doc, Span

from spacy_luke.annotation import (
    KEY,
    get_relations,
    get_unsure,
    has_relations,
    write_relations,
    write_unsure,
)
from spacy_luke.training.converters.build import NESTED


class Words(NamedTuple):
    """What stands in the place of tokens.

    words (tuple[str, ...]): The tokens.
    spaces (tuple[bool, ...]): Whether a space follows each; of the last one it doesn't matter.
    """

    words: tuple[str, ...]
    spaces: tuple[bool, ...]


def rewrite(doc: Doc, new: Mapping[int, Words | None]) -> Doc:
    """Write a document with other words in it.

    doc (Doc): The document.
    new (Mapping[int, Words | None]): By token, what stands in its place; None if what stands in the place of a token
        before it stands in its place too. An entity is replaced whole or not at all.
    RETURNS (Doc): With all that the document is annotated with, at its new places.
    """
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool | None] = []
    lengths = []
    for token in doc:
        part = new.get(token.i, Words((token.text,), (bool(token.whitespace_),)))
        lengths.append(0 if part is None else len(part.words))
        if part is None:
            if words:
                spaces[-1] = bool(token.whitespace_)
            continue
        words += part.words
        spaces += [*part.spaces[:-1], bool(token.whitespace_)]
        starts += [token.is_sent_start, *[False] * (len(part.words) - 1)]
    places = [0, *accumulate(lengths)]
    written = Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts)

    def moved(span: Span) -> Span:
        place = places[span.start], places[span.end]
        return Span(written, *place, span.label_, kb_id=span.kb_id_, span_id=span.id_)

    missing = [written[places[t.i] : places[t.i + 1]] for t in doc if t.ent_iob == 0]
    written.set_ents([moved(span) for span in doc.ents], missing=missing, default="outside")
    if NESTED in doc.spans:
        written.spans[NESTED] = [moved(span) for span in doc.spans[NESTED]]
    written.user_data.update({k: v for k, v in doc.user_data.items() if isinstance(k, str) and k != KEY})
    if has_relations(doc):
        for read, write in ((get_relations, write_relations), (get_unsure, write_unsure)):
            write(written, [r._replace(head=moved(r.head), tail=moved(r.tail)) for r in read(doc)])
    return written
