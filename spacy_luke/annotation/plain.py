"""A document as plain data: what there is to know of it, in rows that JSON can hold. docs/DATA.md describes them.

Offsets are characters of the text. `restore.py` makes documents of such data again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from ..errors import Errors
from ..types import Fact, Relation
from .entities import get_candidates, get_label, get_labels, get_vector, has_candidates, has_labels
from .identity import get_id, get_meta, plain_json
from .relations import (
    ENTITIES_LOOKED_FOR,
    RELATIONS_LOOKED_FOR,
    MentionRow,
    get_facts,
    get_relations,
    get_unsure,
    has_relations,
    mention_row,
)
from .store import get_kind
from .texts import get_choice, get_choices, get_question, get_tag, get_text_pair

SCHEMA = "spacy-luke.document.v1"
KNOWN = ("sentences", "entities", "relations", "facts")  # what somebody may or may not have looked for
LOOKED_FOR = {"entities": ENTITIES_LOOKED_FOR, "relations": RELATIONS_LOOKED_FOR}

Data = dict[str, Any]


def to_dict(doc: Doc, *, tokens: bool = False, vectors: bool = False) -> Data:
    """Get all that is known of a document as plain data, which strict JSON can hold.

    doc (Doc): The document.
    tokens (bool): Whether to give the offsets of its tokens. Without them, `from_dict` cuts the text into tokens anew.
        Where tokens have tags they are given in any case.
    vectors (bool): Whether to give the vectors of entities.
    RETURNS (dict[str, Any]): The data; see docs/DATA.md.
    RAISES (ValueError): If a score, a vector or metadata have something that JSON doesn't have, such as NaN.
    """
    rows = _Rows(doc, vectors)
    data: Data = {
        "schema": SCHEMA,
        "id": get_id(doc),
        "text": rows.text,
        "lang": doc.lang_,
        "meta": get_meta(doc),
        "annotated": _annotated(doc),
        "sentences": [_place(start, end) for start, end in rows.sentences],
        "entities": [rows.entity(ent) for ent in doc.ents],
        "relations": [rows.relation(relation) for relation in get_relations(doc)],
        "facts": [rows.fact(fact) for fact in get_facts(doc)],
    }
    optional = {
        "unknown": _unknown(doc) if "entities" in data["annotated"] else [],
        "looked_for": {
            k: list(doc.user_data[name]) for k, name in LOOKED_FOR.items() if name in doc.user_data
        },
        "unsure_relations": [rows.relation(relation) for relation in get_unsure(doc)],
        "spans": {key: rows.group(key) for key in doc.spans},
        **_beside(doc),
    }
    data.update({name: value for name, value in optional.items() if value not in (None, [], {})})
    if tokens or "tags" in data:
        data["tokens"] = [[token.idx, token.idx + len(token)] for token in doc]
    return data


@dataclass
class _Rows:
    """Makes rows of a document's spans, relations and facts."""

    doc: Doc
    vectors: bool

    @cached_property
    def text(self) -> str:
        return str(self.doc.text)

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        known = self.doc.has_annotation("SENT_START")
        return [(sent.start_char, sent.end_char) for sent in self.doc.sents] if known else []

    @cached_property
    def _ends(self) -> list[int]:
        return [end for _, end in self.sentences]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.sentences]

    @cached_property
    def _numbers(self) -> dict[MentionRow, int]:
        return {mention_row(ent): number for number, ent in enumerate(self.doc.ents)}

    def span(self, span: Span) -> Data:
        start, end = span.start_char, span.end_char
        ids = {"label": span.label_, "kb_id": span.kb_id_, "id": span.id_}
        return {"start": start, "end": end, "text": self.text[start:end], **ids}

    def entity(self, span: Span) -> Data:
        label, labels = get_label(span), get_labels(span)
        candidates = [{"title": c.title, "score": _number(c.score)} for c in get_candidates(span)]
        row = {
            **self.span(span),
            "luke_label": label,
            "score": labels.get(label),
            "labels": labels if has_labels(span) else None,
            "candidates": candidates if has_candidates(span) else None,
        }
        if self.vectors:
            row["vector"] = _vector(span)
        return row

    def group(self, key: str) -> Data:
        group = self.doc.spans[key]
        attrs = plain_json(group.attrs, f"doc.spans[{key!r}].attrs")
        return {"attrs": attrs, "spans": [self.entity(span) for span in group]}

    def mention(self, span: Span) -> Data:
        return {**self.span(span), "entity": self._numbers.get(mention_row(span))}

    def relation(self, relation: Relation) -> Data:
        head, tail, label, score, id_ = relation
        return {
            "head": self.mention(head),
            "tail": self.mention(tail),
            "label": label,
            "score": score,
            "id": id_,
            "sentences": sorted({*self._sentences_of(head), *self._sentences_of(tail)}),
        }

    def fact(self, fact: Fact) -> Data:
        return {
            "head": fact.head,
            "head_type": fact.head_type,
            "tail": fact.tail,
            "tail_type": fact.tail_type,
            "label": fact.label,
            "score": fact.score,
            "id": fact.id,
            "evidence": [self.relation(pair) for pair in fact.pairs],
        }

    def _sentences_of(self, span: Span) -> range:
        return range(bisect_right(self._ends, span.start_char), bisect_left(self._starts, span.end_char))


def _place(start: int, end: int) -> Data:
    return {"start": start, "end": end}


def _annotated(doc: Doc) -> list[str]:
    known = {
        "sentences": doc.has_annotation("SENT_START"),
        "entities": doc.has_annotation("ENT_IOB"),
        "relations": has_relations(doc),
        "facts": get_kind(doc, "facts") is not None,
    }
    return [name for name in KNOWN if known[name]]


def _unknown(doc: Doc) -> list[Data]:
    """Runs of tokens of which nobody knows whether they are of an entity."""
    runs: list[Data] = []
    last = -2
    for token in doc:
        if token.ent_iob == 0:
            end = token.idx + len(token)
            if token.i == last + 1:
                runs[-1]["end"] = end
            else:
                runs.append(_place(token.idx, end))
            last = token.i
    return runs


def _beside(doc: Doc) -> Data:
    """What pipes on texts read and write."""
    question, choice = get_question(doc), get_choice(doc)
    tags = [(token, get_tag(token)) for token in doc] if get_kind(doc, "tags") else []
    return {
        "cats": plain_json(doc.cats, "doc.cats"),
        "text_pair": get_text_pair(doc),
        "question": list(question) if isinstance(question, tuple) else question,
        "choices": list(get_choices(doc)),
        "choice": choice and {"number": choice.number, "scores": list(map(_number, choice.scores))},
        "tags": [{**_place(token.idx, token.idx + len(token)), "tag": tag} for token, tag in tags if tag],
    }


def _number(value: float) -> float:
    number: float = plain_json(float(value), "A score")
    return number


def _vector(span: Span) -> list[float] | None:
    vector = get_vector(span)
    if vector is None:
        return None
    if not np.isfinite(vector).all():
        raise ValueError(Errors.L604.format(what=f"The vector of {span.text!r}", value=np.nan, type="float"))
    values: list[float] = vector.tolist()
    return values
