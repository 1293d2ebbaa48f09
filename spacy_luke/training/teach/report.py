"""What teaching tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wasabi import table

_SHOWN = 10
TASKS = {"ner": "entity type", "labels": "entity label", "relations": "relation"}


@dataclass(frozen=True)
class TaughtLabel:
    """One label.

    task (str): "ner", "labels" or "relations".
    label (str): The label.
    examples (int): How many it was learned from.
    others (int): How many spans or pairs of the examples don't have it.
    threshold (float): The least probability that counts; 1 says nothing: there were too few examples.
    precision, recall, f1 (float | None): On examples left out in turn; None where too few are left to learn from.
    low, high (float): Between them lies F1 with 95% confidence.
    proposed_before, proposed (float | None): Of types, the share of the examples that candidates hold: of the trained
        pre-filter alone, and with what it was taught from the other examples.
    """

    task: str
    label: str
    examples: int
    others: int
    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    low: float
    high: float
    proposed_before: float | None = None
    proposed: float | None = None


@dataclass
class TeachReport:
    """What was taught. `str` makes a table of it.

    labels (list[TaughtLabel]): The labels.
    contradictions (list[tuple[str, str, str]]): Label, an example of it, and one that is all but the same and isn't.
    known (list[str]): Labels of the examples that the model was trained for; they stay as they are.
    rejected (int): Marks of what is wrong, that aren't said again.
    unplaced (list[str]): What doesn't fall on tokens, and wasn't learned from.
    background (int): States of other texts that stood against the examples.
    """

    labels: list[TaughtLabel] = field(default_factory=list)
    contradictions: list[tuple[str, str, str]] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    rejected: int = 0
    unplaced: list[str] = field(default_factory=list)
    background: int = 0

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): All of it as plain data."""
        return {**vars(self), "labels": [vars(label) for label in self.labels]}

    def __str__(self) -> str:
        header = ("taught", "as", "examples", "others", "threshold", "F1", "95%", "proposed")
        rows = [
            (
                row.label,
                TASKS[row.task],
                row.examples,
                row.others,
                "silent" if row.threshold >= 1 else f"{row.threshold:.2f}",
                "" if row.f1 is None else f"{row.f1:.2f}",
                "" if row.f1 is None else f"{row.low:.2f}-{row.high:.2f}",
                "" if row.proposed is None else f"{row.proposed_before:.2f} -> {row.proposed:.2f}",
            )
            for row in self.labels
        ]
        lines = [table(rows, header=header, divider=True)] if rows else ["Nothing new was taught."]
        lines += [
            f"These contradict each other on {label!r}: {yes} / {no}"
            for label, yes, no in self.contradictions
        ]
        if self.known:
            lines.append(f"Known before, and left as they are: {', '.join(self.known)}")
        if self.rejected:
            lines.append(f"Rejected: {self.rejected}")
        if self.unplaced:
            lines.append(f"Not on tokens, and left out: {', '.join(self.unplaced)}")
        if not self.background:
            lines.append("There was no background: what isn't meant is known from the examples alone.")
        return "\n".join(lines)
