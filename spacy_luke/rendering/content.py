"""What is drawn: a document's text with its mentions, relations and facts, from a Doc or from plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ..annotation import (
    facts_from_relations,
    get_facts,
    get_label,
    get_labels,
    get_relations,
    group_pairs,
    normalize,
    span_as_doc,
)
from ..annotation.entities import get_candidates
from ..errors import Errors
from ..types import Fact, Relation
from .options import Options

Row = Mapping[str, Any]  # plain data of one document; docs/RENDER.md lists its keys


class Mention(NamedTuple):
    """A span of the text: characters, label, score (None if nobody knows), labels and candidates with scores."""

    start: int
    end: int
    label: str
    score: float | None = None
    labels: Mapping[str, float] = {}
    kb_id: str = ""
    candidates: Sequence[tuple[str, float]] = ()


class Link(NamedTuple):
    """A relation, or a fact with all its pairs of mentions, given by number, the best first.

    stated (bool): Whether the document's relations hold one of the pairs.
    """

    label: str
    score: float
    id: str
    pairs: Sequence[tuple[int, int]]
    stated: bool = True


class Content(NamedTuple):
    """All that can be drawn of one document.

    sents (Sequence[tuple[int, int]]): Characters of the sentences; empty if they aren't known.
    given (int): How many mentions, from the first on, are drawn for themselves; the others for their relations.
    """

    text: str
    title: str
    direction: str
    lang: str
    sents: Sequence[tuple[int, int]]
    mentions: Sequence[Mention]
    relations: Sequence[Link]
    facts: Sequence[Link]
    given: int


def read_content(source: Doc | Span | Row, style: str, options: Options) -> Content:
    """source (Doc | Span | Mapping): What to draw. style (str): How. options (Options): Which parts of it.
    RETURNS (Content): These parts. RAISES (TypeError, ValueError): If it is nothing that can be drawn."""
    if isinstance(source, Span):
        source = span_as_doc(source)
    if isinstance(source, Doc):
        content = _from_doc(source, options.spans_key)
    elif isinstance(source, Mapping) and isinstance(source.get("text"), str):
        content = _from_row(source)
    else:
        raise TypeError(Errors.L636.format(value=source))
    return _selected(content, style, options)


# --- from a Doc ------------------------------------------------------------------------------


class _Mentions:
    """Numbers the mentions of a document, each once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int, str], int] = {}
        self.all: list[Mention] = []

    def number(self, span: Span) -> int:
        key = (span.start_char, span.end_char, span.label_)
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append(_mention(span))
        return self._numbers[key]

    def link(self, label: str, score: float, id_: str, pairs: Iterable[Relation]) -> Link:
        return Link(label, score, id_, [(self.number(pair.head), self.number(pair.tail)) for pair in pairs])


def _from_doc(doc: Doc, spans_key: str | None) -> Content:
    mentions = _Mentions()
    for span in doc.ents if spans_key is None else doc.spans.get(spans_key, ()):
        mentions.number(span)
    given = len(mentions.all)
    relations = get_relations(doc)
    facts: Sequence[Fact] = get_facts(doc) or facts_from_relations(relations)
    return Content(
        doc.text,
        str(doc.user_data.get("title") or ""),
        doc.vocab.writing_system.get("direction", "ltr"),
        doc.lang_,
        [(sent.start_char, sent.end_char) for sent in doc.sents] if doc.has_annotation("SENT_START") else (),
        mentions.all,
        [mentions.link(r.label, r.score, r.id, [r]) for r in relations],
        [mentions.link(f.label, f.score, f.id, f.pairs) for f in facts],
        given,
    )


def _mention(span: Span) -> Mention:
    labels = get_labels(span)
    label = get_label(span) or span.label_
    return Mention(
        span.start_char, span.end_char, label, labels.get(label), labels, span.kb_id_, get_candidates(span)
    )


# --- from plain data ---------------------------------------------------------------------------


