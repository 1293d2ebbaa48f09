"""Label Studio's exports "JSON" and "JSON-MIN": regions of text with labels, and relations between them.

https://labelstud.io/guide/export and https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .fields import check, dig, may, need, rows_of
from .files import located, read_records
from .records import Conversion, Link, Record, Region

_UNIT = "utf16"  # offsets are made in the browser
_UNNAMED = "relation"


class _Task:
    """Reads one task. Names of regions that aren't of text are kept, because relations may name them."""

    def __init__(self, conversion: Conversion, path: Path, place: str) -> None:
        self.conversion, self.path, self.place = conversion, path, place
        self.regions: list[Region] = []
        self.links: list[Link] = []
        self.others: set[str] = set()

    def lose(self, what: str, at: str, detail: str) -> None:
        self.conversion.losses.add(what, self.path, f"{self.place}, {at}" if at else self.place, detail)

    def read(self, results: list[tuple[str, dict[str, Any]]]) -> None:
        """results (list): Regions and relations of an annotation, with their places."""
        for at, result in results:
            if result.get("type") != "relation":
                self._region(result, at)
        for at, result in results:
            if result.get("type") == "relation":
                self._relation(result, at)

    def _region(self, result: Any, at: str) -> None:
        name, kind = str(result.get("id", at)), str(result.get("type", ""))
        value = need(result, "value", dict, at)
        labels = next((v for k, v in value.items() if k.endswith("labels") and isinstance(v, list)), None)
        place = may(value, "globalOffsets", dict, value, f"{at}.value")
        if not labels or not isinstance(place.get("start"), int):
            self.others.add(name)
            self.lose(
                f"left out: a region that isn't a labelled part of the text ({kind})", at, str(value)[:80]
            )
            return
        fragment = need(place, "start", int, f"{at}.value"), need(place, "end", int, f"{at}.value")
        text = may(value, "text", str, "", f"{at}.value") or None
        for i, label in enumerate(labels):
            check(label, str, f"{at}.value.labels[{i}]")
            self.regions.append(Region((fragment,), label, f"{name}#{i}" if i else name, at, text))

    def _relation(self, result: Any, at: str) -> None:
        ends = need(result, "from_id", str, at), need(result, "to_id", str, at)
        if self.others.intersection(ends):
            self.lose("left out: relation of a mention that was left out", at, " ".join(ends))
            return
        labels = may(result, "labels", list, [], at)
        if not labels:
            self.lose(f"changed: a relation without a label is called {_UNNAMED!r}", at, " ".join(ends))
        direction = may(result, "direction", str, "right", at)
        for label in labels or [_UNNAMED]:
            if direction in ("right", "bi"):
                self.links.append(Link(ends[0], ends[1], label, at))
            if direction in ("left", "bi"):
                self.links.append(Link(ends[1], ends[0], label, at))


def read_labelstudio(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read the tasks of an export.

    path (Path): A `.json` file, as "JSON" or "JSON-MIN" exports it.
    conversion (Conversion): Its option "fields" may name the field of the text, if several hold one.
    YIELDS (Record): One an annotated task. Of several annotations the ground truth counts, else the one that was made
        last; the others are listed. If no task has a relation, they count as not annotated.
    """
    found: list[tuple[_Task, str]] = []
    for place, row in read_records(path):
        with located(path, place):
            check(row, dict, "")
            task = _Task(conversion, path, place)
            results = _results(task, row) if "data" in row else _flat(row)
            if results is not None:
                found.append((task, _text(row, conversion)))
                task.read(results)
    has_relations = any(task.links for task, _ in found)
    for task, text in found:
        yield Record(task.place, text, task.regions, task.links if has_relations else None, unit=_UNIT)


def _results(task: _Task, row: Any) -> list[tuple[str, dict[str, Any]]] | None:
    name = "annotations" if "annotations" in row else "completions"  # as they were called before 1.0
    made = rows_of(row, name, dict)
    kept = [(at, one) for at, one in made if not may(one, "was_cancelled", bool, False, at)]
    if len(kept) < len(made):
        task.lose("left out: cancelled annotation", name, f"{len(made) - len(kept)} of them")
    if not kept:
        task.lose("left out: task without annotations", "", str(row.get("id", "")))
        return None
    best = max(
        kept, key=lambda x: (bool(x[1].get("ground_truth")), str(x[1].get("updated_at", "")), made.index(x))
    )
    if len(kept) > 1:
        task.lose("left out: further annotations of a task", name, f"{best[0]} of {len(kept)} was taken")
    at, annotation = best
    return rows_of(annotation, "result", dict, at)


def _flat(row: Any) -> list[tuple[str, dict[str, Any]]]:
    """The regions of a row of JSON-MIN, which has no relations."""
    return [
        (
            f"{name}[{i}]",
            {"id": f"{name}[{i}]", "type": "labels", "value": check(value, dict, f"{name}[{i}]")},
        )
        for name, values in row.items()
        if isinstance(values, list) and all(isinstance(v, dict) and "labels" in v for v in values)
        for i, value in enumerate(values)
    ]


def _text(row: Any, conversion: Conversion) -> str:
    data = row.get("data", row)
    named = conversion.options.get("fields", {}).get("text")
    if named or "text" in data:
        return check(dig(data, named or "text"), str, f"data.{named or 'text'}")
    texts = [name for name, value in data.items() if isinstance(value, str)]
    if len(texts) != 1:
        raise KeyError("data.text")
    return check(data[texts[0]], str, f"data.{texts[0]}")
