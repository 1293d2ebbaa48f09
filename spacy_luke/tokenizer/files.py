"""Reading the single files of a tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import Errors

PathOrStr: TypeAlias = "str | PathLike[str]"


def read_text(path: Path) -> str:
    """Read a text file.

    path (Path): The file.
    RETURNS (str): Its text, with line ends as they are.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(Errors.L112.format(path=path, name=path.name)) from error
    except UnicodeDecodeError as error:
        raise ValueError(Errors.L113.format(path=path, error=error)) from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    path (Path): The file.
    RETURNS (Any): Its data.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(Errors.L113.format(path=path, error=error)) from error


def read_bpe(vocab_file: PathOrStr, merges_file: PathOrStr) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Read a byte-level BPE vocabulary as RoBERTa publishes it.

    vocab_file (str | PathLike): `vocab.json`, the ids of the pieces.
    merges_file (str | PathLike): `merges.txt`, one merge a line after a first line that names the version.
    RETURNS (tuple[dict[str, int], list[tuple[str, str]]]): Ids and merges.
    """
    vocab = read_json(Path(vocab_file))
    if not isinstance(vocab, dict):
        raise ValueError(Errors.L113.format(path=vocab_file, error="it isn't a dict {piece: id}"))
    lines = read_text(Path(merges_file)).split("\n")[1:]
    merges = [tuple(line.split()) for line in lines if line.strip()]
    wrong = next((merge for merge in merges if len(merge) != 2), None)
    if wrong is not None:
        error = f"{' '.join(wrong)!r} isn't a pair of pieces"
        raise ValueError(Errors.L113.format(path=merges_file, error=error))
    return vocab, [(left, right) for left, right in merges]


def read_entity_vocab(source: PathOrStr | Mapping[str, int] | Sequence[Any]) -> tuple[Any, str]:
    """Read an entity vocabulary, unless it is one already.

    source (str | PathLike | Mapping | Sequence): A JSON file (.jsonl: one object a line), or data.
    RETURNS (tuple[Any, str]): The titles as `EntityVocab` takes them, and a name for error messages.
    """
    if not isinstance(source, (str, PathLike)):
        return source, "entity_vocab"
    path = Path(source)
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in read_text(path).splitlines() if line.strip()], str(path)
    return read_json(path), str(path)
