"""Examples -> what their references are annotated with, on the tokens of the predicted documents.

What isn't known is never "no": entities that are missing in the reference, that the predicted tokens can't hold, or
whose type wasn't looked for, and relations of which nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ..annotation import (
    ENTITIES_LOOKED_FOR,
    RELATIONS_LOOKED_FOR,
    EntityGetter,
    get_relations,
    get_unsure,
    has_labels,
    has_relations,
    normalize,
)
from ..inputs.batch import Bools
from ..inputs.pieces import Extent, Ints
from ..training import outcomes
from ..types import Relation
from .pairs import PairFilter

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

Pair = tuple[int, int]  # head and tail among the mentions


@dataclass
class Gold:
    """Gold annotation of one document, in tokens of the predicted document.

    mentions (list[Extent]): Extents of the gold mentions.
    labels (list[set[str] | None]): Their labels; None where nothing is known.
    clusters (list[str]): Which entity each mention is of.
    entities (dict[Extent, str] | None): Gold `doc.ents`; None if not annotated.
    unknown (ndarray): True for tokens of which isn't known whether they are in an entity. Shape: (n_tokens,)
    types (set[str] | None): The types of entities that were looked for; None for all.
    relations (dict[Pair, set[str]] | None): Relations of pairs of mentions; None if not annotated.
    looked_for (set[str] | None): The relations that were looked for; None for all.
    unsure (dict[Pair, set[str]]): Relations of which isn't known whether they hold for a pair, beside those that
        weren't looked for in the document.
    told (dict[Pair, set[str]]): Those of them that hold for the two entities.
    near (PairFilter): Tells which pairs of mentions are within the reach of `doc._.luke_relations`.
    spans (list[Span]): The mentions in the reference document.
    off_tokens (list[str]): Texts of mentions and entities that don't fall on the predicted tokens.
    unplaced (list[Relation]): Relations whose head or tail is none of the mentions.
    """

    mentions: list[Extent] = field(default_factory=list)
    labels: list[set[str] | None] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    entities: dict[Extent, str] | None = None
    unknown: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    types: set[str] | None = None
    relations: dict[Pair, set[str]] | None = None
    looked_for: set[str] | None = None
    unsure: dict[Pair, set[str]] = field(default_factory=dict)
    told: dict[Pair, set[str]] = field(default_factory=dict)
    near: PairFilter | None = None
    spans: list[Span] = field(default_factory=list)
    off_tokens: list[str] = field(default_factory=list)
    unplaced: list[Relation] = field(default_factory=list)

    @cached_property
    def cluster_numbers(self) -> Ints:
        """RETURNS (ndarray): A number for each mention's entity. Shape: (n_mentions,)"""
        return np.unique(self.clusters, return_inverse=True)[1].astype(np.int64)

    def unsure_labels(self, pair: Pair, labels: Collection[str]) -> set[str]:
        """What may hold for a pair beside its relations.

        pair (Pair): The pair.
        labels (Collection[str]): The relations that a head knows.
        RETURNS (set[str]): Those of which nothing is known: not looked for, not sure, or all of them where the pair
            has a relation that the head doesn't know.
        """
        found = (self.relations or {}).get(pair, set())
        if not found <= set(labels):
            return set(labels) - found
        others = set() if self.looked_for is None else set(labels) - self.looked_for
        return (others | self.unsure.get(pair, set())) - found


def gold_of(
    example: Example,
    getter: EntityGetter,
    near: Callable[[Sequence[Span]], PairFilter],
    outside: Collection[str] = (),
) -> Gold:
    """Collect the gold of one example.

    example (Example): The example.
    getter (EntityGetter): Gives the mentions of the reference document.
    near (Callable): Mentions of the reference document -> which pairs of them are near.
    outside (Collection[str]): Relations that say that there is none.
    RETURNS (Gold): The gold.
    """
    reference, predicted = example.reference, example.predicted
    gold = Gold()
    for span in getter(reference):
        extent = align(span, predicted)
        if extent is None:
            gold.off_tokens.append(span.text)
            continue
        gold.spans.append(span)
        gold.mentions.append(extent)
        gold.labels.append(gold_labels(span))
        gold.clusters.append(span.id_ or normalize(span.text))
    if reference.has_annotation("ENT_IOB"):
        _add_entities(gold, reference, predicted)
    if has_relations(reference):
        if RELATIONS_LOOKED_FOR in reference.user_data:
            gold.looked_for = set(reference.user_data[RELATIONS_LOOKED_FOR])
        stated, unsure = (
            [relation for relation in read(reference) if relation.label not in outside]
            for read in (get_relations, get_unsure)
        )
        _add_relations(gold, stated, unsure)
    gold.near = near(gold.spans)
    return gold


