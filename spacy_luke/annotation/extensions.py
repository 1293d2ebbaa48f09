"""Our attributes on spaCy's objects: `span._.luke_label`, `doc._.luke_relations` and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc, Span, Token

from ..errors import Errors
from . import entities, links, relations, texts

# kind, name, getter, setter. Module-level functions: other processes find them by name.
_EXTENSIONS: tuple[tuple[Any, str, Callable[..., Any], Callable[..., None]], ...] = (
    (Span, "luke_label", entities.read_label, entities.write_label),
    (Span, "luke_labels", entities.read_labels, entities.write_labels),
    (Span, "luke_vector", entities.read_vector, entities.write_vector),
    (Span, "luke_candidates", links.read_candidates, links.write_candidates),
    (Doc, "luke_relations", relations.read_relations, relations.write_relations),
    (Doc, "luke_facts", relations.read_facts, relations.write_facts),
    (Doc, "luke_text_pair", texts.read_text_pair, texts.write_text_pair),
    (Doc, "luke_question", texts.read_question, texts.write_question),
    (Doc, "luke_choices", texts.read_choices, texts.write_choices),
    (Doc, "luke_choice", texts.read_choice, texts.write_choice),
    (Token, "luke_tag", texts.read_tag, texts.write_tag),
)


def set_extensions() -> None:
    """Register `span._.luke_label`, `luke_labels`, `luke_vector`, `luke_candidates`, `token._.luke_tag` and
    `doc._.luke_relations`, `luke_facts`, `luke_text_pair`, `luke_question`, `luke_choices`, `luke_choice`.

    Components do this themselves; scripts that only read or write DocBins call it once. Calling it again does
    nothing.

    RAISES (ValueError): If other code has registered one of the names.
    """
    foreign = [row for row in _EXTENSIONS if row[0].has_extension(row[1]) and not _is_ours(*row)]
    for kind, name, _, _ in foreign:
        getter = kind.get_extension(name)[2]
        raise ValueError(Errors.L401.format(kind=kind.__name__, name=name, getter=getter))
    for kind, name, getter, setter in _EXTENSIONS:
        if not kind.has_extension(name):
            kind.set_extension(name, getter=getter, setter=setter)


def _is_ours(kind: Any, name: str, getter: Callable[..., Any], setter: Callable[..., None]) -> bool:
    """By name, not identity: a reloaded module is still ours."""
    default, method, *functions = kind.get_extension(name)
    if default is not None or method is not None:
        return False
    return all(
        (getattr(theirs, "__module__", None), getattr(theirs, "__qualname__", None))
        == (ours.__module__, ours.__qualname__)
        for theirs, ours in zip(functions, (getter, setter), strict=True)
    )