def _from_row(row: Row) -> Content:
    text = row["text"]
    try:
        mentions = [_read_mention(text, **ent) for ent in row.get("ents") or ()]
        sents = [(int(start), int(end)) for start, end in row.get("sents") or ()]
        relations = [_read_link(mentions, **link) for link in row.get("relations") or ()]
        facts = row.get("facts")
        told = (
            [_read_link(mentions, **fact) for fact in facts] if facts else _gather(text, mentions, relations)
        )
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(Errors.L637.format(found=error, text=text[:60])) from error
    settings = row.get("settings") or {}  # displaCy's name
    direction, lang = settings.get("direction", "ltr"), settings.get("lang", "")
    return Content(
        text, str(row.get("title") or ""), direction, lang, sents, mentions, relations, told, len(mentions)
    )


def _read_mention(
    text: str,
    start: int,
    end: int,
    label: str,
    score: float | None = None,
    labels: Mapping[str, float] | None = None,
    kb_id: str = "",
    candidates: Iterable[tuple[str, float]] = (),
    **_: Any,
) -> Mention:
    if not 0 <= start < end <= len(text):
        raise ValueError(f"an entity from {start} to {end} in {len(text)} characters")
    labels = {str(name): float(value) for name, value in (labels or {}).items()}
    score = labels.get(label) if score is None else float(score)
    named = tuple((str(title), float(value)) for title, value in candidates)
    return Mention(start, end, str(label), score, labels, str(kb_id), named)


def _read_link(
    mentions: Sequence[Mention],
    label: str,
    head: int | None = None,
    tail: int | None = None,
    score: float = 1.0,
    id: str = "",
    pairs: Iterable[tuple[int, int]] | None = None,
    **_: Any,
) -> Link:
    found = [(head, tail)] if pairs is None else [tuple(pair) for pair in pairs]
    if any(len(pair) != 2 for pair in found):
        raise ValueError(f"a pair of {label!r} has to be two numbers of its ents")
    for number in (number for pair in found for number in pair):
        if not isinstance(number, int) or not 0 <= number < len(mentions):
            raise ValueError(f"head or tail of {label!r} is {number!r}, which is no number of its ents")
    if not found:
        raise ValueError(f"{label!r} has no pairs")
    return Link(str(label), float(score), str(id), found)  # type: ignore[arg-type]


def _gather(text: str, mentions: Sequence[Mention], relations: Sequence[Link]) -> list[Link]:
    names = [normalize(text[mention.start : mention.end]) for mention in mentions]
    keys, places = [], []
    for link in relations:
        head, tail = link.pairs[0]
        keys.append((names[head], names[tail], link.label))
        places.append((mentions[head].start, mentions[tail].start))
    groups = group_pairs(keys, places, [link.score for link in relations])
    best = [(relations[group[0]], [relations[i].pairs[0] for i in group]) for group in groups]
    return [link._replace(pairs=pairs) for link, pairs in best]


# --- what of it ----------------------------------------------------------------------------


def _selected(content: Content, style: str, options: Options) -> Content:
    """What style and options ask for. Mentions that a relation needs stay, whatever their label."""
    stated = {(link.label, *pair) for link in content.relations for pair in link.pairs}
    facts = [
        fact._replace(stated=any((fact.label, *pair) in stated for pair in fact.pairs))
        for fact in content.facts
        if style != "ents" and _is_wanted(fact, options)
    ]
    relations = [link for link in content.relations if style == "relations" and _is_wanted(link, options)]
    if style == "relations":
        untold = [fact._replace(pairs=fact.pairs[:1]) for fact in facts if not fact.stated]
        relations, facts = relations + (untold if options.facts else []), []
    needed = {number for link in (*relations, *facts) for pair in link.pairs for number in pair}
    needed.update(i for i in range(content.given) if _is_shown(content.mentions[i], options))
    kept = sorted(needed)
    new = {number: i for i, number in enumerate(kept)}

    def moved(links: Sequence[Link]) -> list[Link]:
        return [link._replace(pairs=[(new[head], new[tail]) for head, tail in link.pairs]) for link in links]

    mentions = [content.mentions[number] for number in kept]
    return content._replace(
        mentions=mentions, relations=moved(relations), facts=moved(facts), given=len(mentions)
    )


def _is_wanted(link: Link, options: Options) -> bool:
    return (options.relations is None or link.label in options.relations) and link.score >= options.threshold


def _is_shown(mention: Mention, options: Options) -> bool:
    score = 1.0 if mention.score is None else mention.score
    return (options.ents is None or mention.label in options.ents) and score >= options.threshold
