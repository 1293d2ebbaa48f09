"""From texts and spans to word ids, entity ids and places: what each task makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import Errors
from ..entities import EntityVocab
from ..spans import CharSpan, TokenSpan
from .arguments import TextInput

# How many markers a task puts around entities.
MARKERS = {"entity_classification": 1, "entity_pair_classification": 2}


@dataclass
class EncodedText:
    """One text as ids, without the special tokens around it.

    ids (list[int]): Its word pieces.
    entity_ids (list[int] | None): Its entities; None if it was given without spans.
    spans (list[tuple[int, int]]): The first word piece of each entity and the one after its last.
    offsets (list[tuple[int, int] | None] | None): The characters of each word piece, None for a marker; None
        if nobody asked.
    words (list[tuple[int, int]] | None): The characters of each word, if it was given as words.
    """

    ids: list[int]
    entity_ids: list[int] | None
    spans: list[TokenSpan]
    offsets: list[CharSpan | None] | None = None
    words: list[CharSpan] | None = None


def encoded_text(
    ids: Sequence[int], entity_ids: Sequence[int] | None, spans: Sequence[TokenSpan] | None
) -> EncodedText:
    """A text that is ids already.

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
    return EncodedText(list(ids), entities, places)


def apply_task(
    task: str | None,
    text: TextInput,
    ids: list[int],
    offsets: list[CharSpan | None] | None,
    spans: list[TokenSpan],
    entities: EntityVocab,
    markers: Sequence[int],
) -> EncodedText:
    """Give a text its entities, and its markers if the task has them.

    task (str | None): The tokenizer's task.
    text (TextInput): What was asked.
    ids (list[int]): The word pieces; markers are put into this list.
    offsets (list[tuple[int, int] | None] | None): Their characters, if somebody asked; None is put in for
        markers.
    spans (list[tuple[int, int]]): Where its entities are among them.
    entities (EntityVocab): The entity vocabulary.
    markers (Sequence[int]): Ids of the tokens around the entity or head, and around the tail.
    RETURNS (EncodedText): The text. Spans of marked entities include their markers.
    RAISES (ValueError): If there are fewer markers than the task needs.
    """
    needed = MARKERS.get(task or "", 0)
    if len(markers) < needed:
        raise ValueError(Errors.L147.format(task=task, needed=needed, found=len(markers)))
    encoded = EncodedText(ids, None, spans, offsets, text.words)
    if text.spans is None:
        return encoded
    encoded.entity_ids = [entities.mask_id] * len(spans)
    if task == "entity_classification":
        _mark(encoded, spans[0], markers[0])
        encoded.spans = [(spans[0][0], spans[0][1] + 2)]
    elif task == "entity_pair_classification":
        encoded.entity_ids = [entities.mask_id, entities.mask2_id]
        encoded.spans = _mark_pair(encoded, spans, markers)
    elif text.titles is not None:
        encoded.entity_ids = entities.lookup(text.titles)
    return encoded


def _mark(text: EncodedText, span: TokenSpan, marker: int) -> None:
    start, end = span
    text.ids.insert(end, marker)
    text.ids.insert(start, marker)
    if text.offsets is not None:
        text.offsets.insert(end, None)
        text.offsets.insert(start, None)


def _mark_pair(text: EncodedText, spans: Sequence[TokenSpan], markers: Sequence[int]) -> list[TokenSpan]:
    """Mark head and tail, the one that starts later first, so that the other's offsets still hold.

    For spans that lie in one another the markers end up where transformers puts them: models were trained so.
    """
    (h0, h1), (t0, t1) = head, tail = spans[0], spans[1]
    if h0 < t0:
        _mark(text, tail, markers[1])
        _mark(text, head, markers[0])
        return [(h0, h1 + 2), (t0 + 2, t1 + 4)]
    _mark(text, head, markers[0])
    _mark(text, tail, markers[1])
    return [(h0 + 2, h1 + 4), (t0, t1 + 2)]
