"""Our attributes on spaCy's objects: `span._.luke_label`, `doc._.luke_relations` and their like."""

from __future__ import annotations

from ..errors import Errors
from .kinds import KINDS, Kind


def set_extensions() -> None:
    """Register `span._.luke_label`, `luke_labels`, `luke_vector`, `luke_candidates`, `token._.luke_tag` and
    `doc._.luke_relations`, `luke_facts`, `luke_text_pair`, `luke_question`, `luke_choices`, `luke_choice`.

    Components do this themselves; scripts that only read or write DocBins call it once. Calling it again does
    nothing.

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
    if default is not None or method is not None:
        return False
    return all(
        (getattr(theirs, "__module__", None), getattr(theirs, "__qualname__", None))
        == (ours.__module__, ours.__qualname__)
        for theirs, ours in zip(functions, (kind.read, kind.write), strict=True)
    )
