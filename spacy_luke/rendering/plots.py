"""Plots of a report, by matplotlib, which the extra `viz` installs. They have no date: equal ones are equal files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Errors
from ..training.curves import NONE, Bin, Rated, precision_recall
from .colors import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 8  # labels that a plot of curves has; the tables have all
MOST_BARS = 24  # labels beside "all"
MOST_CELLS = 14  # labels of a confusion
_DASHES = ("-", "--", "-.", ":")  # beside colours, for who doesn't see them
_FONTS = ("Helvetica", "Arial", "Liberation Sans", "DejaVu Sans")  # the last one comes with matplotlib
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "svg.hashsalt": "spacy_luke",
}


def require_matplotlib() -> None:
    """RAISES (ValueError): If matplotlib isn't installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ValueError(Errors.L639) from error


def plot_curves(rated: Mapping[str, Rated]) -> str:
    """rated (Mapping[str, Rated]): Answers by label, "" for all. RETURNS (str): Precision by recall as SVG."""

    def draw(axes: Axes) -> None:
        for number, (label, answers) in enumerate(list(rated.items())[: MOST + 1]):
            _, precision, recall = precision_recall(answers)
            color = "#1b1f24" if label == "" else PALETTE[(number - 1) % len(PALETTE)].line
            line = {"lw": 2.2} if label == "" else {"lw": 1.3, "ls": _DASHES[number % len(_DASHES)]}
            axes.plot(recall, precision, color=color, label=_short(label or "all"), **line)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.grid(color="#e4e7ea", lw=0.6)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)

    return _svg(draw, 6.6, 3.4)


def plot_calibration(bins: Sequence[Bin]) -> str:
    """bins (Sequence[Bin]): Answers by score. RETURNS (str): The share of right ones by score as SVG."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="#9aa4ae", lw=1, ls="--")
        sizes = [12 + 90 * part.n / max(other.n for other in bins) for part in bins]
        axes.plot([part.score for part in bins], [part.right for part in bins], color=PALETTE[0].line, lw=1.3)
        axes.scatter(
            [part.score for part in bins], [part.right for part in bins], sizes, PALETTE[0].line, zorder=3
        )
        axes.set(xlabel="score", ylabel="share of right answers", xlim=(0, 1.02), ylim=(-0.02, 1.02))
        axes.grid(color="#e4e7ea", lw=0.6)

    return _svg(draw, 3.6, 3.4)


def plot_bars(figures: Mapping[str, tuple[float, float, float, int]]) -> str:
    """figures (Mapping[str, tuple]): Precision, recall, F1 and gold answers by label.
    RETURNS (str): Bars as SVG, of the first labels."""
    figures = dict(list(figures.items())[: MOST_BARS + 1])

    def draw(axes: Axes) -> None:
        places = np.arange(len(figures))
        for side, (name, hatch) in enumerate((("precision", ""), ("recall", "////"), ("F1", ""))):
            hue = PALETTE[(0, 1, 2)[side]]
            values = [row[side] for row in figures.values()]
            axes.barh(
                places + 0.26 * (side - 1),
                values,
                0.24,
                color=hue.fill,
                hatch=hatch,
                edgecolor="#fff",
                label=name,
            )
        names = [f"{_short(label or 'all')} ({row[3]:,})" for label, row in figures.items()]
        axes.set(yticks=places, yticklabels=names, xlim=(0, 1), ylim=(len(figures) - 0.5, -0.5))
        axes.grid(axis="x", color="#e4e7ea", lw=0.6)
        axes.set_axisbelow(True)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)

    return _svg(draw, 6.6, 0.8 + 0.42 * len(figures))


def plot_confusion(counts: Mapping[tuple[str, str], int]) -> str:
    """counts (Mapping[tuple[str, str], int]): Gold label and answer. RETURNS (str): A table as SVG, with the labels of
    most errors."""
    labels = confused_labels(counts)[:MOST_CELLS]
    cells = np.array([[counts.get((gold, given), 0) for given in labels] for gold in labels])
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)

    def draw(axes: Axes) -> None:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(cells), strict=True):
            ink = "#fff" if shares[row, column] > 0.55 else "#1b1f24"
            axes.text(column, row, str(cells[row, column]), ha="center", va="center", color=ink, fontsize=8)
        names = [_short(label, 30) for label in labels]
        axes.set(xticks=range(len(labels)), yticks=range(len(labels)), xlabel="answer", ylabel="gold")
        axes.set_xticklabels(names, rotation=40, ha="right")
        axes.set_yticklabels(names)
        axes.spines[:].set_visible(False)

    side = 2.2 + 0.36 * len(labels)
    return _svg(draw, side + 0.8, side)


def plot_learning(rows: Sequence[Mapping[str, Any]]) -> str:
    """rows (Sequence[Mapping[str, Any]]): Lines of a training log. RETURNS (str): Scores by step as SVG."""
    names = list(dict.fromkeys(name for row in rows for name in row["scores"]))

    def draw(axes: Axes) -> None:
        steps = [row["step"] for row in rows]
        axes.plot(steps, [row["score"] for row in rows], color="#1b1f24", lw=2.2, label="score")
        for number, name in enumerate(names[:MOST]):
            values = [row["scores"].get(name, np.nan) for row in rows]
            hue, dash = PALETTE[number % len(PALETTE)], _DASHES[(number + 1) % len(_DASHES)]
            axes.plot(steps, values, color=hue.line, ls=dash, lw=1.3, label=_short(name))
        axes.set(xlabel="step", ylim=(0, 1.02))
        axes.grid(color="#e4e7ea", lw=0.6)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)

    return _svg(draw, 6.6, 3.2)


def confused_labels(counts: Mapping[tuple[str, str], int]) -> list[str]:
    """counts (Mapping[tuple[str, str], int]): Gold label and answer.
    RETURNS (list[str]): Labels, those of most errors first; none at the end."""
    errors: dict[str, int] = {}
    for pair, n in counts.items():
        for label in pair:
            errors[label] = errors.get(label, 0) + (n if pair[0] != pair[1] else 0)
    return sorted(errors, key=lambda label: (label == NONE, -errors[label], label))


def _short(label: str, length: int = 34) -> str:
    label = label.replace("$", r"\$")  # no formula
    return label if len(label) <= length else f"{label[: length - 1].rstrip()}…"


def _svg(draw: Any, width: float, height: float) -> str:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import get_font_names

    fonts = [name for name in _FONTS if name in get_font_names()]
    with matplotlib.rc_context({**_STYLE, "font.family": fonts}):
        figure: Figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        data = BytesIO()
        figure.savefig(data, format="svg", metadata={"Date": None})
    return data.getvalue().decode("utf8")
