"""Gold documents as questions: their mentions, and copies with nothing to read off."""

from __future__ import annotations

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .converters.build import NESTED


def all_mentions(doc: Doc) -> list[Span]:
    """RETURNS (list[Span]): The gold mentions of a document by position, also what converters found nested in them."""
    mentions = [*doc.ents, *doc.spans.get(NESTED, ())]
    return sorted(mentions, key=lambda span: (span.start, span.end, span.id_))


def given_tokens(vocab: Vocab, gold: Doc, *, mentions: bool) -> Doc:
    """A copy of a gold document to predict on: its tokens and sentences, its mentions if asked for, no relations.

    vocab (Vocab): The vocabulary of the pipeline.
    gold (Doc): The gold document.
    mentions (bool): Whether the copy has the gold mentions; without them, entities count as never annotated.
    RETURNS (Doc): The copy.
    """
    doc = Doc(
        vocab,
        words=[token.text for token in gold],
        spaces=[bool(token.whitespace_) for token in gold],
        sent_starts=[token.is_sent_start for token in gold],
    )
    if mentions:
        doc.set_ents([_copy(doc, span) for span in gold.ents], default="outside")
        if NESTED in gold.spans:
            doc.spans[NESTED] = [_copy(doc, span) for span in gold.spans[NESTED]]
    return doc


def _copy(doc: Doc, span: Span) -> Span:
    return Span(doc, span.start, span.end, span.label_, kb_id=span.kb_id_, span_id=span.id_)
