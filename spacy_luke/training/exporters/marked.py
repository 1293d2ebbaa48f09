"""What of a Doc is exported: its mentions by number, and its relations between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc, Span

from ...annotation import (
    REJECTED_ENTITIES,
    REJECTED_RELATIONS,
    get_label,
    get_relations,
    get_unsure,
    has_relations,
)
from ...types import Relation
from ..converters.records import DOCUMENT, Losses
from ..mentions import all_mentions

Key = tuple[int, int, str, str]


class Marked(NamedTuple):
    """A document to export.

    doc (Doc): The document.
    name (str): How it is called; not two of one corpus have one name.
    group (str): What it is a part of.
    mentions (dict): Numbers of mentions, by place, label and entity.
    spans (list[Span]): The mentions.
    relations (list[Relation] | None): The relations; None if they weren't annotated.
    """

    doc: Doc
    name: str
    group: str
    mentions: dict[Key, int]
    spans: list[Span]
    relations: list[Relation] | None

    def number(self, span: Span) -> int | None:
        """span (Span): One end of a relation. RETURNS (int | None): The number of that mention; None if it is none."""
        exact = self.mentions.get(key_of(span))
        if exact is not None:
            return exact
        here = (n for key, n in self.mentions.items() if key[:3] == (span.start, span.end, span.label_))
        return next(here, None)

    def ends(self, losses: Losses, source: Path) -> Iterator[tuple[Relation, int, int]]:
        """losses (Losses): Relations to what is no mention are listed there. source (Path): For that list.
        YIELDS (tuple[Relation, int, int]): Each other relation with the numbers of its head and tail."""
        for relation in self.relations or ():
            head, tail = self.number(relation.head), self.number(relation.tail)
            if head is None or tail is None:
                losses.add("left out: relation to what is no entity", source, self.name, shown(relation))
            else:
                yield relation, head, tail


def key_of(span: Span) -> Key:
    """span (Span): A mention. RETURNS (tuple): Its place, label and entity."""
    return span.start, span.end, span.label_, span.id_


def shown(relation: Relation) -> str:
    """relation (Relation): A relation. RETURNS (str): It in a line, for the list of losses."""
    return f"{relation.head.text!r} {relation.label} {relation.tail.text!r}"


def mark(docs: Iterable[Doc], losses: Losses, source: Path, unsure: bool = False) -> Iterator[Marked]:
    """docs (Iterable[Doc]): A corpus. losses (Losses): What no format can hold is listed there. source (Path): Its
        file, for that list. unsure (bool): Whether the format can hold unsure relations.
    YIELDS (Marked): Each document."""
    names: set[str] = set()
    for number, doc in enumerate(docs, start=1):
        group = str(doc.user_data.get(DOCUMENT) or doc.user_data.get("title") or "")
        name = base = group or f"document {number}"
        count = 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.add(name)
        spans = all_mentions(doc)
        for key, what in (
            (REJECTED_ENTITIES, "a rejected entity"),
            (REJECTED_RELATIONS, "a rejected relation"),
        ):
            for row in doc.user_data.get(key, ()):
                losses.add(f"left out: {what}", source, name, str(list(row)))
        for relation in () if unsure else get_unsure(doc):
            losses.add("left out: an unsure relation", source, name, shown(relation))
        for span in spans:
            if get_label(span) not in ("", span.label_):
                what = "left out: a label beside the entity's own"
                losses.add(what, source, name, f"{span.text!r} is {span.label_}, and {get_label(span)}")
        if doc.has_annotation("ENT_IOB") and any(token.ent_iob == 0 for token in doc):
            losses.add("left out: which tokens are unknown", source, name, doc[:10].text)
        relations = list(get_relations(doc)) if has_relations(doc) else None
        yield Marked(doc, name, group, {key_of(s): i for i, s in enumerate(spans)}, spans, relations)


class Sentences:
    """The sentences of a document in tokens that aren't white space, as formats of tokens have them.

    doc (Doc): The document; it is one sentence if it has no boundaries.
    """

    def __init__(self, doc: Doc) -> None:
        sents = list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]] if len(doc) else []
        self.tokens: list[list[str]] = []
        self._places: dict[int, tuple[int, int]] = {}
        for sent in sents:
            kept = [token for token in sent if not token.is_space]
            if kept:
                self._places.update((token.i, (len(self.tokens), i)) for i, token in enumerate(kept))
                self.tokens.append([token.text for token in kept])

    def place(self, span: Span) -> tuple[int, int, int] | None:
        """span (Span): A mention. RETURNS (tuple[int, int, int] | None): Its sentence, first token and one past its
        last; None if it isn't within one sentence."""
        places = [self._places[i] for i in range(span.start, span.end) if i in self._places]
        if not places or places[0][0] != places[-1][0]:
            return None
        return places[0][0], places[0][1], places[-1][1] + 1
