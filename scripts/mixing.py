"""Short and mixed texts from whole documents.

A model that has only read documents about one topic each, full of related entities, takes nearness for relation.
Runs of sentences from several documents, put into one text, show it what people also write: short texts, and entities
side by side that have nothing to do with each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations

from spacy.tokens import Doc, Span

from spacy_luke.annotation import get_relations, normalize, span_as_doc, write_relations
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.mentions import all_mentions
from spacy_luke.types import Relation

# How often a text is made of one, two or three documents, and how many sentences each of them gives.
PARTS = (1, 1, 2, 2, 3)
SENTENCES = (1, 1, 2, 2, 3, 4)

Names = tuple[str, str]
Told = Mapping[Names, set[tuple[str, str]]]


def mixed_texts(docs: Sequence[Doc], n: int, seed: int = 0) -> Iterator[Doc]:
    """Make texts out of runs of sentences from one to three documents.

    docs (Sequence[Doc]): At least three documents with sentences, entities and relations.
    n (int): How many texts.
    seed (int): Of the choice.
    YIELDS (Doc): The texts. Entities of different parts are related only if some document relates their names.
    """
    choose = random.Random(seed)
    told = told_by_name(docs)
    for _ in range(n):
        parts = choose.sample(docs, choose.choice(PARTS))
        yield join([_run(doc, choose) for doc in parts], told)


def told_by_name(docs: Iterable[Doc]) -> dict[Names, set[tuple[str, str]]]:
    """What documents tell, by the names of head and tail.

    docs (Iterable[Doc]): Documents with relations.
    RETURNS (dict): Label and id of each relation by the normalized texts of its two mentions.
    """
    told: dict[Names, set[tuple[str, str]]] = {}
    for doc in docs:
        for head, tail, label, _, id_ in get_relations(doc):
            told.setdefault((normalize(head.text), normalize(tail.text)), set()).add((label, id_))
    return told


def join(parts: Sequence[Doc], told: Told) -> Doc:
    """Put documents behind each other.

    parts (Sequence[Doc]): The documents, of one vocabulary.
    told (Mapping): From `told_by_name`: relations between entities of different parts.
    RETURNS (Doc): One document; entities of different parts stay apart by `id_`.
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
    mentions: list[list[Span]] = []
    relations: list[Relation] = []
    for number, part in enumerate(parts):

        def moved(span: Span, number: int = number, offset: int = offset) -> Span:
            name = f"{number}:{span.id_}" if span.id_ else ""
            return Span(
                doc, span.start + offset, span.end + offset, span.label_, kb_id=span.kb_id_, span_id=name
            )

        doc.ents = [*doc.ents, *map(moved, part.ents)]
        mentions.append([moved(span) for span in all_mentions(part)])
        relations += [r._replace(head=moved(r.head), tail=moved(r.tail)) for r in get_relations(part)]
        offset += len(part)
    nested = [span for spans in mentions for span in spans if span not in doc.ents]
    if nested:
        doc.spans[NESTED] = nested
    write_relations(doc, [*relations, *_across(mentions, told)])
    return doc


def _across(mentions: Sequence[Sequence[Span]], told: Told) -> Iterator[Relation]:
    for heads, tails in permutations(mentions, 2):
        for head in heads:
            for tail in tails:
                for label, id_ in sorted(told.get((normalize(head.text), normalize(tail.text)), ())):
                    yield Relation(head, tail, label, 1.0, id_)


def _run(doc: Doc, choose: random.Random) -> Doc:
    sentences = list(doc.sents)
    start = choose.randrange(len(sentences))
    last = min(start + choose.choice(SENTENCES), len(sentences)) - 1
    return span_as_doc(doc[sentences[start].start : sentences[last].end])
