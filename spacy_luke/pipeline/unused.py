"""Gold that a pipe can't use: counted over all data that it sees, and told once."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Warnings

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..nn.joint_config import JointConfig
    from .gold import Gold
    from .pairs import PairLimits

_SHOWN = 3  # most of them that a message names


class Unused:
    """Counts of one pipe. What is told once isn't told again.

    name (str): Name of the component.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._told: set[tuple[str, str]] = set()
        self._totals: Counter[tuple[str, str]] = Counter()
        self._found: dict[tuple[str, str], Counter[str]] = {}
        self._facts: dict[tuple[str, str], dict[str, Any]] = {}

    def count(self, message: str, what: str, total: int, found: Iterable[str], **facts: Any) -> None:
        """Count the gold of an example.

        message (str): What to tell if some can't be used.
        what (str): What kind of gold it is, in the plural.
        total (int): How much of it there is.
        found (Iterable[str]): That which can't be used.
        **facts (Any): What else the message says.
        """
        key = message, what
        self._totals[key] += total
        self._found.setdefault(key, Counter()).update(found)
        self._facts[key] = facts

    def tell(self, only: Collection[str] | None = None) -> None:
        """Warn of what was counted, and begin anew.

        only (Collection[str] | None): Messages to tell; None for all.
        """
        for key, found in self._found.items():
            message, what = key
            n, total = sum(found.values()), self._totals[key]
            if not n or key in self._told or (only is not None and message not in only):
                continue
            self._told.add(key)
            some = ", ".join(repr(text) for text, _ in found.most_common(_SHOWN))
            some += ", ..." if len(found) > _SHOWN else ""
            told = {"name": self.name, "what": what, "n": n, "total": total, "share": n / total, "some": some}
            warnings.warn(message.format(**told, **self._facts[key]), stacklevel=4)
        self._totals, self._found = Counter(), {}

    def forget(self) -> None:
        """Tell everything again: the pipe gets other data, or other labels."""
        self._told, self._totals, self._found = set(), Counter(), {}


def count_unused(
    unused: Unused,
    gold: Gold,
    doc: Doc,
    heads: JointConfig,
    parts: Collection[str],
    widest: int | None,
    limits: PairLimits,
) -> None:
    """Count what a pipe on entities can't learn of a document.

    unused (Unused): The counts.
    gold (Gold): The gold of the document.
    doc (Doc): The predicted document.
    heads (JointConfig): The labels that the pipe has.
    parts (Collection[str]): What it has heads for: "ner", "labels", "relations".
    widest (int | None): Most tokens of an entity that it can find; None for no limit.
    limits (PairLimits): Which pairs it relates.
    """
    entities = gold.entities or {}
    total = max(len(entities), len(gold.mentions)) + len(gold.off_tokens)
    unused.count(Warnings.W304, "entities", total, gold.off_tokens)
    unknown = (
        [label for label in entities.values() if label not in heads.ner_labels] if "ner" in parts else []
    )
    if "labels" in parts:
        found = set(unknown)  # told already
        told = (label for labels in gold.labels for label in labels or ())
        unknown += [label for label in told if label not in found and label not in heads.entity_labels]
    if "ner" in parts or "labels" in parts:
        unused.count(Warnings.W306, "entities", total, unknown)
    if "ner" in parts and widest is not None:
        spans = (doc[start:end] for start, end in entities)
        wide = [span.text for span in spans if sum(not token.is_space for token in span) > widest]
        unused.count(Warnings.W305, "entities", total, wide, most=widest)
    if "relations" in parts and gold.relations is not None:
        _count_relations(unused, gold, heads, limits)


def _count_relations(unused: Unused, gold: Gold, heads: JointConfig, limits: PairLimits) -> None:
    triples = [(*pair, label) for pair, labels in (gold.relations or {}).items() for label in labels]
    total = len(triples) + len(gold.unplaced)
    every = [*(label for *_, label in triples), *(relation.label for relation in gold.unplaced)]
    unknown = [label for label in every if label not in heads.relation_labels]
    unused.count(Warnings.W306, "relations", total, unknown)
    unplaced = [f"{head.text} - {label} - {tail.text}" for head, tail, label, *_ in gold.unplaced]
    unused.count(Warnings.W307, "relations", total, unplaced)
    beyond = []
    if triples and gold.near is not None:
        head, tail = np.array([triple[:2] for triple in triples], dtype=np.int64).T
        for (h, t, label), is_near in zip(triples, gold.near(head, tail).tolist(), strict=True):
            one, other = gold.spans[h], gold.spans[t]
            if not is_near or not limits.allows(label, one.label_, other.label_):
                beyond.append(f"{one.text} - {label} - {other.text}")
    unused.count(Warnings.W308, "relations", total, beyond)
