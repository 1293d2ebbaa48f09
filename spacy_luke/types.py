"""Plain types that every room may use. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.tokens import Span

NIL = "NIL"  # the `kb_id_` of what no entity was found for, as spaCy's entity linker says it


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


class Choice(NamedTuple):
    """One of the texts that may follow a document.

    number (int): Its place in `doc._.luke_choices`, from 0 on.
    text (str): The text.
    scores (tuple[float, ...]): The probability of each choice; 1.0 for the right one in gold annotation.
    """

    number: int
    text: str
    scores: tuple[float, ...]


class Answer(NamedTuple):
    """One answer to a question: a span of the document, or that there is none.

    question (str): The question.
    span (Span | None): The answer; None says that the text has none.
    score (float): Probability, among all answers that were considered.
    """

    question: str
    span: Span | None
    score: float


class Candidate(NamedTuple):
    """An entity that a mention may be of.

    title (str): Its title in the entity vocabulary.
    score (float): Probability, among all entities that were considered.
    """

    title: str
    score: float
