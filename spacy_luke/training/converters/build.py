"""From tokens or text with labelled ranges to a Doc."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.util import filter_spans
from spacy.vocab import Vocab

from ...errors import Errors
from .spacing import natural_spaces

DocAndSpans = tuple[Doc, list[Span]]

NESTED = "luke_nested"


class Mention(NamedTuple):
    """A labelled range of tokens, counted over the document's sentences as they are given, or of characters.

    start (int): First token, or character.
    end (int): One past the last.
    label (str): Entity type.
    cluster (str): Name of the entity, e.g. "e3", shared by all its mentions, or "".
    kb_id (str): Identifier of the entity in a knowledge base, e.g. "Q7186", or "".
    """

    start: int
    end: int
    label: str
    cluster: str = ""
    kb_id: str = ""


def build_doc(vocab: Vocab, sentences: Sequence[Sequence[str]], mentions: Iterable[Mention]) -> DocAndSpans:
    """Make a Doc with sentence starts, natural spacing and entities.

    Whitespace tokens are left out: text that people write has none. See `set_mentions`.

    vocab (Vocab): The vocabulary.
    sentences (Sequence[Sequence[str]]): The tokens of each sentence.
    mentions (Iterable[Mention]): The entities' mentions, in any order.
    RETURNS (tuple[Doc, list[Span]]): The document and all its spans in order, the cluster as `span.id_`.
    RAISES (ValueError): If a mention isn't within the document.
    """
    mentions = list(mentions)
    _check(mentions, sum(map(len, sentences)), "tokens")
    # How many tokens are kept before each given one.
    kept = list(accumulate((bool(word.strip()) for sentence in sentences for word in sentence), initial=0))
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool] = []
    for sentence in sentences:
        clean = [word.strip() for word in sentence if word.strip()]
        words += clean
        spaces += natural_spaces(clean)
        starts += [i == 0 for i in range(len(clean))]
    if spaces:
        spaces[-1] = False
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=starts)
    spans = [
        Span(doc, kept[start], kept[end], label, kb_id=kb_id, span_id=cluster)
        for start, end, label, cluster, kb_id in mentions
    ]
    return doc, set_mentions(doc, spans)


def build_text_doc(tokenizer: Callable[[str], Doc], text: str, mentions: Iterable[Mention]) -> DocAndSpans:
    """Make a Doc of a text, with entities. A mention that the tokenizer would cut gets the whole tokens.

    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    text (str): The text.
    mentions (Iterable[Mention]): The entities' mentions, in characters.
    RETURNS (tuple[Doc, list[Span]]): The document and all its spans in order, the cluster as `span.id_`.
    RAISES (ValueError): If a mention isn't within the text.
    """
    mentions = list(mentions)
    _check(mentions, len(text), "characters")
    doc = tokenizer(text)
    spans = [
        doc.char_span(start, end, label, kb_id=kb_id, span_id=cluster, alignment_mode="expand")
        for start, end, label, cluster, kb_id in mentions
    ]
    return doc, set_mentions(doc, spans)


def _check(mentions: Iterable[Mention], length: int, unit: str) -> None:
    for mention in mentions:
        if not 0 <= mention.start < mention.end <= length:
            what = f"the mention {mention.start} to {mention.end}"
            raise ValueError(Errors.L427.format(what=what, of=f"{length} {unit}"))


def set_mentions(doc: Doc, spans: Iterable[Span]) -> list[Span]:
    """Annotate a document with mentions that may overlap.

    Of overlapping mentions the longest goes to `doc.ents`, the others to `doc.spans["luke_nested"]`. An
    entity has one mention at a place, with the label that is first in the alphabet.

    doc (Doc): The document.
    spans (Iterable[Span]): The mentions; empty ones are left out.
    RETURNS (list[Span]): The mentions that were set, in order.
    """
    ordered = sorted((span for span in spans if len(span)), key=lambda s: (s.start, s.end, s.id_, s.label_))
    kept = [next(same) for _, same in groupby(ordered, key=lambda span: (span.start, span.end, span.id_))]
    doc.ents = filter_spans(kept)
    nested = [span for span in kept if span not in doc.ents]
    if nested:
        doc.spans[NESTED] = nested
    return kept
