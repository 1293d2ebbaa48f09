"""SpERT's data (CoNLL04, SciERC, ADE): tokens, entities and relations of a sentence; and SciERC as it was published.

https://github.com/lavis-nlp/spert; http://nlp.cs.washington.edu/sciIE (documents of sentences, with coreference)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .fields import check, may, need, rows_of
from .files import located, read_records
from .records import TOKENS, Conversion, Link, Range, Record, Region
from .words import WordText


def read_spert(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read `{"tokens", "entities": [{"type", "start", "end"}], "relations": [{"type", "head", "tail"}]}`: a list or
    one a line. `end` is one past the last token, `head` and `tail` are numbers of entities.

    path (Path): A JSON file.
    conversion (Conversion): Not used.
    YIELDS (Record): One a sentence; sentences with the same `orig_id` belong together. Rows of SciERC itself
        ("sentences", "ner", "relations", "clusters") are documents, with the entity of each mention as `id_`.
    """
    for place, row in read_records(path):
        with located(path, place):
            yield (
                _scierc(row, place) if isinstance(row, dict) and "sentences" in row else _sentence(row, place)
            )


def _sentence(row: Any, place: str) -> Record:
    text = WordText([need(row, "tokens", list)])
    regions = []
    for at, entity in rows_of(row, "entities", dict):
        start, end = need(entity, "start", int, at), need(entity, "end", int, at)
        regions.append(Region((text.range(start, end, at),), need(entity, "type", str, at), at, at))
    links = None
    if row.get("relations") is not None:
        links = []
        for at, link in rows_of(row, "relations", dict):
            head, tail = (f"entities[{need(link, role, int, at)}]" for role in ("head", "tail"))
            links.append(Link(head, tail, need(link, "type", str, at), at))
    group = row.get("orig_id")
    return Record(
        place,
        text.text,
        regions,
        links,
        tokens=text.tokens,
        sentences=text.sentences,
        unit=TOKENS,
        group="" if group is None else str(group),
    )


def _scierc(row: Any, place: str) -> Record:
    """Tokens are counted over the document, `end` is the last token, and lists hold a list for each sentence."""
    text = WordText(need(row, "sentences", list))
    clusters = {
        (check(start, int, at), check(end, int, at)): f"e{number}"
        for number, cluster in enumerate(may(row, "clusters", list, []))
        for at in [f"clusters[{number}]"]
        for start, end in cluster
    }
    regions: dict[Range, Region] = {}
    for at, mention in _rows(row, "ner"):
        start, end, label = mention
        name = f"{start}-{end}"
        place_ = text.range(start, end + 1, at)
        cluster = clusters.get((start, end), "")
        regions[start, end] = Region((place_,), label, name, at, cluster=cluster)
    links = []
    for at, (*ends, label) in _rows(row, "relations"):
        head, tail = (ends[0], ends[1]), (ends[2], ends[3])
        for start, end in (head, tail):
            if (start, end) not in regions:  # a relation to what is no entity
                regions[start, end] = Region((text.range(start, end + 1, at),), "", f"{start}-{end}", at)
        links.append(Link(f"{head[0]}-{head[1]}", f"{tail[0]}-{tail[1]}", label, at))
    found = links if row.get("relations") is not None else None
    group = may(row, "doc_key", str, "")
    return Record(
        place,
        text.text,
        list(regions.values()),
        found,
        tokens=text.tokens,
        sentences=text.sentences,
        unit=TOKENS,
        group=group,
        data={"title": group} if group else {},
    )


def _rows(row: Any, name: str) -> Iterator[tuple[str, Sequence[Any]]]:
    for i, sentence in enumerate(may(row, name, list, [])):
        for j, member in enumerate(check(sentence, list, f"{name}[{i}]")):
            yield f"{name}[{i}][{j}]", check(member, list, f"{name}[{i}][{j}]")
