"""From tokens, sentences and labelled token ranges to a Doc."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .spacing import natural_spaces

NESTED = "luke_nested"


class Mention(NamedTuple):
    """A labelled range of tokens, counted over the document's sentences as they are given.

    start (int): First token.
    end (int): One past the last.
    label (str): Entity type.
    cluster (str): Name of the entity, e.g. "e3", shared by all its mentions, or "".
    """

    start: int
    end: int
    label: str
    cluster: str = ""


def build_doc(
    vocab: Vocab, sentences: Sequence[Sequence[str]], mentions: Iterable[Mention]
) -> tuple[Doc, list[Span]]:
    """Make a Doc with sentence starts, natural spacing and entities.

    Whitespace tokens are left out: text that people write has none. Of overlapping mentions the longest goes
    to `doc.ents`, the others to `doc.spans["luke_nested"]`; an entity has one mention at a place.

    vocab (Vocab): The vocabulary.
    sentences (Sequence[Sequence[str]]): The tokens of each sentence.
    mentions (Iterable[Mention]): The entities' mentions, in any order.
    RETURNS (tuple[Doc, list[Span]]): The document and all its spans in order, the cluster as `span.id_`.
    """
    kept: list[int] = [0]  # how many tokens are kept before each given one
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool] = []
    for sentence in sentences:
        clean = [word.strip() for word in sentence]
        for word in clean:
            kept.append(kept[-1] + bool(word))
        clean = [word for word in clean if word]
        words += clean
        spaces += natural_spaces(clean)
        starts += [i == 0 for i in range(len(clean))]
    if spaces:
        spaces[-1] = False
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=starts)
    moved = {m._replace(start=kept[m.start], end=kept[m.end]) for m in mentions}
    spans = _once(
        Span(doc, m.start, m.end, m.label, span_id=m.cluster) for m in sorted(moved) if m.start < m.end
    )
    _set_entities(doc, spans)
    return doc, spans


def _once(spans: Iterable[Span]) -> list[Span]:
    """One span for each place and cluster; an entity annotated twice at one place keeps its first label."""
    return list({(span.start, span.end, span.id_): span for span in reversed(list(spans))}.values())[::-1]


def _set_entities(doc: Doc, spans: list[Span]) -> None:
    taken: set[int] = set()
    ents: list[Span] = []
    nested: list[Span] = []
    for span in sorted(spans, key=lambda span: (-len(span), span.start)):
        tokens = range(span.start, span.end)
        (nested if taken.intersection(tokens) else ents).append(span)
        taken.update(tokens)
    doc.ents = ents
    if nested:
        doc.spans[NESTED] = sorted(nested, key=lambda span: (span.start, span.end))
