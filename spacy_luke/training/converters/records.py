"""What an annotation tool says of one text, before it is laid on tokens; and how a conversion goes.

A reader of a tool's files yields a `Record` a text. `place.py` makes Docs of them, so that alignment, units of offsets,
and the list of what was lost are the same for all tools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from spacy.language import Language

Range = tuple[int, int]

ENTITY = "ENTITY"  # the label of entities whose type isn't told
# In `doc.user_data`: the name of what a Doc is a part of; `--split` keeps its parts together.
DOCUMENT = "luke_document"

ALIGN = ("strict", "expand", "contract")
TOKENS = "tokens"  # the unit of records that are made of tokens
UNITS = ("auto", "codepoint", "utf16", "utf8")


@dataclass(frozen=True)
class Region:
    """A labelled part of a text.

    fragments (tuple[Range, ...]): Its ranges of characters, in the unit of the record; several if it is discontinuous.
    label (str): Its label, or "" if it has none.
    name (str): How relations of the record call it; two regions have two names.
    at (str): Its field in the record, for messages.
    text (str | None): What stands there, if the tool tells.
    cluster (str): The entity, if several mentions of it are known.
    kb_id (str): Identifier of the entity in a knowledge base.
    types (tuple[str, ...]): Its fine types, for `span._.luke_labels`.
    is_entity (bool): Whether it is an entity by itself. If not, it only stands in relations.
    """

    fragments: tuple[Range, ...]
    label: str
    name: str = ""
    at: str = ""
    text: str | None = None
    cluster: str = ""
    kb_id: str = ""
    types: tuple[str, ...] = ()
    is_entity: bool = True


class Link(NamedTuple):
    """A relation between two regions, by their names.

    head (str), tail (str): Names of regions.
    label (str): The relation.
    at (str): Its field in the record, for messages.
    id (str): Identifier of the relation in a knowledge base.
    """

    head: str
    tail: str
    label: str
    at: str = ""
    id: str = ""


@dataclass
class Record:
    """One text with its annotation.

    place (str): Where it is in its file, for messages: "line 3".
    text (str): The text.
    regions (list[Region]): Entities, and what else relations are between.
    links (list[Link] | None): Relations; None if they weren't annotated.
    unsure (list[Link]): Relations of which isn't known whether the text states them of these two places.
    rejected (list[Region]): Entities that an annotator refused.
    rejected_links (list[Link]): Relations that an annotator refused.
    together (bool): Whether several of them were refused with one answer.
    complete (bool): Whether what isn't annotated is no entity. If not, it is unknown.
    tokens (Sequence[Range] | None): The tool's tokens in characters; None for the tokenizer's.
    sentences (Sequence[int] | None): Where sentences start, in characters; None if that isn't known.
    unit (str): What the tool's offsets count, if neither the user nor the texts of regions tell.
    group (str): Name of the document that it is a part of, or "".
    looked_for (list[str] | None): The relations that were looked for; None for all.
    answers (list[tuple[str, list[Region]]]): Questions, each with its answers; none if the text has no answer.
    data (dict[str, Any]): What else goes to `doc.user_data`.
    """

    place: str
    text: str
    regions: list[Region] = field(default_factory=list)
    links: list[Link] | None = None
    unsure: list[Link] = field(default_factory=list)
    rejected: list[Region] = field(default_factory=list)
    rejected_links: list[Link] = field(default_factory=list)
    together: bool = False
    complete: bool = True
    tokens: Sequence[Range] | None = None
    sentences: Sequence[int] | None = None
    unit: str = "codepoint"
    group: str = ""
    looked_for: list[str] | None = None
    answers: list[tuple[str, list[Region]]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


class Loss(NamedTuple):
    """One thing that was left out or changed: what happened, the file, the place in it, and what it was."""

    what: str
    path: str
    place: str
    detail: str


class Losses(list[Loss]):
    """Everything that was left out or changed, with its place."""

    def add(self, what: str, path: Any, place: str, detail: str) -> None:
        """what (str): What happened. path (Any): The file. place (str): Where in it. detail (str): To what."""
        self.append(Loss(what, str(path), place, detail))

    def counts(self) -> Counter[str]:
        """RETURNS (Counter[str]): How often each thing happened."""
        return Counter(loss.what for loss in self)


@dataclass
class Conversion:
    """How files are converted.

    nlp (Language): For its tokenizer and vocabulary.
    align (str): What becomes of a mention that cuts tokens: it is left out ("strict"), gets the whole tokens
        ("expand"), or the tokens within it ("contract").
    offsets (str): What offsets count: "codepoint", "utf16", "utf8", or "auto" for what the texts of mentions tell.
    options (Mapping[str, Any]): What only some formats take.
    losses (Losses): What was left out or changed.
    """

    nlp: Language
    align: str = "expand"
    offsets: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)

    @property
    def tokenizer(self) -> Callable[[str], Any]:
        """RETURNS (Callable): From a text to a Doc."""
        return self.nlp.make_doc
