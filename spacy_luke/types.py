"""Plain types that every room may use. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.tokens import Span


class Relation(NamedTuple):
    """One directed relation between two mentions.

    head (Span): The mention the relation starts from, e.g. "Marie Curie".
    tail (Span): The mention it points to, e.g. "Warsaw".
    label (str): The relation, e.g. "place of birth".
    score (float): Probability in [0, 1]; 1.0 for gold annotation.
    id (str): Identifier of the relation in a knowledge base, e.g. "P19", or "".
    """

    head: Span
    tail: Span
    label: str
    score: float = 1.0
    id: str = ""


class Fact(NamedTuple):
    """One relation between two entities of a document, each entity being all mentions with one normalized text.

    head (str): Text of the head entity, as the best pair has it.
    tail (str): Text of the tail entity, as the best pair has it.
    label (str): The relation.
    score (float): The best score of the supporting pairs.
    id (str): Identifier of the relation in a knowledge base, or "".
    pairs (tuple[Relation, ...]): The mention pairs that support the fact, best first.
    """

    head: str
    tail: str
    label: str
    score: float
    id: str
    pairs: tuple[Relation, ...]
