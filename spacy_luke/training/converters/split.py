"""Parts of a corpus for training, choosing and testing: whole documents, and never one text in two parts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from math import isclose

from spacy.tokens import Doc

from ...errors import Errors
from .records import DOCUMENT

PARTS = ("train", "dev", "test")


def parse_shares(value: str) -> dict[str, float]:
    """value (str): Shares such as "0.8/0.1/0.1" or "0.9/0.1".
    RETURNS (dict[str, float]): Shares by part. RAISES (ValueError): If they aren't two or three that add up to 1."""
    try:
        shares = [float(share) for share in value.split("/")]
    except ValueError:
        shares = []
    if (
        len(shares) not in (2, 3)
        or any(share <= 0 for share in shares)
        or not isclose(sum(shares), 1, abs_tol=1e-6)
    ):
        raise ValueError(Errors.L662.format(value=value))
    return dict(zip(PARTS, shares, strict=False))


def split_docs(docs: Sequence[Doc], shares: Mapping[str, float], seed: int = 0) -> dict[str, list[Doc]]:
    """Split documents at random.

    docs (Sequence[Doc]): The documents.
    shares (Mapping[str, float]): The share of each part; see `parse_shares`.
    seed (int): Another one makes other parts, the same one the same.
    RETURNS (dict[str, list[Doc]]): The documents of each part, in their order. Docs that belong together
        (`doc.user_data["luke_document"]`, or "title") or have the same text are in one part.
    RAISES (ValueError): If a part would be empty.
    """
    groups = group_docs(docs)
    random.Random(seed).shuffle(groups)
    numbers: dict[str, list[int]] = {part: [] for part in shares}
    for left, group in zip(range(len(groups), 0, -1), groups, strict=True):
        # Where most is missing: so every part comes as near to its share as groups of this size allow. The last
        # groups go to parts that have none yet.
        empty = [part for part in shares if not numbers[part]]
        open_parts = empty if left <= len(empty) else list(shares)
        part = max(open_parts, key=lambda part: shares[part] * len(docs) - len(numbers[part]))
        numbers[part] += group
    for part, chosen in numbers.items():
        if not chosen:
            told = "/".join(f"{share:g}" for share in shares.values())
            raise ValueError(Errors.L663.format(value=told, n=len(groups), part=part))
    return {part: [docs[i] for i in sorted(chosen)] for part, chosen in numbers.items()}


def group_docs(docs: Sequence[Doc]) -> list[list[int]]:
    """docs (Sequence[Doc]): Documents. RETURNS (list[list[int]]): The numbers of those that belong together."""
    parent = list(range(len(docs)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seen: dict[tuple[str, str], int] = {}
    for i, doc in enumerate(docs):
        name = doc.user_data.get(DOCUMENT) or doc.user_data.get("title") or ""
        for key in (("name", str(name)), ("text", " ".join(doc.text.split()))):
            if key[1]:
                parent[root(i)] = root(seen.setdefault(key, i))
    groups: dict[int, list[int]] = {}
    for i in range(len(docs)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())
