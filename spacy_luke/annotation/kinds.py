"""Every kind of annotation, in one table: its attribute, how it is read and written, how it follows its text.

The attributes, such as `span._.luke_label` and `doc._.luke_relations`, are registered from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from . import entities, identity, plain, relations, restore, texts
from .moving import PAIRS, ROWS, VECTORS, WHOLE, Moving


class Kind(NamedTuple):
    """One kind of annotation.

    name (str): Under what it is stored.
    owner (type): Doc, Span or Token: what has the attribute.
    attribute (str): The extension attribute.
    getter (Callable): How it is got. A function of a module, because other processes find it by name.
    setter (Callable): How it is set: it checks what is assigned; None forgets it.
    moving (Moving): How it follows its text to another document.
    """

    name: str
    owner: Any
    attribute: str
    getter: Callable[..., Any]
    setter: Callable[..., None]
    moving: Moving


_TABLE = (
    Kind("best", Span, "luke_label", entities.get_label, entities.write_label, ROWS),
    Kind("labels", Span, "luke_labels", entities.get_labels, entities.write_labels, ROWS),
    Kind("vectors", Span, "luke_vector", entities.get_vector, entities.write_vector, VECTORS),
    Kind("candidates", Span, "luke_candidates", entities.get_candidates, entities.write_candidates, ROWS),
    Kind("relations", Doc, "luke_relations", relations.get_relations, relations.write_relations, PAIRS),
    Kind("unsure", Doc, "luke_unsure_relations", relations.get_unsure, relations.write_unsure, PAIRS),
    Kind("facts", Doc, "luke_facts", relations.get_facts, relations.write_facts, PAIRS),
    Kind("text_pair", Doc, "luke_text_pair", texts.get_text_pair, texts.write_text_pair, WHOLE),
    Kind("question", Doc, "luke_question", texts.get_question, texts.write_question, WHOLE),
    Kind("choices", Doc, "luke_choices", texts.get_choices, texts.write_choices, WHOLE),
    Kind("choice", Doc, "luke_choice", texts.get_choice, texts.write_choice, WHOLE),
    Kind("tags", Token, "luke_tag", texts.get_tag, texts.write_tag, ROWS),
    Kind("id", Doc, "luke_id", identity.get_id, identity.write_id, WHOLE),
    Kind("meta", Doc, "luke_meta", identity.get_meta, identity.write_meta, WHOLE),
)
KINDS = {kind.name: kind for kind in _TABLE}
# All of them as plain data, for `doc.to_json(underscore=["luke_data"])`. It isn't stored.
_DATA = Kind("", Doc, "luke_data", plain.to_dict, restore.write_data, WHOLE)


def set_extensions() -> None:
    """Register `span._.luke_label`, `luke_labels`, `luke_vector`, `luke_candidates`, `token._.luke_tag` and
    `doc._.luke_relations`, `luke_unsure_relations`, `luke_facts`, `luke_text_pair`, `luke_question`, `luke_choices`,
    `luke_choice`, `luke_id`, `luke_meta`, and `luke_data`, which is what `to_dict` gives.

    Components do this themselves; scripts that only read or write DocBins call it. A second call does nothing.

    RAISES (ValueError): If other code has registered one of the names.
    """
    kinds = [*KINDS.values(), _DATA]
    missing = [kind for kind in kinds if not kind.owner.has_extension(kind.attribute)]
    for kind in kinds:
        if kind not in missing and not _is_ours(kind):
            getter = kind.owner.get_extension(kind.attribute)[2]
            raise ValueError(Errors.L401.format(kind=kind.owner.__name__, name=kind.attribute, getter=getter))
    for kind in missing:
        kind.owner.set_extension(kind.attribute, getter=kind.getter, setter=kind.setter)


def _is_ours(kind: Kind) -> bool:
    """By name, not identity: a reloaded module is still ours."""
    default, method, *functions = kind.owner.get_extension(kind.attribute)
    names = [(getattr(f, "__module__", None), getattr(f, "__qualname__", None)) for f in functions]
    ours = [(f.__module__, f.__qualname__) for f in (kind.getter, kind.setter)]
    return default is None and method is None and names == ours
