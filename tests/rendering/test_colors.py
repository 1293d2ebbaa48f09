"""Colours: chosen by whom they should be, and told apart by all readers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from spacy.util import registry

from spacy_luke.rendering.colors import PALETTE, Colors, Hue
from spacy_luke.rendering.markup import static

# Vienot, Brettel and Mollon (1999), in linear RGB: what readers without red or green cones see.
PROTAN = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
DEUTAN = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
STYLES = static("figure.css")
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> NDArray[np.float64]:
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = np.cbrt(np.clip(XYZ @ rgb / [0.9505, 1.0, 1.089], 1e-6, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def mixed(color: str, ink: str, share: float) -> str:
    """What `color-mix(in srgb, color share, ink)` gives."""
    pairs = [(int(color[i : i + 2], 16), int(ink[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * one + (1 - share) * other):02x}" for one, other in pairs)


@pytest.mark.parametrize("hue", PALETTE)
def test_lines_and_small_type_are_readable_on_both_grounds(hue: Hue) -> None:
    """By the rules of WCAG 2: 3 for lines, 4.5 for type. The grounds and inks are those of figure.css."""
    for color, ground, ink, tint in (
        (hue.line, "#ffffff", "#1b1f24", 0.3),
        (hue.dark, "#14181d", "#e6e9ec", 0.26),
    ):
        assert ground[1:4] in STYLES
        assert ink in STYLES
        assert contrast(color, ground) >= 4
        assert contrast(mixed(color, ink, 0.72), ground) >= 4.5  # the names of relations
        behind = mixed(hue.fill, ground, tint)
        assert contrast(ink, behind) >= 7  # the text of mentions
        assert contrast(mixed(color, ink, 0.55), behind) >= 4.5  # their labels


@pytest.mark.parametrize("use", Hue._fields)
@pytest.mark.parametrize("sight", [np.eye(3), PROTAN, DEUTAN])
def test_colours_are_told_apart(sight: NDArray[np.float64], use: str) -> None:
    seen = [lab(np.clip(sight @ linear(getattr(hue, use)), 0, 1)) for hue in PALETTE]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 13


def test_labels_that_mean_the_same_look_alike() -> None:
    colors = Colors({})
    assert colors.of("PER") == colors.of("per") == Colors({}).of("PERSON")
    assert len({colors.of(label) for label in ("PER", "ORG", "LOC", "TIME", "NUM", "MISC")}) == 6


def test_new_labels_get_different_colours_as_long_as_there_are_any() -> None:
    colors = Colors({})
    assert len({colors.of(f"label {i}") for i in range(20)}) == len(PALETTE)
    assert colors.of("label 0") == Colors({}).of("label 0")  # first come, same colour


def test_own_colours_and_those_of_packages_count() -> None:
    registry.displacy_colors("test_rendering", func={"PER": "teal", "ORG": "#123"})
    try:
        colors = Colors({"org": "rgb(1, 2, 3)"})
        assert (colors.of("PER").line, colors.of("ORG").fill) == ("teal", "rgb(1, 2, 3)")
        registry.displacy_colors("test_rendering", func=lambda: {"PER": "gold"})
        assert Colors({}).of("per").dark == "gold"
        registry.displacy_colors("test_rendering", func=3)
        with pytest.raises(ValueError, match="entry point 'test_rendering' of displacy_colors gives 3"):
            Colors({})
    finally:
        registry.displacy_colors.get_all()
        _remove("test_rendering")


def _remove(name: str) -> None:
    import catalogue

    catalogue._remove(("spacy", "displacy_colors", name))


@pytest.mark.parametrize("color", ["red;background:url(//x)", "url(x)", "", None, "#12", "expression(1)", 3])
def test_what_is_no_colour_is_told(color: object) -> None:
    with pytest.raises(ValueError, match="The colour of 'PER' is"):
        Colors({"PER": color})  # type: ignore[dict-item]
