"""A colour for each label, which readers with any kind of colour vision tell apart.

Fills are the colours by Okabe and Ito. Lines are darker on a light ground, and lighter on a dark one. Colour never says
anything alone: the label always stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from zlib import crc32

from spacy.util import registry

from ..errors import Errors


class Hue(NamedTuple):
    """A colour in its three uses.

    fill (str): Behind text; drawn as a tint.
    line (str): Of lines, on a light ground, with a contrast of 4 at least.
    dark (str): The same on a dark ground.
    """

    fill: str
    line: str
    dark: str


PALETTE = (
    Hue("#56b4e9", "#0069b2", "#7dbbee"),  # sky blue
    Hue("#e69f00", "#b17100", "#edad15"),  # orange
    Hue("#009e73", "#005b3c", "#3ac68d"),  # bluish green
    Hue("#cc79a7", "#b55c9d", "#ecbed3"),  # reddish purple
    Hue("#d55e00", "#b12c00", "#f0703f"),  # vermillion
    Hue("#f0e442", "#382c00", "#eef36d"),  # yellow
    Hue("#0072b2", "#1b3a8c", "#6983ee"),  # blue
    Hue("#5c6166", "#676f74", "#818a9a"),  # grey
)
# Labels of the default model and of spaCy's that mean the same, so that they look alike in every drawing.
_KNOWN = (
    ("PER", "PERSON"),
    ("ORG", "NORP"),
    ("LOC", "GPE", "FAC"),
    ("TIME", "DATE"),
    ("MISC", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"),
    ("NUM", "CARDINAL", "ORDINAL", "MONEY", "QUANTITY", "PERCENT"),
)
_SLOTS = {label: slot for slot, labels in enumerate(_KNOWN) for label in labels}
_COLOR = re.compile(r"[a-zA-Z]+|#[0-9a-fA-F]{3,8}|(?:rgb|hsl)a?\([\d\s.,%/]+\)")


class Colors:
    """Gives labels their colours: those of the caller, of packages (entry point `displacy_colors`), or ours. New labels
    get different ones as long as there are any.

    own (Mapping[str, str]): The caller's colours by label.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        chosen = {**_installed_colors(), **own}
        self._hues = {_key(label): _own_hue(label, color) for label, color in chosen.items()}

    def of(self, label: str) -> Hue:
        """label (str): A label. RETURNS (Hue): Its colour, the same each time."""
        key = _key(label)
        if key not in self._hues:
            self._hues[key] = self._free_hue(key)
        return self._hues[key]

    def style(self, label: str) -> str:
        """label (str): A label. RETURNS (str): Its colour as a `style` attribute, for the style sheet to use."""
        return "--f:{};--l:{};--d:{}".format(*self.of(label))

    def _free_hue(self, label: str) -> Hue:
        first = _SLOTS.get(label, crc32(label.encode("utf8", "replace")) % len(PALETTE))
        taken = set(self._hues.values())
        order = [PALETTE[(first + step) % len(PALETTE)] for step in range(len(PALETTE))]
        return next((hue for hue in order if hue not in taken), order[0])


def _key(label: str) -> str:
    return label.upper()  # as displaCy does


def _own_hue(label: str, color: Any) -> Hue:
    if not isinstance(color, str) or not _COLOR.fullmatch(color.strip()):
        raise ValueError(Errors.L634.format(label=label, value=color))
    return Hue(*[color.strip()] * 3)


def _installed_colors() -> dict[str, str]:
    colors: dict[str, str] = {}
    for name, value in registry.displacy_colors.get_all().items():
        found = value() if callable(value) else value
        if not isinstance(found, Mapping):
            raise ValueError(Errors.L635.format(name=name, value=found))
        colors.update(found)
    return colors
