"""A tokenizer's folder, in the forms in which LUKE is published and in which transformers 4 and 5 save it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from tokenizers import AddedToken  # type: ignore[import-untyped]
from tokenizers.models import BPE  # type: ignore[import-untyped]

from ..errors import Errors
from ..files import decode, parse_json
from ..types import PathOrStr
from .backend import Backend, token_flags
from .entities import EntityVocab, index_titles
from .options import MARKERS, Options
from .sentencepiece_backend import PIECES
from .special import NAMES
from .title_index import TitleIndex, cached_index
from .tokenizers_backend import MERGES, TOKENIZER, VOCAB
from .words import WordVocab

Titles: TypeAlias = "Mapping[str, int] | Sequence[Any]"

ENTITIES = "entity_vocab.json"
CONFIG, SPECIAL, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"

_SETTINGS = (
    *Options.__dataclass_fields__,
    *("entity_token_1", "entity_token_2", "special_tokens_pattern"),
    *("entity_unk_token", "entity_pad_token", "entity_mask_token", "entity_mask2_token"),
)

# What transformers 5 calls differently.
_NEW_NAMES = {"entity_token_1": "entity_1_token", "entity_token_2": "entity_2_token"}


# --- loading -------------------------------------------------------------------------------


def find_words(folder: Path) -> tuple[Path, ...]:
    """The files of the word vocabulary.

    folder (Path): The folder.
    RETURNS (tuple[Path, ...]): vocab.json and merges.txt, or sentencepiece.bpe.model, or tokenizer.json.
    """
    for names in ((VOCAB, MERGES), (PIECES,), (TOKENIZER,)):
        if all((folder / name).exists() for name in names):
            return tuple(folder / name for name in names)
    missing = [name for name in (VOCAB, MERGES) if not (folder / name).exists()]
    raise FileNotFoundError(Errors.L135.format(folder=folder, missing=" and ".join(missing)))


def load_bpe(vocab_file: PathOrStr, merges_file: PathOrStr) -> BPE:
    """Load a byte-level BPE vocabulary as RoBERTa publishes it.

    vocab_file (str | PathLike): `vocab.json`, the ids of the pieces.
    merges_file (str | PathLike): `merges.txt`, one merge a line after a first line that names the version.
    RETURNS (BPE): The model.
    """
    if _names_version(Path(merges_file)):
        # The library doesn't make a Python object of each piece; of its errors ours say more.
        with contextlib.suppress(Exception):  # it raises plain Exception
            return BPE.from_file(str(vocab_file), str(merges_file))
    vocab, merges = _parse_bpe(vocab_file, merges_file)
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


def _parse_bpe(vocab_file: PathOrStr, merges_file: PathOrStr) -> tuple[dict[str, int], list[tuple[str, str]]]:
    vocab = _read_json(Path(vocab_file))
    if not isinstance(vocab, dict):
        raise ValueError(Errors.L113.format(path=vocab_file, error="it isn't a dict {piece: id}"))
    lines = read_text(Path(merges_file)).split("\n")[1:]
    merges = [tuple(line.split()) for line in lines if line.strip()]
    wrong = next((merge for merge in merges if len(merge) != 2), None)
    if wrong is not None:
        error = f"{' '.join(wrong)!r} isn't a pair of pieces"
        raise ValueError(Errors.L113.format(path=merges_file, error=error))
    return vocab, [(left, right) for left, right in merges]


def find_entities(folder: Path) -> Any:
    """The entity vocabulary.

    folder (Path): The folder.
    RETURNS (Path | Any): Its file, or the data that transformers 5 puts into tokenizer_config.json.
    """
    for path in (folder / ENTITIES, folder / f"{ENTITIES}l"):
        if path.exists():
            return path
    _, titles = load_config(folder / CONFIG)
    if titles is None:
        raise FileNotFoundError(Errors.L136.format(folder=folder, name=ENTITIES, config=CONFIG))
    return titles


def load_titles(source: PathOrStr | Titles) -> tuple[Titles, str]:
    """Load an entity vocabulary, unless it is one already.

    source (str | PathLike | Mapping | Sequence): A JSON file (.jsonl: one object a line), or data.
    RETURNS (tuple[Mapping | Sequence, str]): The titles as `EntityVocab` takes them, and a name for error
        messages.
    """
    if not isinstance(source, (str, PathLike)):
        return source, "entity_vocab"
    path = Path(source)
    return cached_index(path, lambda: index_titles(_parse_titles(path), str(path))), str(path)


def _parse_titles(path: Path) -> Any:
    if path.suffix == ".jsonl":
        # Only "\n": titles may hold what Unicode calls line ends.
        lines = enumerate(read_text(path).split("\n"), start=1)
        return [parse_json(line, f"{path}, line {number}") for number, line in lines if line.strip()]
    return _read_json(path)


def load_config(path: Path) -> tuple[dict[str, Any], TitleIndex | None]:
    """Load a tokenizer's configuration, in which transformers 5 also puts the entity vocabulary.

    path (Path): The file, which need not be there.
    RETURNS (tuple[dict[str, Any], TitleIndex | None]): The settings, and the entity vocabulary if it is there.
    """
    index = cached_index(path, lambda: _index_config(path))
    return index.extra["config"], index if index.extra["has_titles"] else None


def _index_config(path: Path) -> TitleIndex:
    config = _read_object(path)
    titles = config.pop("entity_vocab", None)
    extra = {"config": config, "has_titles": titles is not None}
    return index_titles({} if titles is None else titles, str(path), extra)


def load_settings(folder: Path) -> dict[str, Any]:
    """Everything but the vocabularies, as arguments of the tokenizer's constructor.

    folder (Path): The folder.
    RETURNS (dict[str, Any]): The arguments. Keys of tokenizer_config.json that it has no argument for are
        left out.
    """
    config, _ = load_config(folder / CONFIG)
    for old, new in _NEW_NAMES.items():
        config.setdefault(old, config.get(new))
    settings = {name: _token(config[name]) for name in (*_SETTINGS, *NAMES) if config.get(name) is not None}
    # What transformers 5 calls extra is a dict of named tokens in some versions of 4.
    extra = config.get("extra_special_tokens")
    additional = [
        *(config.get("additional_special_tokens") or ()),
        *(extra if isinstance(extra, list) else ()),
    ]
    added = config.get("added_tokens_decoder")
    if added is None:
        # Up to 2023 flags and ids of added tokens stood in two files of their own.
        named = _read_object(folder / SPECIAL)
        additional += named.pop("additional_special_tokens", None) or ()
        settings.update({name: _token(token) for name, token in named.items() if name in NAMES})
        special = {str(token) for name, token in settings.items() if name in NAMES}
        special.update(str(_token(token)) for token in additional)
        added = {
            id_: AddedToken(token, normalized=token not in special, special=token in special)
            for token, id_ in _read_object(folder / ADDED).items()
        }
    try:
        settings["added_tokens_decoder"] = {int(id_): _token(token) for id_, token in added.items()}
    except ValueError as error:
        raise ValueError(Errors.L113.format(path=folder / CONFIG, error=error)) from error
    tokens = {str(token): token for token in map(_token, additional)}
    if tokens:
        settings["additional_special_tokens"] = list(tokens.values())
    return settings


def _token(value: Any) -> Any:
    """A token with flags is a JSON object, with or without a mark of its type."""
    if isinstance(value, Mapping) and "content" in value:
        return AddedToken(**{name: flag for name, flag in value.items() if name != "__type"})
    return value


# --- saving --------------------------------------------------------------------------------


def save_settings(
    folder: Path, words: WordVocab, entities: EntityVocab, options: Options, prefix: str = ""
) -> list[Path]:
    """Save what `load_settings` loads.

    folder (Path): The folder.
    words (WordVocab): The word vocabulary, for its special and added tokens.
    entities (EntityVocab): The entity vocabulary, for its special entities.
    options (Options): The settings.
    prefix (str): What the files' names start with.
    RETURNS (list[Path]): The files.
    """
    backend, special = words.backend, words.special
    config = {
        **asdict(options),
        **special.names,
        **entities.special_tokens,
        "additional_special_tokens": special.additional,
        "added_tokens_decoder": {id_: token_flags(token) for id_, token in backend.added.items()},
        "tokenizer_class": "MLukeTokenizer" if backend.files == "spm" else "LukeTokenizer",
    }
    if len(special.additional) >= 2:  # fewer are put before the usual ones again
        config["entity_token_1"], config["entity_token_2"] = special.additional[:2]
    if (pattern := words.template.pattern()) is not None:
        config["special_tokens_pattern"] = pattern
    if options.task in MARKERS:
        # The task sets it; whoever loads the folder for another task wants the usual length.
        del config["max_entity_length"]
    files = [(CONFIG, config), (SPECIAL, {**special.names, "additional_special_tokens": special.additional})]
    outside = {token.content: id_ for id_, token in backend.added.items() if id_ >= backend.vocab_size}
    if outside and backend.files != "json":
        files.append((ADDED, outside))
    return [_write_json(folder / f"{prefix}{name}", data) for name, data in files]


def save_vocabularies(folder: Path, backend: Backend, entities: EntityVocab, prefix: str = "") -> list[Path]:
    """Save the vocabularies.

    folder (Path): The folder.
    backend (Backend): The word vocabulary.
    entities (EntityVocab): The entity vocabulary.
    prefix (str): What the files' names start with.
    RETURNS (list[Path]): The files.
    """
    paths = []
    for name, content in backend.vocabulary_files().items():
        paths.append(folder / f"{prefix}{name}")
        paths[-1].write_bytes(content)
    return [*paths, _write_json(folder / f"{prefix}{ENTITIES}", entities.to_dict())]


# --- single files --------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """path (Path): A file. RETURNS (bytes): What is in it."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(Errors.L112.format(path=path, name=path.name)) from error
    except IsADirectoryError as error:
        raise ValueError(Errors.L113.format(path=path, error=error)) from error


def read_text(path: Path) -> str:
    """path (Path): A text file. RETURNS (str): Its text, with line ends as they are."""
    return decode(read_bytes(path), path)


def _read_json(path: Path) -> Any:
    return parse_json(read_text(path), path)


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty if there is no file."""
    data = _read_json(path) if path.exists() else {}
    if not isinstance(data, dict):
        raise ValueError(Errors.L113.format(path=path, error="it isn't a JSON object"))
    return data


def _write_json(path: Path, data: Mapping[str, Any] | Sequence[Any]) -> Path:
    path.write_bytes((json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    return path
