"""Plain data back to documents: the way back of `plain.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from ..errors import Errors
from ..files import reading
from ..types import Fact, Relation
from .entities import write_all_candidates, write_entities
from .identity import write_id, write_meta
from .plain import KNOWN, LOOKED_FOR, SCHEMA, Data
from .relations import write_facts, write_relations, write_unsure
from .store import write_kind
from .texts import write_choice, write_choices, write_question, write_text_pair

_DATA = "The document's data"  # what can't be read, in messages
_FEW = 60  # characters of a text in a message


def from_dict(data: Mapping[str, Any], nlp: Language | None = None) -> Doc:
    """Make a document of what `to_dict` gave. Of what somebody else wrote it needs `schema` and `text`; the rest may be
    missing.

    data (Mapping[str, Any]): The data.
    nlp (Language | None): Pipeline whose vocabulary the document gets, and whose tokenizer cuts the text if the data
        have no tokens; None for a blank one of the document's language. Tokens are cut further where an entity, a
        mention or a sentence begins or ends within one.
    RETURNS (Doc): The document with all that the data say.
    RAISES (ValueError): If the data are of another schema, or damaged.
    """
    _check_schema(data)
    with reading(_DATA):
        text = data["text"]
        if "tokens" in data:
            vocab, tokens = _vocab(data, nlp), [(start, end) for start, end in data["tokens"]]
        else:
            tokenizer = _tokenizer(data.get("lang", ""), nlp)
            vocab, tokens = tokenizer.vocab, [(t.idx, t.idx + len(t)) for t in tokenizer(text)]
        doc = _make_doc(vocab, text, tokens, tokens if "tokens" in data else _places(data))
        if "tokens" in data and [(t.idx, t.idx + len(t)) for t in doc] != tokens:
            raise ValueError(Errors.L606.format(found=_first_odd(tokens, doc)))
    write_data(doc, data)
    return doc


def write_data(doc: Doc, data: Mapping[str, Any]) -> None:
    """Write on a document what plain data say of it. It replaces what is there of the same kinds.

    doc (Doc): A document with the text of the data, in tokens that no entity, mention or sentence cuts.
    data (Mapping[str, Any]): What `to_dict` gave.
    RAISES (ValueError): If the data are of another schema or text, or damaged.
    """
    _check_schema(data)
    with reading(_DATA):
        if data["text"] != doc.text:
            raise ValueError(Errors.L603.format(found=data["text"][:_FEW], text=doc.text[:_FEW]))
        known = data.get("annotated", [kind for kind in KNOWN if kind in data])
        write_id(doc, data.get("id") or None)
        write_meta(doc, data.get("meta") or None)
        if "sentences" in known:
            _write_sentences(doc, data["sentences"])
        _write_spans(doc, data, "entities" in known)
        _write_relations(doc, data, known)
        _write_beside(doc, data)


def _check_schema(data: Any) -> None:
    if not isinstance(data, Mapping):
        raise ValueError(Errors.L601.format(schema=SCHEMA, found=f"it is of type {type(data).__name__}"))
    missing = [name for name in ("schema", "text") if name not in data]
    if missing:
        raise ValueError(Errors.L601.format(schema=SCHEMA, found=f"it has no {missing[0]!r}"))
    if data["schema"] != SCHEMA:
        raise ValueError(Errors.L602.format(schema=SCHEMA, found=data["schema"]))
    if not isinstance(data["text"], str):
        raise ValueError(Errors.L601.format(schema=SCHEMA, found="its 'text' is no string"))


# --- tokens --------------------------------------------------------------------------------


def _vocab(data: Mapping[str, Any], nlp: Language | None) -> Vocab:
    try:
        return _tokenizer(data.get("lang", ""), nlp).vocab
    except ValueError:  # the tokens are there: all that is missing is a language's own attributes of words
        return _plain_vocab()


@lru_cache
def _plain_vocab() -> Vocab:
    return Vocab()


def _tokenizer(lang: str, nlp: Language | None) -> Any:
    if nlp is not None:
        return nlp.tokenizer
    return _blank(lang) if lang else Tokenizer(_plain_vocab())


@lru_cache
def _blank(lang: str) -> Any:
    try:
        return spacy.blank(lang).tokenizer
    except Exception as error:  # a language may ask for packages, in any way
        raise ValueError(Errors.L607.format(lang=lang, error=error)) from error


def _places(data: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Characters of all that begins and ends between tokens."""
    rows: list[Data] = [*data.get("sentences", ()), *data.get("unknown", ()), *data.get("tags", ())]
    rows += [*data.get("entities", ()), *chain(*(group["spans"] for group in data.get("spans", {}).values()))]
    pairs = chain(data.get("relations", ()), data.get("unsure_relations", ()))
    evidence = chain(*(fact["evidence"] for fact in data.get("facts", ())))
    rows += [pair[end] for pair in chain(pairs, evidence) for end in ("head", "tail")]
    return [(row["start"], row["end"]) for row in rows]


