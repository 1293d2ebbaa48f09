"""Given mentions as questions: the pairs of one sentence, and the types of all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

from spacy.tokens import Doc, Span

from spacy_luke.annotation import get_label
from spacy_luke.training.mentions import all_mentions


class Types(NamedTuple):
    """The types of one document's gold mentions.

    predicted (list[str]): The label given to each, "" for none.
    gold (list[str]): The right ones.
    """

    predicted: list[str]
    gold: list[str]


def type_answers(doc: Doc, gold: Doc) -> Types:
    """Types of given mentions.

    doc (Doc): The predicted document, given all gold mentions.
    gold (Doc): The gold document.
    RETURNS (Types): One answer a mention.
    """
    return Types(
        [get_label(span) for span in all_mentions(doc)], [span.label_ for span in all_mentions(gold)]
    )


def sentence_pairs(doc: Doc) -> Iterator[tuple[Span, Span]]:
    """All directed pairs of mentions that one sentence holds wholly.

    doc (Doc): A document with sentence boundaries.
    YIELDS (tuple[Span, Span]): Head and tail.
    """
    mentions = all_mentions(doc)
    for sentence in doc.sents:
        inside = [span for span in mentions if span.start >= sentence.start and span.end <= sentence.end]
        yield from permutations(inside, 2)
