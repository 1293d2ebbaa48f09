"""Reading the single files of a tokenizer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from tokenizers.models import BPE  # type: ignore[import-untyped]

from ..errors import Errors
from ..types import PathOrStr
from .entities import index_titles
from .index_cache import cached_index
from .title_index import TitleIndex


def read_bytes(path: Path) -> bytes:
    """path (Path): A file. RETURNS (bytes): What is in it."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(Errors.L112.format(path=path, name=path.name)) from error


def read_text(path: Path) -> str:
    """Read a text file.

    path (Path): The file.
    RETURNS (str): Its text, with line ends as they are.
    """
    try:
        return read_bytes(path).decode("utf-8")
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


def read_bpe(vocab_file: PathOrStr, merges_file: PathOrStr) -> BPE:
    """Read a byte-level BPE vocabulary as RoBERTa publishes it.

    vocab_file (str | PathLike): `vocab.json`, the ids of the pieces.
    merges_file (str | PathLike): `merges.txt`, one merge a line after a first line that names the version.
    RETURNS (BPE): The model.
    """
    if _names_version(Path(merges_file)):
        # The library doesn't make a Python object of each piece; of its errors ours say more.
        with contextlib.suppress(Exception):  # it raises plain Exception
            return BPE.from_file(str(vocab_file), str(merges_file))
    vocab, merges = _read_pieces(vocab_file, merges_file)
    try:
        return BPE(vocab=vocab, merges=merges)
    except Exception as error:  # the library raises plain Exception here
        raise ValueError(Errors.L106.format(error=error)) from error


def _names_version(merges_file: Path) -> bool:
    """Whether the first line names the version, and no other looks like that: the library skips all such."""
    if not merges_file.is_file():
        return False
    data = merges_file.read_bytes()
    return data.startswith(b"#version") and b"\n#version" not in data


def _read_pieces(
    vocab_file: PathOrStr, merges_file: PathOrStr
) -> tuple[dict[str, int], list[tuple[str, str]]]:
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


def read_entity_vocab(
    source: PathOrStr | Mapping[str, int] | Sequence[Any],
) -> tuple[Mapping[str, int] | Sequence[Any], str]:
    """Read an entity vocabulary, unless it is one already.

    source (str | PathLike | Mapping | Sequence): A JSON file (.jsonl: one object a line), or data.
    RETURNS (tuple[Mapping | Sequence, str]): The titles as `EntityVocab` takes them, and a name for error
        messages.
    """
    if not isinstance(source, (str, PathLike)):
        return source, "entity_vocab"
    path = Path(source)
    return cached_index(path, lambda: index_titles(_read_titles(path), str(path))), str(path)


def _read_titles(path: Path) -> Any:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in read_text(path).splitlines() if line.strip()]
    return read_json(path)


def read_config(path: Path) -> tuple[dict[str, Any], TitleIndex | None]:
    """Read a tokenizer's configuration, in which transformers 5 also puts the entity vocabulary.

    path (Path): The file, which need not be there.
    RETURNS (tuple[dict[str, Any], TitleIndex | None]): The settings, and the entity vocabulary if it is there.
    """
    index = cached_index(path, lambda: _index_config(path))
    return index.extra["config"], index if index.extra["has_titles"] else None


def _index_config(path: Path) -> TitleIndex:
    config = read_object(path)
    titles = config.pop("entity_vocab", None)
    extra = {"config": config, "has_titles": titles is not None}
    return index_titles({} if titles is None else titles, str(path), extra)


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    path (Path): The file.
    RETURNS (dict[str, Any]): The object; empty if there is no file.
    """
    data = read_json(path) if path.exists() else {}
    if not isinstance(data, dict):
        raise ValueError(Errors.L113.format(path=path, error="it isn't a JSON object"))
    return data
