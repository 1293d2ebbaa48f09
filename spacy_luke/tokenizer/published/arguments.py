"""The arguments of a call: texts, spans and entities, one or many, in their published forms."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import Errors
from ..options import MARKERS
from ..spans import CharSpan, EncodedText, PieceSpan, check_spans


@dataclass
class TextInput:
    """One text and its entities.

    text (str): The text.
    spans (list[tuple[int, int]] | None): Character offsets of its entities; None if they weren't given.
    titles (list[str] | None): Titles of these entities; None for [MASK] entities.
    words (list[tuple[int, int]] | None): Character offsets of its words, if it was given as words.
    """

    text: str
    spans: list[CharSpan] | None = None
    titles: list[str] | None = None
    words: list[CharSpan] | None = None


Example = tuple[TextInput, TextInput | None]  # one input: a text, or two


def is_batch(text: Any, presplit: bool) -> bool:
    """text (Any): The first argument of a call. presplit (bool): Whether texts are lists of words.
    RETURNS (bool): Whether it is many texts."""
    if presplit and isinstance(text, (list, tuple)) and text:
        text = text[0]
    return isinstance(text, (list, tuple))


def parse_single(
    text: Any,
    text_pair: Any,
    entity_spans: Any,
    entity_spans_pair: Any,
    entities: Any,
    entities_pair: Any,
    task: str | None,
    presplit: bool = False,
) -> Example:
    """Check the arguments for one input.

    text (str | Sequence[str]): The first text, or its words.
    text_pair (str | Sequence[str] | None): The second one. Tasks have none: it is ignored with a task.
    entity_spans (list[tuple[int, int]] | None): Spans in the first text, of characters or of words.
    entity_spans_pair (list[tuple[int, int]] | None): Spans in the second one.
    entities (list[str] | None): Titles for the first; ignored with a task.
    entities_pair (list[str] | None): Titles for the second.
    task (str | None): The tokenizer's task.
    presplit (bool): Whether texts are lists of words, and spans count words.
    RETURNS (tuple[TextInput, TextInput | None]): The input.
    """
    allowed = _is_words if presplit else _is_text
    if not allowed(text) or not (text_pair is None or allowed(text_pair)):
        message = Errors.L138 if presplit else Errors.L120
        raise ValueError(message.format(text=type(text).__name__, pair=type(text_pair).__name__))
    if task is not None:
        return _parse_text(text, entity_spans, None, task), None
    first = _parse_text(text, entity_spans, entities)
    return first, None if text_pair is None else _parse_text(text_pair, entity_spans_pair, entities_pair)


def parse_batch(
    text: Any,
    text_pair: Any,
    entity_spans: Any,
    entity_spans_pair: Any,
    entities: Any,
    entities_pair: Any,
    task: str | None,
    presplit: bool = False,
) -> list[Example]:
    """Check the arguments for many inputs, which are lists of those of `parse_single`.

    As in transformers, an argument for the second texts counts only together with its like for the first
    ones, and an empty list of titles means [MASK] entities.

    RETURNS (list[tuple[TextInput, TextInput | None]]): The inputs.
    """
    if not text:
        raise ValueError(Errors.L121)
    n = len(text)
    if text_pair is not None and (isinstance(text_pair, str) or len(text_pair) != n):
        raise ValueError(Errors.L122.format(name="text_pair", found=len(text_pair), n=n))
    spans, spans_pair = _parse_columns("entity_spans", entity_spans, entity_spans_pair, n)
    titles, titles_pair = _parse_columns("entities", entities, entities_pair, n)
    if entities_pair is None:
        titles = [row if row is None or len(row) else None for row in titles]
    pairs = [None] * n if text_pair is None else text_pair
    same = [task] * n, [presplit] * n
    return list(map(parse_single, text, pairs, spans, spans_pair, titles, titles_pair, *same))


def _parse_columns(name: str, rows: Any, rows_pair: Any, n: int) -> tuple[list[Any], list[Any]]:
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


def _parse_text(text: Any, spans: Any, titles: Any, task: str | None = None) -> TextInput:
    parsed = TextInput(text) if isinstance(text, str) else _join_words(text)
    if spans is None and task is None:
        return parsed
    if task is not None:
        _check_task_spans(spans, task)
    elif not isinstance(spans, list):
        raise TypeError(Errors.L124.format(found=spans))
    parsed.spans = _parse_spans(spans)
    if parsed.words is not None:
        parsed.spans = _word_spans(parsed.spans, parsed.words)
    check_spans(parsed.text, parsed.spans)
    if titles is not None:
        if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
            raise ValueError(Errors.L125.format(found=titles))
        if len(titles) != len(spans):
            raise ValueError(Errors.L126.format(n_titles=len(titles), n_spans=len(spans)))
        parsed.titles = titles
    return parsed


def _check_task_spans(spans: Any, task: str) -> None:
    wanted = MARKERS.get(task)
    good = isinstance(spans, list) and (len(spans) == wanted if wanted else len(spans) > 0)
    if not good:
        needed = f"{wanted} span{'s' if wanted == 2 else ''}" if wanted else "one span or more"
        raise ValueError(Errors.L127.format(task=task, needed=needed, found=spans))


def _parse_spans(spans: list[Any]) -> list[CharSpan]:
    if not all(isinstance(span, tuple) and len(span) == 2 for span in spans):
        raise ValueError(Errors.L124.format(found=spans))
    if all(type(place) is int for span in spans for place in span):
        return spans
    return [(operator.index(start), operator.index(end)) for start, end in spans]


def parse_ids(
    ids: Sequence[int], entity_ids: Sequence[int] | None, spans: Sequence[PieceSpan] | None
) -> EncodedText:
    """Check a text that is ids already.

    ids (Sequence[int]): Its word pieces.
    entity_ids (Sequence[int] | None): Its entities.
    spans (Sequence[tuple[int, int]] | None): The first word piece of each entity and the one after its last.
    RETURNS (EncodedText): The text.
    RAISES (ValueError): If there are not as many spans as entities.
    """
    entities = None if entity_ids is None else list(entity_ids)
    places = [(start, end) for start, end in spans or ()]
    if len(entities or ()) != len(places):
        raise ValueError(Errors.L144.format(n=len(entities or ()), found=len(places)))
    return EncodedText(list(ids), places, entity_ids=entities)


# --- texts that are given as words ---------------------------------------------------------


def _join_words(words: Sequence[str]) -> TextInput:
    """Words as one text, with a U+0020 between each two; all that holds for texts holds for it.

    ["Ana", "met", "Bo"]  ->  "Ana met Bo"
    """
    spans, start = [], 0
    for word in words:
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return TextInput(" ".join(words), words=spans)


def _word_spans(spans: Sequence[tuple[int, int]], words: Sequence[CharSpan]) -> list[CharSpan]:
    """Character offsets of spans of words: the first word of each, and the one after its last."""
    n = len(words)
    for start, end in spans:
        if start < 0 or end <= start:
            raise ValueError(Errors.L139.format(start=start, end=end))
        if end > n:
            raise IndexError(Errors.L140.format(start=start, end=end, n=n))
    return [(words[start][0], words[end - 1][1]) for start, end in spans]


def _is_words(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
