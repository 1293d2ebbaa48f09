"""Where the entities of a Doc come from: registered getters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from spacy.tokens import Doc, Span

from ..annotation import EntityGetter
from ..errors import Errors


def doc_ents() -> EntityGetter:
    """Registered as `spacy-luke.doc_ents.v1`.

    RETURNS (EntityGetter): Takes the entities of `doc.ents`.
    """
    return _get_ents


def _get_ents(doc: Doc) -> Sequence[Span]:
    return tuple(doc.ents)


def _get_group(doc: Doc, key: str) -> Sequence[Span]:
    return tuple(doc.spans.get(key, ()))


def doc_spans(key: str) -> EntityGetter:
    """Registered as `spacy-luke.doc_spans.v1`.

    key (str): Key of `doc.spans`.
    RETURNS (EntityGetter): Takes the spans of that group; none if the document doesn't have it.
    RAISES (ValueError): If the key is empty.
    """
    if not key:
        raise ValueError(Errors.L302)
    return partial(_get_group, key=key)  # not a closure: it is pickled
