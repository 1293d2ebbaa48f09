"""What a user knows about entities beside the model: which titles a mention may mean, and the ids of titles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.kb import KnowledgeBase

from ..errors import Errors
from ..files import parse_json, read_lines
from ..inputs.batch import Bools
from ..inputs.pieces import Ints
from ..inputs.titles import find_title
from .probabilities import Floats

if TYPE_CHECKING:
    from ..tokenizer import EntityVocab

# Titles by the text of a mention, each with its prior probability.
Aliases = dict[str, dict[str, float]]

_ALIAS = "a mention with titles and their prior probabilities from 0 to 1"
_LEAST = 1e-9  # of a prior, so that it has a logarithm
_SAMPLE = 1000  # mentions of a large table that are looked at


def load_aliases(path: str | Path, limit: int | None = None) -> Aliases:
    """Read an alias table. Whitespace in mentions counts as one space.

    path (str | Path): A `.jsonl` file with `{"mention": "Paris", "candidates": {"Paris": 0.9, "Paris, Texas": 0.1}}`
        in each line, or a `.tsv` file with mention, title and prior.
    limit (int | None): Read only so many lines.
    RETURNS (dict[str, dict[str, float]]): Titles with their priors, by mention.
    RAISES (ValueError): If it can't be read, or is empty.
    """
    aliases: Aliases = {}
    for number, row in islice(_rows(path), limit):
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
    """kb (KnowledgeBase): One that lists its aliases, such as `InMemoryLookupKB`.
    RETURNS (dict[str, dict[str, float]]): Its entities with their priors, by alias.
    RAISES (TypeError): If it doesn't list them. (ValueError): If it has none."""
    if not hasattr(kb, "get_alias_strings"):
        raise TypeError(Errors.L354.format(type=type(kb).__name__))
    aliases = {
        alias: {found.entity_: float(found.prior_prob) for found in kb.get_alias_candidates(alias)}
        for alias in kb.get_alias_strings()
    }
    return check_aliases(aliases, type(kb).__name__)


def check_aliases(aliases: Any, source: str) -> Aliases:
    """aliases (Any): An alias table. source (str): Where it comes from, for error messages.
    RETURNS (dict[str, dict[str, float]]): The table. RAISES (ValueError): If it is none, or empty."""
    if not isinstance(aliases, Mapping) or not aliases:
        raise ValueError(Errors.L353.format(source=source))
    for mention, candidates in aliases.items():
        good = isinstance(mention, str) and isinstance(candidates, Mapping)
        if not good or not all(
            isinstance(title, str) and isinstance(prior, (int, float)) and 0 <= prior <= 1
            for title, prior in candidates.items()
        ):
            row = {mention: candidates}
            raise ValueError(Errors.L352.format(path=source, number="-", row=row, needed=_ALIAS))
    table: Aliases = {}
    for mention, candidates in aliases.items():
        known = table.setdefault(plain_mention(mention), {})
        known.update({title: max(prior, known.get(title, 0.0)) for title, prior in candidates.items()})
    return table


def plain_mention(text: str) -> str:
    """text (str): The text of a mention. RETURNS (str): The same, with one space for any whitespace."""
    return " ".join(text.split())


def find_candidates(
    priors_by_name: Mapping[str, float], vocab: EntityVocab, titles: Mapping[str, str], possible: Bools
) -> tuple[Ints, Floats]:
    """The rows of the entity table that an alias table means.

    priors_by_name (Mapping[str, float]): Titles or ids that a mention may mean, with their priors.
    vocab (EntityVocab): The entity vocabulary.
    titles (Mapping[str, str]): Titles by id.
    possible (ndarray): True for rows that are entities. Shape: (entity_vocab_size,)
    RETURNS (tuple[ndarray, ndarray]): Rows, and the logarithms of their priors. Shape: (n,) each.
    """
    priors: dict[int, float] = {}
    for name, prior in priors_by_name.items():
        id_ = _row(name, vocab, titles, possible)
        if id_ is not None:
            priors[id_] = max(prior, priors.get(id_, _LEAST))
    ids, values = list(priors), list(priors.values())
    return np.array(ids, dtype=np.int64), np.log(np.array(values, dtype=np.float32))


def _row(name: str, vocab: EntityVocab, titles: Mapping[str, str], possible: Bools) -> int | None:
    """The row of a title, or of an id's title."""
    id_ = find_title(vocab, name)
    if id_ is None and name in titles:
        id_ = find_title(vocab, titles[name])
    return id_ if id_ is not None and id_ < len(possible) and possible[id_] else None


def unknown_candidates(
    aliases: Aliases, vocab: EntityVocab, titles: Mapping[str, str], possible: Bools
) -> tuple[int, list[str]]:
    """Look for the candidates of an alias table in the entity vocabulary; of a large table, for those of some mentions.

    RETURNS (tuple[int, list[str]]): How many candidates were looked for, and those that aren't there. Arguments: see
        `find_candidates`.
    """
    some = islice(aliases.values(), 0, None, 1 + len(aliases) // _SAMPLE)
    names = list(dict.fromkeys(name for candidates in some for name in candidates))
    return len(names), [name for name in names if _row(name, vocab, titles, possible) is None]


def load_ids(path: str | Path, limit: int | None = None) -> dict[str, str]:
    """Read the ids of titles.

    path (str | Path): A `.jsonl` file with `{"title": "Paris", "id": "Q90"}` in each line, or a `.tsv` file with
        title and id.
    limit (int | None): Read only so many lines.
    RETURNS (dict[str, str]): Ids by title.
    RAISES (ValueError): If it can't be read, or is empty.
    """
    ids: dict[str, str] = {}
    for number, row in islice(_rows(path), limit):
        pair = (row.get("title"), row.get("id")) if isinstance(row, Mapping) else row
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
            needed = "a title and its id"
            raise ValueError(Errors.L352.format(path=path, number=number, row=row, needed=needed))
        ids[pair[0]] = pair[1]
    if not ids:
        raise ValueError(Errors.L353.format(source=path))
    return ids


def _rows(path: str | Path) -> Iterator[tuple[int, Any]]:
    """Numbers of lines that aren't blank, and what they hold."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(Errors.L351.format(path=path))
    is_json = path.suffix == ".jsonl"
    for number, line in read_lines(path):
        yield number, parse_json(line, f"{path}, line {number}") if is_json else line.split("\t")
