"""Our attributes on spaCy's objects: `span._.luke_label`, `doc._.luke_relations` and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc, Span, Token

from . import annotation, link_annotation, text_annotation
from .errors import Errors

# kind, name, getter, setter. Module-level functions: other processes find them by name.
_EXTENSIONS: tuple[tuple[Any, str, Callable[..., Any], Callable[..., None]], ...] = (
    (Span, "luke_label", annotation.read_label, annotation.write_label),
    (Span, "luke_labels", annotation.read_labels, annotation.write_labels),
    (Span, "luke_vector", annotation.read_vector, annotation.write_vector),
    (Span, "luke_candidates", link_annotation.read_candidates, link_annotation.write_candidates),
    (Doc, "luke_relations", annotation.read_relations, annotation.write_relations),
    (Doc, "luke_facts", annotation.read_facts, annotation.write_facts),
    (Doc, "luke_text_pair", text_annotation.read_text_pair, text_annotation.write_text_pair),
    (Doc, "luke_question", text_annotation.read_question, text_annotation.write_question),
    (Doc, "luke_choices", text_annotation.read_choices, text_annotation.write_choices),
    (Doc, "luke_choice", text_annotation.read_choice, text_annotation.write_choice),
    (Token, "luke_tag", text_annotation.read_tag, text_annotation.write_tag),
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