def _make_doc(
    vocab: Vocab, text: str, tokens: Sequence[tuple[int, int]], places: Sequence[tuple[int, int]]
) -> Doc:
    """Cut tokens at all places. A space after a token is part of it, unless something begins or ends with the space."""
    begins, ends = {start for start, _ in places}, {end for _, end in places}
    edges = {0, len(text), *chain(*tokens), *begins, *ends}
    words: list[str] = []
    spaces: list[bool] = []
    for start, end in pairwise(sorted(edge for edge in edges if 0 <= edge <= len(text))):
        apart = start in begins or end in ends
        if text[start:end] == " " and words and not spaces[-1] and not apart:
            spaces[-1] = True
        else:
            words.append(text[start:end])
            spaces.append(False)
    return Doc(vocab, words=words, spaces=spaces)


def _first_odd(tokens: Iterable[tuple[int, int]], doc: Doc) -> str:
    made = {(token.idx, token.idx + len(token)) for token in doc}
    odd = next((place for place in tokens if place not in made), None)
    return "something is between them, or after them" if odd is None else f"one is at {odd}"


# --- annotation ----------------------------------------------------------------------------


def _span(doc: Doc, row: Data, what: str) -> Span:
    ids = {"label": row.get("label", ""), "kb_id": row.get("kb_id", ""), "span_id": row.get("id", "")}
    span = doc.char_span(row["start"], row["end"], **ids)
    if span is None:
        raise ValueError(Errors.L605.format(what=what, start=row["start"], end=row["end"]))
    return span


def _write_sentences(doc: Doc, rows: Iterable[Data]) -> None:
    begins = {row["start"]: row for row in rows}
    for token in doc:
        token.is_sent_start = begins.pop(token.idx, None) is not None
    for row in begins.values():
        raise ValueError(Errors.L605.format(what="sentence", **row))


def _write_spans(doc: Doc, data: Mapping[str, Any], annotated: bool) -> None:
    """Entities, span groups, and what is known of their members."""
    rows = list(data.get("entities", ()))
    spans = [_span(doc, row, "entity") for row in rows]
    if annotated:
        missing = [_span(doc, row, "unknown part") for row in data.get("unknown", ())]
        doc.set_ents(spans, missing=missing, default="outside")
    for key, group in data.get("spans", {}).items():
        members = [_span(doc, row, "span") for row in group["spans"]]
        doc.spans[key] = SpanGroup(doc, name=key, attrs=dict(group.get("attrs", {})), spans=members)
        rows += group["spans"]
        spans += members
    both = list(zip(spans, rows, strict=True))
    for kind, name in (("labels", "labels"), ("best", "luke_label"), ("vectors", "vector")):
        told = [(span, row[name]) for span, row in both if row.get(name) not in (None, "")]
        if told:
            write_entities(doc, [span for span, _ in told], **{kind: [value for _, value in told]})  # type: ignore[arg-type]
    linked = [(s, row["candidates"]) for s, row in both if row.get("candidates") is not None]
    if linked:
        titles: Any = [[(c["title"], c["score"]) for c in candidates] for _, candidates in linked]
        write_all_candidates(doc, [span for span, _ in linked], titles)


def _write_relations(doc: Doc, data: Mapping[str, Any], known: Iterable[str]) -> None:
    def relation(row: Data) -> Relation:
        head, tail = (_span(doc, row[end], f"{end} of a relation") for end in ("head", "tail"))
        return Relation(head, tail, row["label"], row.get("score", 1.0), row.get("id", ""))

    def fact(row: Data) -> Fact:
        names = (row["head"], row["tail"], row["label"], row.get("score", 1.0), row.get("id", ""))
        return Fact(*names, tuple(map(relation, row["evidence"])))

    known = set(known)
    if "relations" in known:
        write_relations(doc, map(relation, data["relations"]))
    if "facts" in known:
        write_facts(doc, map(fact, data["facts"]))
    if "unsure_relations" in data:
        write_unsure(doc, map(relation, data["unsure_relations"]))
    for kind, labels in data.get("looked_for", {}).items():
        doc.user_data[LOOKED_FOR[kind]] = list(labels)


def _write_beside(doc: Doc, data: Mapping[str, Any]) -> None:
    if "cats" in data:
        doc.cats = dict(data["cats"])
    for name, write in (
        ("text_pair", write_text_pair),
        ("question", write_question),
        ("choices", write_choices),
    ):
        if name in data:
            write(doc, data[name])
    if "choice" in data:
        number, scores = data["choice"]["number"], data["choice"]["scores"]
        write_choice(doc, number)
        write_kind(doc, "choice", {"number": number, "scores": list(map(float, scores))})
    if "tags" in data:
        tags = [(_span(doc, row, "tag"), row["tag"]) for row in data["tags"]]
        write_kind(doc, "tags", {f"{s.start_char}:{s.end_char}:": tag for s, tag in tags})
