"""What training documents say of relations as such: between which types they hold, and which have one tail only.

A rule is made where the data support it, and is as strong as they do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from spacy.tokens import Doc

from ..annotation import get_told
from .outcomes import entity

LEAST = 20  # examples of a rule
NEARLY_ALL = 0.95  # of the heads have one tail


def learn_consistency(docs: Iterable[Doc], labels: Collection[str]) -> dict[str, Any]:
    """Make tables for `JointConfig`.

    docs (Iterable[Doc]): Training documents. Entities are known by `span.id_`, or else by name.
    labels (Collection[str]): Relations that the model knows.
    RETURNS (dict[str, Any]): `type_shares`, `unseen_shares` and `second_tails`, without relations of fewer than 20
        examples.
    """
    types: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    tails: dict[str, dict[tuple[int, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for number, doc in enumerate(docs):
        told = [relation for relation in get_told(doc) if relation.label in labels]
        facts = {(r.label, entity(r.head), entity(r.tail), r.head.label_, r.tail.label_) for r in told}
        for label, head, tail, *pair in sorted(facts):
            if all(pair):
                types[label][pair[0], pair[1]] += 1
            if head != tail:
                tails[label][number, head].add(tail)
    return {**_type_tables(types), "second_tails": dict(_second_tails(tails))}


def _type_tables(types: dict[str, Counter[tuple[str, str]]]) -> dict[str, Any]:
    n_types = len({type_ for counts in types.values() for pair in counts for type_ in pair})
    shares: dict[str, dict[str, dict[str, float]]] = {}
    unseen: dict[str, float] = {}
    for label, counts in sorted(types.items()):
        if counts.total() < LEAST:
            continue
        shares[label] = {}
        for (head, tail), count in sorted(counts.items()):
            shares[label].setdefault(head, {})[tail] = count / counts.total()
        unseen[label] = 1 / (counts.total() + n_types**2)  # as if each pair of types had been seen once more
    return {"type_shares": shares, "unseen_shares": unseen}


def _second_tails(tails: dict[str, dict[tuple[int, str], set[str]]]) -> Iterable[tuple[str, float]]:
    """Relations of which nearly all heads have one tail, with the share of the others, as if there were one of each."""
    for label, heads in sorted(tails.items()):
        several = sum(len(found) > 1 for found in heads.values())
        if len(heads) >= LEAST and several <= (1 - NEARLY_ALL) * len(heads):
            yield label, (several + 1) / (len(heads) + 2)
