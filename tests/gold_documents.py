"""Gold documents with clusters, nested mentions and relations, and what a pipe might say of one."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc, Span

from spacy_luke.annotation import facts_from_relations, set_extensions, write_facts
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.mentions import all_mentions, given_tokens
from spacy_luke.types import Relation

set_extensions()
VOCAB = spacy.blank("en").vocab
#        0      1      2     3    4      5      6            7     8     9
WORDS = ["Ada", "left", "New", "York", ".", "She", "likes", "Bob", ".", "Ada", "stays", "."]
ADA, NEW_YORK, YORK, SHE, BOB, ADA_2 = (0, 1), (2, 4), (3, 4), (5, 6), (7, 8), (9, 10)


def gold() -> Doc:
    doc = Doc(VOCAB, words=WORDS, sent_starts=[i in (0, 5, 9) for i in range(len(WORDS))])
    doc.ents = [
        Span(doc, *place, label, span_id=cluster)
        for place, label, cluster in [
            (ADA, "PER", "ada"),
            (NEW_YORK, "LOC", "new york"),
            (SHE, "PER", "ada"),
            (BOB, "PER", "bob"),
            (ADA_2, "PER", "ada"),
        ]
    ]
    doc.spans[NESTED] = [Span(doc, *YORK, "LOC", span_id="york")]
    clusters: dict[str, list[Span]] = {}
    for span in all_mentions(doc):
        clusters.setdefault(span.id_, []).append(span)
    doc._.luke_relations = [
        (head, tail, label)
        for one, other, label in [("ada", "new york", "left"), ("ada", "bob", "likes")]
        for head in clusters[one]
        for tail in clusters[other]
    ]
    return doc


def relate(doc: Doc, *rows: tuple[tuple[int, int], tuple[int, int], str, float]) -> Doc:
    """Write the same rows as relations and as facts, as the pipe does with equal thresholds."""
    at = {(span.start, span.end): span for span in all_mentions(doc)}
    relations = [Relation(at[head], at[tail], label, score) for head, tail, label, score in rows]
    doc._.luke_relations = relations
    write_facts(doc, facts_from_relations(relations))
    return doc


def given() -> Doc:
    return given_tokens(VOCAB, gold(), mentions=True)


def curies() -> Doc:
    """RETURNS (Doc): Two entities of two mentions each, one of them nested, all pairs of them related."""
    words = ["Marie", "Curie", "left", "Warsaw", ".", "Curie", "loved", "Old", "Warsaw", "."]
    doc = Doc(VOCAB, words=words, sent_starts=[i in (0, 5) for i in range(10)])
    doc.ents = [
        Span(doc, 0, 2, "PER", span_id="e0"),
        Span(doc, 3, 4, "LOC", span_id="e1"),
        Span(doc, 5, 6, "PER", span_id="e0"),
    ]
    doc.spans["luke_nested"] = [Span(doc, 8, 9, "LOC", span_id="e1")]
    heads, tails = (doc.ents[0], doc.ents[2]), (doc.ents[1], doc.spans["luke_nested"][0])
    doc._.luke_relations = [Relation(h, t, "left", 1.0, "P1") for h in heads for t in tails]
    return doc
