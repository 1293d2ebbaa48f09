"""SQuAD 1.1 and 2.0, also the many data sets of its form: paragraphs with questions and answers.

https://rajpurkar.github.io/SQuAD-explorer/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...files import read_json
from .fields import may, need, rows_of
from .files import located
from .records import Conversion, Record, Region


def read_squad(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read `{"data": [{"title", "paragraphs": [{"context", "qas": [...]}]}]}`.

    path (Path): A `.json` file.
    conversion (Conversion): Where questions that are asked twice are listed.
    YIELDS (Record): One a paragraph: its questions in `doc._.luke_question`, their answers in
        `doc.spans["luke_answers"]`, labelled with the question. Paragraphs of one article belong together.
    """
    content = read_json(path)
    with located(path, "the whole file"):
        articles = rows_of(content, "data", dict)
        need(content, "data", list)
    for i, (_, article) in enumerate(articles, start=1):
        with located(path, f"article {i}"):
            title = may(article, "title", str, "") or f"article {i}"
            paragraphs = rows_of(article, "paragraphs", dict)
        for j, (_, paragraph) in enumerate(paragraphs, start=1):
            place = f"article {i} ({title}), paragraph {j}"
            with located(path, place):
                record = _record(paragraph, place, path, conversion)
            record.group, record.data = title, {"title": title}
            yield record


def _record(paragraph: Any, place: str, path: Path, conversion: Conversion) -> Record:
    answers: dict[str, list[Region]] = {}
    for at, asked in rows_of(paragraph, "qas", dict):
        question = " ".join(need(asked, "question", str, at).split())
        impossible = may(asked, "is_impossible", bool, False, at)
        need(asked, "answers", list, at)
        if question in answers:
            conversion.losses.add(
                "changed: question asked twice, answers joined", path, f"{place}, {at}", question
            )
        known = answers.setdefault(question, [])
        for where, answer in [] if impossible else rows_of(asked, "answers", dict, at):
            text, start = need(answer, "text", str, where), need(answer, "answer_start", int, where)
            known.append(Region(((start, start + len(text)),), "", at=where, text=text))
    record = Record(place, need(paragraph, "context", str), complete=False)
    record.answers = list(answers.items())
    return record
