"""Records of Prodigy and tools like it: a text, its spans and relations, and an answer to them, a JSON object a line.

{"text": "...", "spans": [{"start": 0, "end": 9, "label": "DRUG"}, ...],
 "relations": [{"head_span": {"start": 0, "end": 9}, "child_span": {...}, "label": "treats"}], "answer": "accept"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from ...annotation import write_relations
from ...files import read_json_lines
from .build import Mention, build_text_doc
from .files import located

LABEL = "ENTITY"  # of an end of a relation that is marked as nothing else


def convert_prodigy(path: str | Path, tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert a file of records. Those that were ignored are left out.

    path (str | Path): A `.jsonl` file.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): With `doc.ents`, relations if there are any, and `doc.user_data["answer"]`.
    RAISES (ValueError): If a record is none of these.
    """
    for place, row in read_json_lines(path):
        if row.get("answer") == "ignore":
            continue
        with located(path, place):
            doc = _doc(tokenizer, row)
        yield doc


def _doc(tokenizer: Callable[[str], Doc], row: Mapping[str, Any]) -> Doc:
    pairs = row.get("relations")
    labels = {(span["start"], span["end"]): span["label"] for span in row.get("spans", ())}
    for pair in pairs or ():
        for span in (pair["head_span"], pair["child_span"]):
            labels.setdefault((span["start"], span["end"]), span.get("label") or LABEL)
    doc, _ = build_text_doc(
        tokenizer, row["text"], [Mention(*place, label) for place, label in labels.items()]
    )

    def mention(span: Mapping[str, Any]) -> Span:
        return doc.char_span(
            span["start"], span["end"], labels[span["start"], span["end"]], alignment_mode="expand"
        )

    if pairs is not None:
        ends = [(mention(pair["head_span"]), mention(pair["child_span"]), pair["label"]) for pair in pairs]
        write_relations(doc, ends)
    if "answer" in row:
        doc.user_data["answer"] = row["answer"]
    return doc
