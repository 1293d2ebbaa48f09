"""What a caller may choose about a drawing, in displaCy's manner: a dict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import Errors

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Options:
    """Options of a drawing.

    colors (Mapping[str, str]): Colours by label, of entities and of relations.
    ents (Collection[str] | None): Labels of entities to draw; None for all.
    relations (Collection[str] | None): Labels of relations and facts to draw; None for all.
    threshold (float): Lowest score of an entity, a relation or a fact that is drawn.
    facts (bool): Draw facts that no relation states, too: dashed, between their best pair.
    spans_key (str | None): Draw the entities of this span group; None for `doc.ents`.
    width (int | None): Width of the drawing in pixels; None for what there is.
    theme (str): "light" or "dark"; "auto" follows the reader's system.
    """

    colors: Mapping[str, str] = field(default_factory=dict)
    ents: Collection[str] | None = None
    relations: Collection[str] | None = None
    threshold: float = 0.0
    facts: bool = False
    spans_key: str | None = None
    width: int | None = None
    theme: str = "auto"


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "colors": (lambda value: isinstance(value, Mapping), "a dict of colours by label"),
    "ents": (lambda value: value is None or _is_labels(value), "a list of labels, or None"),
    "relations": (lambda value: value is None or _is_labels(value), "a list of labels, or None"),
    "threshold": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "facts": (lambda value: isinstance(value, bool), "true or false"),
    "spans_key": (lambda value: value is None or isinstance(value, str), "a name of a span group, or None"),
    "width": (lambda value: value is None or (isinstance(value, int) and value > 0), "pixels, or None"),
    "theme": (lambda value: value in THEMES, f"one of {', '.join(THEMES)}"),
}


def read_options(options: Mapping[str, Any] | None) -> Options:
    """options (Mapping[str, Any] | None): What a caller chose; the rest is as in `Options`.
    RETURNS (Options): All options. RAISES (ValueError): If one is unknown or can't be used."""
    options = dict(options or {})
    names = [item.name for item in fields(Options)]
    for name, value in options.items():
        if name not in names:
            raise ValueError(Errors.L632.format(value=name, allowed=", ".join(names)))
        is_right, allowed = _CHECKS[name]
        if not is_right(value):
            raise ValueError(Errors.L633.format(name=name, value=value, allowed=allowed))
    return Options(**options)


def _is_labels(value: Any) -> bool:
    is_many = isinstance(value, Collection) and not isinstance(value, (str, bytes))
    return is_many and all(isinstance(label, str) for label in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
