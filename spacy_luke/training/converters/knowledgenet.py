"""KnowledgeNet's facts: sentences with the character spans of subject and object.

Mesquita et al., 2019, https://aclanthology.org/D19-1069
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from ...annotation import RELATIONS_LOOKED_FOR, write_relations
from ...files import read_json_lines
from ...types import Relation
from .build import Mention, build_text_doc
from .files import located

LABEL = "ENTITY"


def convert_knowledgenet(path: str | Path, tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert rows of facts; all rows of one sentence make one document.

    path (str | Path): A `.jsonl` or `.jsonl.xz` file. A row without spans tells that its property was looked
        for and not found.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): With `doc.ents` of label "ENTITY", `kb_id_` where it is known, and relations.
        `doc.user_data[RELATIONS_LOOKED_FOR]` has the properties of its rows, `doc.user_data["fold"]` the published
        fold.
    """
    rows_by_text: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    places: dict[tuple[str, str], str] = {}
    for place, row in read_json_lines(path):
        with located(path, place):
            key = row["doc"], row["text"]
            rows_by_text.setdefault(key, []).append(row)
            places.setdefault(key, place)
    for key, rows in rows_by_text.items():
        with located(path, f"{places[key]} and others of its text"):
            doc = _doc(tokenizer, key[1], rows)
        yield doc


def _doc(tokenizer: Callable[[str], Doc], text: str, rows: list[Mapping[str, Any]]) -> Doc:
    facts = [row for row in rows if row["subject"] is not None]
    links: dict[tuple[int, int], str] = {}
    for row in facts:
        for role in ("subject", "object"):
            place = (row[role][0], row[role][1])
            links[place] = links.get(place) or row[f"{role}_qid"] or ""
    mentions = [Mention(*place, LABEL, kb_id=kb_id) for place, kb_id in sorted(links.items())]
    doc, spans = build_text_doc(tokenizer, text, mentions)
    by_tokens = {(span.start, span.end): span for span in spans}

    def mention(place: tuple[int, int]) -> Span:
        tokens = doc.char_span(*place, alignment_mode="expand")
        return by_tokens[tokens.start, tokens.end]

    found = {(tuple(row["subject"]), tuple(row["object"]), row["property"]): None for row in facts}
    write_relations(doc, [Relation(mention(head), mention(tail), label) for head, tail, label in found])
    for token in doc:
        token.is_sent_start = token.i == 0  # a row is a sentence
    doc.user_data["fold"] = rows[0]["fold"]
    doc.user_data[RELATIONS_LOOKED_FOR] = sorted({row["property"] for row in rows})
    return doc
