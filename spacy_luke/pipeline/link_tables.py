"""What a user knows about entities beside the model: which titles a mention may mean, and the ids of titles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.kb import KnowledgeBase

from ..errors import Errors

# Titles by the text of a mention, each with its prior probability.
Aliases = dict[str, dict[str, float]]


def load_aliases(path: str | Path) -> Aliases:
    """Read an alias table.

    path (str | Path): A `.jsonl` file with `{"mention": "Paris", "candidates": {"Paris": 0.9, "Paris, Texas": 0.1}}`
        in each line, or a `.tsv` file with mention, title and prior.
    RETURNS (dict[str, dict[str, float]]): Titles with their priors, by mention.
    RAISES (ValueError): If it can't be read, or is empty.
    """
    aliases: Aliases = {}
    for number, row in _rows(path):
        try:
            if isinstance(row, Mapping):
                mention, candidates = row["mention"], dict(row["candidates"])
            else:
                mention, title, prior = row
                candidates = {title: float(prior)}
            aliases.setdefault(mention, {}).update(candidates)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(Errors.L352.format(path=path, number=number, row=row, needed=_ALIAS)) from error
    return check_aliases(aliases, str(path))


def aliases_of(kb: KnowledgeBase) -> Aliases:
    """The aliases of a spaCy knowledge base.

    kb (KnowledgeBase): One that lists its aliases, such as `InMemoryLookupKB`.
    RETURNS (dict[str, dict[str, float]]): Its entities with their priors, by alias.
    RAISES (ValueError): If it has none.
    """
    if not hasattr(kb, "get_alias_strings"):
        raise TypeError(Errors.L354.format(type=type(kb).__name__))
    aliases = {
        alias: {found.entity_: float(found.prior_prob) for found in kb.get_alias_candidates(alias)}
        for alias in kb.get_alias_strings()
    }
    return check_aliases(aliases, type(kb).__name__)


def check_aliases(aliases: Any, source: str) -> Aliases:
    """Check that a table is one.

    aliases (Any): The table.
    source (str): Where it comes from, for error messages.
    RETURNS (dict[str, dict[str, float]]): The table.
    RAISES (ValueError): If it isn't, or is empty.
    """
    if not isinstance(aliases, Mapping) or not aliases:
        raise ValueError(Errors.L353.format(source=source))
    for mention, candidates in aliases.items():
        good = isinstance(mention, str) and isinstance(candidates, Mapping)
        if not good or not all(_is_candidate(*item) for item in candidates.items()):
            row = {mention: candidates}
            raise ValueError(Errors.L352.format(path=source, number="-", row=row, needed=_ALIAS))
    return {mention: dict(candidates) for mention, candidates in aliases.items()}


_ALIAS = "a mention with titles and their prior probabilities from 0 to 1"


def _is_candidate(title: Any, prior: Any) -> bool:
    return isinstance(title, str) and isinstance(prior, (int, float)) and 0 <= prior <= 1


def load_ids(path: str | Path) -> dict[str, str]:
    """Read the ids of titles.

    path (str | Path): A `.jsonl` file with `{"title": "Paris", "id": "Q90"}` in each line, or a `.tsv` file with
        title and id.
    RETURNS (dict[str, str]): Ids by title.
    RAISES (ValueError): If it can't be read, or is empty.
    """
    ids: dict[str, str] = {}
    for number, row in _rows(path):
        pair = (row.get("title"), row.get("id")) if isinstance(row, Mapping) else row
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
            raise ValueError(
                Errors.L352.format(path=path, number=number, row=row, needed="a title and its id")
            )
        ids[pair[0]] = pair[1]
    if not ids:
        raise ValueError(Errors.L353.format(source=path))
    return ids


def _rows(path: str | Path) -> Iterator[tuple[int, Any]]:
    path = Path(path)
    if not path.is_file():
        raise ValueError(Errors.L351.format(path=path))
    with path.open(encoding="utf8") as lines:
        yield from _parse(path, lines)


def _parse(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        if path.suffix != ".jsonl":
            yield number, line.split("\t")
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(Errors.L352.format(path=path, number=number, row=line, needed="JSON")) from error
