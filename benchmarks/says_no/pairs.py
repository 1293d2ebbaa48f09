"""The minimal pairs: two texts with the same two entities, of which one states their relation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srsly

PATH = Path(__file__).with_name("pairs.jsonl")
HALVES = ("tuning", "locked")
SIDES = ("true", "false")

Mention = tuple[int, int, str]  # first character, the one behind the last, label
Key = tuple[str, str]  # id of the pair, side


@dataclass(frozen=True)
class Text:
    """One text with its entities.

    text (str): One or two sentences.
    head, tail (Mention): The two entities that are asked about.
    others (tuple[Mention, ...]): The entities beside them.
    """

    text: str
    head: Mention
    tail: Mention
    others: tuple[Mention, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two texts that are alike but for what they state.

    id (str): The property and a number.
    relation (str): The property in Wikidata, e.g. "P112".
    name (str): Its name, e.g. "founded by".
    kind (str): Why the relation isn't stated in the false text, e.g. "negated".
    half (str): One of `HALVES`.
    sides (dict[str, Text]): By side: "true" states that the relation holds from head to tail, "false" doesn't.
    """

    id: str
    relation: str
    name: str
    kind: str
    half: str
    sides: dict[str, Text]


def read_pairs(path: Path = PATH, half: str | None = None) -> list[Pair]:
    """Read the set.

    path (Path): The JSONL file.
    half (str | None): One of `HALVES`; None for both.
    RETURNS (list[Pair]): In the order of the file.
    """
    pairs = [_pair(row) for row in srsly.read_jsonl(path)]
    return [pair for pair in pairs if half in (None, pair.half)]


def read_predictions(path: Path, pairs: Iterable[Pair]) -> dict[Key, float]:
    """Read what another system says.

    path (Path): JSONL with the keys "id", "side" ("true" or "false") and "score": how sure the system is that the
        text states the relation. Higher is surer; the scale is its own.
    pairs (Iterable[Pair]): What has to be there; other rows are left out.
    RETURNS (dict[Key, float]): The score of each text.
    RAISES (ValueError): If a text has no score, or two.
    """
    rows = [(str(row["id"]), str(row["side"]), float(row["score"])) for row in srsly.read_jsonl(path)]
    scores = {(id_, side): score for id_, side, score in rows}
    if len(scores) < len(rows):
        raise ValueError(f"{path} has two scores for one text")
    wanted = [(pair.id, side) for pair in pairs for side in SIDES]
    missing = [key for key in wanted if key not in scores]
    if missing:
        raise ValueError(f"{path} has no score for {len(missing)} texts, the first of which is {missing[0]}")
    return {key: scores[key] for key in wanted}


def _pair(row: dict[str, Any]) -> Pair:
    sides = {side: _text(row[side]) for side in SIDES}
    return Pair(row["id"], row["relation"], row["name"], row["kind"], row["half"], sides)


def _text(row: dict[str, Any]) -> Text:
    others = tuple(_mention(other) for other in row["others"])
    return Text(row["text"], _mention(row["head"]), _mention(row["tail"]), others)


def _mention(row: list[Any]) -> Mention:
    start, end, label = row
    return start, end, label
