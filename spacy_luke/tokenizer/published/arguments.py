"""Reading the arguments of a call: texts, spans and entities, one or many, in their published forms."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

from ...errors import Errors
from ..spans import CharSpan, check_spans
from .presplit import WordText, is_words


@dataclass
class TextInput:
    """One text and what is to be read about its entities.

    text (str): The text.
    spans (list[tuple[int, int]] | None): Character offsets of its entities; None if they weren't given.
    titles (list[str] | None): Titles of these entities; None for [MASK] entities.
    words (list[tuple[int, int]] | None): Character offsets of its words, if it was given as words.
    """

    text: str
    spans: list[CharSpan] | None = None
    titles: list[str] | None = None
    words: list[CharSpan] | None = None


@dataclass
class Example:
    """One input: a text, or two."""

    first: TextInput
    second: TextInput | None = None


def read_single(
    text: Any,
    text_pair: Any,
    entity_spans: Any,
    entity_spans_pair: Any,
    entities: Any,
    entities_pair: Any,
    task: str | None,
    presplit: bool = False,
) -> Example:
    """Read one input.

    text (str | Sequence[str]): The first text, or its words.
    text_pair (str | Sequence[str] | None): The second one. Tasks have none: it is ignored with a task.
    entity_spans (list[tuple[int, int]] | None): Spans in the first text, of characters or of words.
    entity_spans_pair (list[tuple[int, int]] | None): Spans in the second one.
    entities (list[str] | None): Titles for the first; ignored with a task.
    entities_pair (list[str] | None): Titles for the second.
    task (str | None): The tokenizer's task.
    presplit (bool): Whether texts are words, and spans count words.
    RETURNS (Example): The input.
    """
    allowed = is_words if presplit else _is_text
    if not allowed(text) or not (text_pair is None or allowed(text_pair)):
        message = Errors.L138 if presplit else Errors.L120
        raise ValueError(message.format(text=type(text).__name__, pair=type(text_pair).__name__))
    if task is not None:
        return Example(_read_text(text, entity_spans, None, task))
    first = _read_text(text, entity_spans, entities)
    return Example(
        first, None if text_pair is None else _read_text(text_pair, entity_spans_pair, entities_pair)
    )


def read_batch(
    text: Any,
    text_pair: Any,
    entity_spans: Any,
    entity_spans_pair: Any,
    entities: Any,
    entities_pair: Any,
    task: str | None,
    presplit: bool = False,
) -> list[Example]:
    """Read many inputs; the arguments are lists of those of `read_single`.

    As in transformers, an argument for the second texts counts only together with its like for the first
    ones, and an empty list of titles means [MASK] entities.

    RETURNS (list[Example]): The inputs.
    """
    if not text:
        raise ValueError(Errors.L121)
    n = len(text)
    if text_pair is not None and (isinstance(text_pair, str) or len(text_pair) != n):
        raise ValueError(Errors.L122.format(name="text_pair", found=len(text_pair), n=n))
    spans, spans_pair = _read_columns("entity_spans", entity_spans, entity_spans_pair, n)
    titles, titles_pair = _read_columns("entities", entities, entities_pair, n)
    if entities_pair is None:
        titles = [row if row is None or len(row) else None for row in titles]
    pairs = [None] * n if text_pair is None else text_pair
    same = [task] * n, [presplit] * n
    return list(map(read_single, text, pairs, spans, spans_pair, titles, titles_pair, *same))


def _read_columns(name: str, rows: Any, rows_pair: Any, n: int) -> tuple[list[Any], list[Any]]:
    if rows is None:
        return [None] * n, [None] * n
    columns = []
    for column_name, column in ((name, rows), (f"{name}_pair", rows_pair)):
        if column is None:
            columns.append([None] * n)
            continue
        if len(column) != n:
            # transformers trips over a list that is too short and doesn't notice one that is too long
            error = IndexError if len(column) < n else ValueError
            raise error(Errors.L122.format(name=column_name, found=len(column), n=n))
        if any(row is None for row in column):
            raise TypeError(Errors.L123.format(name=column_name))
        columns.append(list(column))
    return columns[0], columns[1]


def _read_text(text: Any, spans: Any, titles: Any, task: str | None = None) -> TextInput:
    words = None if isinstance(text, str) else WordText.join(text)
    read = TextInput(text) if words is None else TextInput(words.text, words=words.spans)
    if spans is None and task is None:
        return read
    if task is not None:
        _check_task_spans(spans, task)
    elif not isinstance(spans, list):
        raise TypeError(Errors.L124.format(found=spans))
    pairs = _read_spans(spans)
    if words is not None:
        pairs = words.characters(pairs)
    check_spans(read.text, pairs)
    read.spans = pairs
    if titles is not None:
        if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
            raise ValueError(Errors.L125.format(found=titles))
        if len(titles) != len(pairs):
            raise ValueError(Errors.L126.format(n_titles=len(titles), n_spans=len(pairs)))
        read.titles = titles
    return read


def _check_task_spans(spans: Any, task: str) -> None:
    wanted = {"entity_classification": 1, "entity_pair_classification": 2}.get(task)
    good = isinstance(spans, list) and (len(spans) == wanted if wanted else len(spans) > 0)
    if not good:
        needed = f"{wanted} span{'s' if wanted == 2 else ''}" if wanted else "one span or more"
        raise ValueError(Errors.L127.format(task=task, needed=needed, found=spans))


def _read_spans(spans: list[Any]) -> list[CharSpan]:
    if not all(isinstance(span, tuple) and len(span) == 2 for span in spans):
        raise ValueError(Errors.L124.format(found=spans))
    if all(type(place) is int for span in spans for place in span):
        return spans
    return [(operator.index(start), operator.index(end)) for start, end in spans]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