def _add_entities(gold: Gold, reference: Doc, predicted: Doc) -> None:
    """The entities that the predicted tokens can hold; what they can't, and what is missing, is unknown."""
    gold.entities = {}
    places = [(t.idx, t.idx + len(t)) for t in reference if t.ent_iob == 0 and not t.is_space]
    for span in reference.ents:
        extent = align(span, predicted)
        if extent is not None:
            gold.entities[extent] = span.label_
        else:
            places.append((span.start_char, span.end_char))
            if span.text not in gold.off_tokens:
                gold.off_tokens.append(span.text)
    starts = np.array([token.idx for token in predicted], dtype=np.int64)
    ends = starts + np.array([len(token) for token in predicted], dtype=np.int64)
    gold.unknown = np.zeros(len(predicted), dtype=np.bool_)
    for start, end in places:
        gold.unknown[np.searchsorted(ends, start, side="right") : np.searchsorted(starts, end)] = True
    if ENTITIES_LOOKED_FOR in reference.user_data:
        gold.types = set(reference.user_data[ENTITIES_LOOKED_FOR])


def _add_relations(gold: Gold, stated: Sequence[Relation], unsure: Sequence[Relation]) -> None:
    """Relations between the mentions that they name: those of the same place and label, or else of the same place.
    Where a side is none of the mentions, nothing is known of those that share a token with it."""
    gold.relations = {}
    members: dict[tuple[int, int], list[int]] = {}
    for number, mention in enumerate(gold.spans):
        members.setdefault(trimmed(mention), []).append(number)
    for number, relation in enumerate((*stated, *unsure)):
        ends = relation.head, relation.tail
        sides = [_same(span, gold.spans, members.get(trimmed(span), [])) for span in ends]
        known = gold.relations if number < len(stated) else gold.unsure
        for pair in product(sides[0], sides[1]):
            known.setdefault(pair, set()).add(relation.label)
            if known is gold.unsure and relation.score == 1.0:
                gold.told.setdefault(pair, set()).add(relation.label)
        if not all(sides):
            if known is gold.relations:
                gold.unplaced.append(relation)
            touched = [s or _overlapping(span, gold.spans) for s, span in zip(sides, ends, strict=True)]
            for pair in product(touched[0], touched[1]):
                gold.unsure.setdefault(pair, set()).add(relation.label)


def _same(span: Span, mentions: Sequence[Span], there: list[int]) -> list[int]:
    """Of the mentions at a span's place the one with its label, or else all."""
    return [i for i in there if mentions[i].label == span.label][-1:] or there


def _overlapping(span: Span, mentions: Sequence[Span]) -> list[int]:
    return [
        i
        for i, mention in enumerate(mentions)
        if mention.start_char < span.end_char and span.start_char < mention.end_char
    ]


def gold_labels(span: Span) -> set[str] | None:
    """RETURNS (set[str] | None): The labels that a span of the reference teaches; None if nobody gave it any."""
    labels = outcomes.gold_labels(span)
    return labels if labels or has_labels(span) else None


def trimmed(span: Span) -> tuple[int, int]:
    """RETURNS (tuple[int, int]): First and last-plus-one character of a span, without whitespace at its ends."""
    text = span.text
    return span.start_char + len(text) - len(text.lstrip()), span.end_char - len(text) + len(text.rstrip())


def align(span: Span, doc: Doc) -> Extent | None:
    """RETURNS (tuple[int, int] | None): The span's extent in another Doc of the same text, if tokens allow it; without
    whitespace at its ends, unless that is part of a token."""
    start, end = trimmed(span)
    if start >= end:
        return None
    other = doc.char_span(start, end) or doc.char_span(span.start_char, span.end_char)
    return None if other is None else (other.start, other.end)


def touching(extents: Ints, tokens: Bools) -> Bools:
    """extents (ndarray): Token extents. Shape: (..., 2). tokens (ndarray): Marked tokens. Shape: (n_tokens,)
    RETURNS (ndarray): Which extents hold a marked token. Shape: (...,)"""
    before = np.concatenate([[0], np.cumsum(tokens)])
    return np.asarray(before[extents[..., 1]] > before[extents[..., 0]])
