"""Every kind of annotation, in one table: its attribute, how it is read and written, how it follows its text.

The attributes, such as `span._.luke_label` and `doc._.luke_relations`, are registered from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from . import entities, relations, texts
from .moving import Place, keep, move_pairs, move_rows, move_vectors


class Kind(NamedTuple):
    """One kind of annotation.

    name (str): Under what it is stored.
    owner (type): Doc, Span or Token: what has the attribute.
    attribute (str): The extension attribute.
    read (Callable): Its getter. A function of a module, because other processes find it by name.
    write (Callable): Its setter, which checks what is assigned; None forgets it.
    move (Callable): Gives what is stored the places that it has in another document; `keep` for what has none.
    """

    name: str
    owner: Any
    attribute: str
    read: Callable[..., Any]
    write: Callable[..., None]
    move: Callable[[Any, Place], Any]


_TABLE = (
    Kind("best", Span, "luke_label", entities.read_label, entities.write_label, move_rows),
    Kind("labels", Span, "luke_labels", entities.read_labels, entities.write_labels, move_rows),
    Kind("vectors", Span, "luke_vector", entities.read_vector, entities.write_vector, move_vectors),
    Kind(
        "candidates", Span, "luke_candidates", entities.read_candidates, entities.write_candidates, move_rows
    ),
    Kind("relations", Doc, "luke_relations", relations.read_relations, relations.write_relations, move_pairs),
    Kind("unsure", Doc, "luke_unsure_relations", relations.read_unsure, relations.write_unsure, move_pairs),
    Kind("facts", Doc, "luke_facts", relations.read_facts, relations.write_facts, move_pairs),
    Kind("text_pair", Doc, "luke_text_pair", texts.read_text_pair, texts.write_text_pair, keep),
    Kind("question", Doc, "luke_question", texts.read_question, texts.write_question, keep),
    Kind("choices", Doc, "luke_choices", texts.read_choices, texts.write_choices, keep),
    Kind("choice", Doc, "luke_choice", texts.read_choice, texts.write_choice, keep),
    Kind("tags", Token, "luke_tag", texts.read_tag, texts.write_tag, move_rows),
)
KINDS = {kind.name: kind for kind in _TABLE}


def set_extensions() -> None:
    """Register `span._.luke_label`, `luke_labels`, `luke_vector`, `luke_candidates`, `token._.luke_tag` and
    `doc._.luke_relations`, `luke_unsure_relations`, `luke_facts`, `luke_text_pair`, `luke_question`, `luke_choices`,
    `luke_choice`.

    Components do this themselves; scripts that only read or write DocBins call it. A second call does nothing.

    RAISES (ValueError): If other code has registered one of the names.
    """
    missing = [kind for kind in KINDS.values() if not kind.owner.has_extension(kind.attribute)]
    for kind in KINDS.values():
        if kind not in missing and not _is_ours(kind):
            getter = kind.owner.get_extension(kind.attribute)[2]
            raise ValueError(Errors.L401.format(kind=kind.owner.__name__, name=kind.attribute, getter=getter))
    for kind in missing:
        kind.owner.set_extension(kind.attribute, getter=kind.read, setter=kind.write)


def _is_ours(kind: Kind) -> bool:
    """By name, not identity: a reloaded module is still ours."""
    default, method, *functions = kind.owner.get_extension(kind.attribute)
    names = [(getattr(f, "__module__", None), getattr(f, "__qualname__", None)) for f in functions]
    ours = [(f.__module__, f.__qualname__) for f in (kind.read, kind.write)]
    return default is None and method is None and names == ours
