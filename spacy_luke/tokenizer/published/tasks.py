"""From encoded texts to inputs: the entity ids and markers that each task gives them."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Errors
from ..entities import EntityVocab
from ..options import MARKERS
from ..spans import EncodedText, TokenSpan
from .arguments import TextInput


def text_of_ids(
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
    return EncodedText(list(ids), places, entity_ids=entities)


def apply_task(
    task: str | None, encoded: EncodedText, text: TextInput, entities: EntityVocab, markers: Sequence[int]
) -> EncodedText:
    """Give a text its entities, and its markers if the task has them.

    task (str | None): The tokenizer's task.
    encoded (EncodedText): The text as ids; it changes.
    text (TextInput): The same text as it was given.
    entities (EntityVocab): The entity vocabulary.
    markers (Sequence[int]): Ids of the tokens around the entity or head, and around the tail.
    RETURNS (EncodedText): The text. Spans of marked entities include their markers.
    RAISES (ValueError): If there are fewer markers than the task needs.
    """
    needed = MARKERS.get(task or "", 0)
    if len(markers) < needed:
        raise ValueError(Errors.L147.format(task=task, needed=needed, found=len(markers)))
    encoded.words = text.words
    if text.spans is None:
        return encoded
    if needed:
        encoded.entity_ids = [entities.mask_id, entities.mask2_id][:needed]
        encoded.mark(markers)
    elif task is None and text.titles is not None:
        encoded.entity_ids = entities.lookup(text.titles)
    else:
        encoded.entity_ids = [entities.mask_id] * len(encoded.spans)
    return encoded
