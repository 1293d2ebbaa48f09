"""Short and mixed texts from whole documents.

A model that has only read documents about one topic each, full of related entities, takes nearness for relation.
Runs of sentences from several documents, put into one text, show it what people also write: short texts, and entities
side by side that have nothing to do with each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from spacy.tokens import Doc, Span

from spacy_luke.annotation import (
    get_relations,
    get_unsure,
    span_as_doc,
    write_relations,
    write_unsure,
)
from spacy_luke.training.converters.build import NESTED
from spacy_luke.types import Relation

# How often a text is made of one, two or three documents, and how many sentences each of them gives.
PARTS = (1, 1, 2, 2, 3)
SENTENCES = (1, 1, 2, 2, 3, 4)


def mixed_texts(docs: Sequence[Doc], n: int, seed: int = 0) -> Iterator[Doc]:
    """Make texts out of runs of sentences from one to three documents.

    docs (Sequence[Doc]): At least three documents with sentences, entities and relations.
    n (int): How many texts.
    seed (int): Of the choice.
    YIELDS (Doc): The texts. No text states anything of entities of different parts.
    """
    choose = random.Random(seed)
    for _ in range(n):
        parts = choose.sample(docs, choose.choice(PARTS))
        yield join([_run(doc, choose) for doc in parts])


def join(parts: Sequence[Doc]) -> Doc:
    """Put parts of documents behind each other.

    parts (Sequence[Doc]): The parts, of one vocabulary.
    RETURNS (Doc): One document; entities of different parts stay apart by `id_`. What only the whole document tells
        of two entities isn't known to be told here.
    """
    doc = Doc(
        parts[0].vocab,
        words=[token.text for part in parts for token in part],
        spaces=[
            bool(token.whitespace_) or (token.i == len(part) - 1 and part is not parts[-1])
            for part in parts
            for token in part
        ],
        sent_starts=[token.is_sent_start for part in parts for token in part],
    )
    offset = 0
    nested: list[Span] = []
    relations: list[Relation] = []
    unsure: list[Relation] = []
    for number, part in enumerate(parts):

        def moved(span: Span, number: int = number, offset: int = offset) -> Span:
            name = f"{number}:{span.id_}" if span.id_ else ""
            return Span(
                doc, span.start + offset, span.end + offset, span.label_, kb_id=span.kb_id_, span_id=name
            )

        doc.ents = [*doc.ents, *map(moved, part.ents)]
        nested += map(moved, part.spans.get(NESTED, ()))
        relations += _at(moved, get_relations(part))
        unsure += [relation._replace(score=0.0) for relation in _at(moved, get_unsure(part))]
        offset += len(part)
    if nested:
        doc.spans[NESTED] = nested
    write_relations(doc, relations)
    write_unsure(doc, unsure or None)
    return doc


def _at(moved: Callable[[Span], Span], relations: Sequence[Relation]) -> list[Relation]:
    return [relation._replace(head=moved(relation.head), tail=moved(relation.tail)) for relation in relations]


def _run(doc: Doc, choose: random.Random) -> Doc:
    sentences = list(doc.sents)
    start = choose.randrange(len(sentences))
    last = min(start + choose.choice(SENTENCES), len(sentences)) - 1
    return span_as_doc(doc[sentences[start].start : sentences[last].end])
