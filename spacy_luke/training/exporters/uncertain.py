"""How sure a model was of a document: what it was least sure of is worth a human's time first."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from spacy.tokens import Doc

from ...annotation import get_labels, get_relations
from ...errors import Warnings
from ..mentions import all_mentions

_EVEN = 0.5


def scores_of(doc: Doc) -> Iterator[float]:
    """doc (Doc): A document. YIELDS (float): The probability of each mention's best label, and of each relation."""
    for span in all_mentions(doc):
        labels = get_labels(span)
        if labels:
            yield max(labels.values())
    for relation in get_relations(doc):
        yield relation.score


def least_sure(doc: Doc) -> float | None:
    """doc (Doc): A document. RETURNS (float | None): The score that is nearest to even odds; None without scores."""
    return min(scores_of(doc), key=lambda score: abs(score - _EVEN), default=None)


def sort_uncertain(docs: Sequence[Doc]) -> list[Doc]:
    """docs (Sequence[Doc]): Documents that a pipeline has predicted.
    RETURNS (list[Doc]): Those first whose least sure label or relation is nearest to even odds; then by the mean."""
    without = sum(least_sure(doc) is None for doc in docs)
    if without:
        warnings.warn(Warnings.W622.format(n=without), stacklevel=2)
    return sorted(docs, key=_sureness)


def _sureness(doc: Doc) -> tuple[float, float]:
    margins = [abs(score - _EVEN) for score in scores_of(doc)]
    return (min(margins), sum(margins) / len(margins)) if margins else (1.0, 1.0)
