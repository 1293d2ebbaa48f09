"""To SpERT: a row a sentence. See `converters/spert.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..converters.records import Losses
from .marked import Sentences, mark, shown


def export_spert(docs: Iterable[Doc], target: Path, losses: Losses, source: Path) -> None:
    """Write a list of sentences with tokens, entities and relations. `orig_id` names the document.

    docs (Iterable[Doc]): The documents; one without sentence boundaries is one sentence.
    target (Path): `.json` file.
    losses (Losses): What the format can't hold, such as relations between sentences, is listed there.
    source (Path): The documents' file, for that list.
    """
    rows: list[dict[str, Any]] = []
    for marked in mark(docs, losses, source):
        sentences = Sentences(marked.doc)
        name = marked.group or marked.name
        fresh: list[dict[str, Any]] = [
            {"tokens": tokens, "entities": [], "relations": [], "orig_id": name}
            for tokens in sentences.tokens
        ]
        numbers: dict[int, tuple[int, int]] = {}  # of a mention: its sentence and its number there
        for i, span in enumerate(marked.spans):
            place = sentences.place(span)
            if place is None:
                losses.add("left out: a mention across sentences", source, marked.name, span.text)
                continue
            sentence, start, end = place
            entities = fresh[sentence]["entities"]
            numbers[i] = sentence, len(entities)
            entities.append({"type": span.label_, "start": start, "end": end})
        for relation, head, tail in marked.ends(losses, source):
            ends = numbers.get(head), numbers.get(tail)
            if ends[0] is None or ends[1] is None or ends[0][0] != ends[1][0]:
                losses.add("left out: a relation across sentences", source, marked.name, shown(relation))
                continue
            link = {"type": relation.label, "head": ends[0][1], "tail": ends[1][1]}
            fresh[ends[0][0]]["relations"].append(link)
        for row in fresh:
            if marked.relations is None:
                del row["relations"]
        rows += fresh
    target.write_text(json.dumps(rows, ensure_ascii=False), "utf8")
