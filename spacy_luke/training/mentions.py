"""Gold documents as questions: their mentions, and copies with nothing to read off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..annotation import EntityGetter
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


def lacks_mentions(entities: EntityGetter, predicted: Doc, gold: Doc) -> bool:
    """Whether a pipe that finds no entities was given none to answer about, as spaCy's corpus reader gives none. Where
    an earlier component has looked for entities, what it missed is missed.

    entities (EntityGetter): Gives the mentions that the pipe reads.
    predicted (Doc): The predicted document.
    gold (Doc): The gold document.
    RETURNS (bool): Whether it lacks them.
    """
    mentions = entities(gold)
    if not mentions or entities(predicted):
        return False
    return _of_group(mentions, gold) or not predicted.has_annotation("ENT_IOB")


def with_mentions(entities: EntityGetter, predicted: Doc, gold: Doc) -> Doc:
    """A copy of a predicted document to read again, with the gold mentions: its tokens, or the gold ones where its own
    would cut a mention, and its sentences.

    entities (EntityGetter): Gives the mentions that the pipe reads: of `doc.ents`, or of groups in `doc.spans`.
    predicted (Doc): The predicted document.
    gold (Doc): The gold document.
    RETURNS (Doc): The copy, with nothing else of either document.
    """
    mentions = entities(gold)
    spans = [*gold.ents, *mentions]
    cut = predicted.text == gold.text and any(placed(predicted, span) is None for span in spans)
    tokens, starts = gold if cut else predicted, {token.idx for token in predicted if token.is_sent_start}
    sentences = [token.idx in starts for token in tokens] if predicted.has_annotation("SENT_START") else None
    doc = Doc(
        predicted.vocab,
        words=[token.text for token in tokens],
        spaces=[bool(token.whitespace_) for token in tokens],
        sent_starts=sentences,
    )
    doc.ents = _all_placed(doc, gold.ents)
    if _of_group(mentions, gold):
        asked = set(mentions)
        for key, group in gold.spans.items():
            if not asked.isdisjoint(group):
                doc.spans[key] = _all_placed(doc, group)
    return doc


def read_again(
    annotate: Callable[[Iterable[Doc]], Iterable[Doc]],
    examples: Sequence[Example],
    given: Sequence[Doc | None],
) -> list[Example]:
    """Read other documents in place of predicted ones.

    annotate (Callable[[Iterable[Doc]], Iterable[Doc]]): Annotates documents in place, and leaves out those that fail.
    examples (Sequence[Example]): The examples.
    given (Sequence[Doc | None]): What to read in place of each one's predicted document; None to keep that.
    RETURNS (list[Example]): The examples with what was read; without those that can't be read.
    """
    read = {id(doc) for doc in annotate(doc for doc in given if doc is not None)}
    pairs = zip(given, examples, strict=True)
    return [
        eg if doc is None else Example(doc, eg.reference)
        for doc, eg in pairs
        if doc is None or id(doc) in read
    ]


def _of_group(mentions: Iterable[Span], doc: Doc) -> bool:
    """Whether mentions come from a span group, not from `doc.ents`."""
    entities = {(ent.start, ent.end, ent.label) for ent in doc.ents}
    return any((span.start, span.end, span.label) not in entities for span in mentions)


def placed(doc: Doc, span: Span) -> Span | None:
    """doc (Doc): A document. span (Span): A span of another one with the same text.
    RETURNS (Span | None): The same span of the document; None if its tokens cut it."""
    return doc.char_span(
        span.start_char, span.end_char, label=span.label_, kb_id=span.kb_id_, span_id=span.id_
    )


def _all_placed(doc: Doc, spans: Iterable[Span]) -> list[Span]:
    return [there for span in spans if (there := placed(doc, span)) is not None]


def _copy(doc: Doc, span: Span) -> Span:
    return Span(doc, span.start, span.end, span.label_, kb_id=span.kb_id_, span_id=span.id_)
