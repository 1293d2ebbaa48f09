"""Types of the annotation that users read and write. Importing them is cheap."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from spacy.tokens import Span

PathOrStr: TypeAlias = "str | PathLike[str]"
NIL = "NIL"  # `kb_id_` of a mention that no known entity fits, as in spaCy's entity linker


class Relation(NamedTuple):
    """A relation between two mentions, from head to tail.

    head (Span): The mention that the relation starts from, e.g. "Marie Curie".
    tail (Span): The mention that it points to, e.g. "Warsaw".
    label (str): The relation, e.g. "place of birth".
    score (float): Probability in [0, 1]; 1.0 for gold annotation.
    id (str): Identifier of the relation in a knowledge base, e.g. "P19", or "".
    """

    head: Span
    tail: Span
    label: str
    score: float = 1.0
    id: str = ""

    @property
    def head_type(self) -> str:
        """RETURNS (str): The label of the head, such as "PER"."""
        return str(self.head.label_)

    @property
    def tail_type(self) -> str:
        """RETURNS (str): The label of the tail."""
        return str(self.tail.label_)

    @property
    def head_offsets(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): First character of the head in the text, and the one after its last."""
        return self.head.start_char, self.head.end_char

    @property
    def tail_offsets(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): First character of the tail in the text, and the one after its last."""
        return self.tail.start_char, self.tail.end_char

    @property
    def sentences(self) -> tuple[Span, ...]:
        """RETURNS (tuple[Span, ...]): The sentences of head and tail; empty if nobody has found sentences."""
        if not self.head.doc.has_annotation("SENT_START"):
            return ()
        both = {sent.start: sent for span in (self.head, self.tail) for sent in span.sents}
        return tuple(both[start] for start in sorted(both))


class Fact(NamedTuple):
    """A relation between two entities of a document (see `entities_of`).

    head (str): Text of the head in the best pair, or its fullest name if it has several in the document.
    tail (str): The same of the tail.
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

    @property
    def head_type(self) -> str:
        """RETURNS (str): The label of the head in the best pair, such as "PER"."""
        return self.pairs[0].head_type

    @property
    def tail_type(self) -> str:
        """RETURNS (str): The label of the tail in the best pair."""
        return self.pairs[0].tail_type

    @property
    def head_offsets(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): Where the head of the best pair stands; see `Relation.head_offsets`."""
        return self.pairs[0].head_offsets

    @property
    def tail_offsets(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): Where the tail of the best pair stands."""
        return self.pairs[0].tail_offsets

    @property
    def sentences(self) -> tuple[Span, ...]:
        """RETURNS (tuple[Span, ...]): The sentences of all pairs, in the order of the text."""
        every = {sent.start: sent for pair in self.pairs for sent in pair.sentences}
        return tuple(every[start] for start in sorted(every))


class Choice(NamedTuple):
    """The choice among the texts that may follow a document.

    number (int): Number of the chosen text in `doc._.luke_choices`, from 0 on.
    text (str): The chosen text.
    scores (tuple[float, ...]): Probability of each text; in gold annotation 1.0 for the right one.
    """

    number: int
    text: str
    scores: tuple[float, ...]


class Answer(NamedTuple):
    """An answer to a question about a document.

    question (str): The question.
    span (Span | None): The answer; None if the document has none.
    score (float): Probability among all answers that were considered.
    """

    question: str
    span: Span | None
    score: float


class Candidate(NamedTuple):
    """An entity that a mention may refer to.

    title (str): Its title in the entity vocabulary.
    score (float): Probability among all entities that were considered.
    """

    title: str
    score: float
