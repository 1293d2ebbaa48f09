"""Examples -> what their references are annotated with, on the tokens of the predicted documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..annotation import RELATIONS_LOOKED_FOR, get_relations, has_labels, has_relations, normalize
from ..inputs.entities import EntityGetter
from ..inputs.pieces import Extent, Ints
from ..training import outcomes
from .pairs import PairFilter

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example


@dataclass
class Gold:
    """Gold annotation of one document, in tokens of the predicted document.

    mentions (list[Extent]): Extents of the gold mentions.
    labels (list[set[str] | None]): Their labels; None where nothing is known.
    clusters (list[str]): Which entity each mention is of.
    entities (dict[Extent, str] | None): Gold `doc.ents`; None if not annotated.
    relations (dict[tuple[int, int], set[str]] | None): Relations of pairs of mentions; None if not annotated.
    looked_for (set[str] | None): The relations that were looked for; None for all.
    near (PairFilter): Tells which pairs of mentions are within the reach of `doc._.luke_relations`.
    spans (list[Span]): The mentions in the reference document.
    """

    mentions: list[Extent] = field(default_factory=list)
    labels: list[set[str] | None] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    entities: dict[Extent, str] | None = None
    relations: dict[tuple[int, int], set[str]] | None = None
    looked_for: set[str] | None = None
    near: PairFilter | None = None
    spans: list[Span] = field(default_factory=list)

    @cached_property
    def cluster_numbers(self) -> Ints:
        """RETURNS (ndarray): A number for each mention's entity. Shape: (n_mentions,)"""
        return np.unique(self.clusters, return_inverse=True)[1].astype(np.int64)


def gold_of(example: Example, getter: EntityGetter, near: Callable[[Sequence[Span]], PairFilter]) -> Gold:
    """Collect the gold of one example. What doesn't fall on the predicted document's tokens is left out.

    example (Example): The example.
    getter (EntityGetter): Gives the mentions of the reference document.
    near (Callable): Mentions of the reference document -> which pairs of them are near.
    RETURNS (Gold): The gold.
    """
    reference, predicted = example.reference, example.predicted
    gold = Gold()
    places: dict[tuple[int, int, str], int] = {}
    for span in getter(reference):
        extent = align(span, predicted)
        if extent is None:
            continue
        places[_key(span)] = len(gold.spans)
        gold.spans.append(span)
        gold.mentions.append(extent)
        gold.labels.append(gold_labels(span))
        gold.clusters.append(span.id_ or normalize(span.text))
    if reference.has_annotation("ENT_IOB"):
        aligned = ((align(span, predicted), span.label_) for span in reference.ents)
        gold.entities = {extent: label for extent, label in aligned if extent is not None}
    if has_relations(reference):
        gold.relations = {}
        if RELATIONS_LOOKED_FOR in reference.user_data:
            gold.looked_for = set(reference.user_data[RELATIONS_LOOKED_FOR])
        for head, tail, label, *_ in get_relations(reference):
            pair = places.get(_key(head)), places.get(_key(tail))
            if pair[0] is not None and pair[1] is not None:
                gold.relations.setdefault((pair[0], pair[1]), set()).add(label)
    gold.near = near(gold.spans)
    return gold


def gold_labels(span: Span) -> set[str] | None:
    """RETURNS (set[str] | None): The labels that a span of the reference teaches; None if nobody gave it any."""
    labels = outcomes.gold_labels(span)
    return labels if labels or has_labels(span) else None


def align(span: Span, doc: Doc) -> Extent | None:
    """RETURNS (tuple[int, int] | None): The span's extent in another Doc of the same text, if tokens allow it."""
    other = doc.char_span(span.start_char, span.end_char)
    return None if other is None else (other.start, other.end)


def _key(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_
