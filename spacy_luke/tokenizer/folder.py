"""A tokenizer's folder, in the forms in which LUKE is published and in which transformers 4 and 5 save it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tokenizers import AddedToken  # type: ignore[import-untyped]

from ..errors import Errors
from .backend import MERGES, TOKENIZER, VOCAB, Backend, token_flags
from .entities import EntityVocab
from .files import read_config, read_object
from .options import Options
from .published.tasks import MARKERS
from .sentencepiece_backend import PIECES
from .special import NAMES, SpecialTokens
from .template import Template

ENTITIES = "entity_vocab.json"
CONFIG, SPECIAL, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"

_SETTINGS = (
    *Options.__dataclass_fields__,
    *("entity_token_1", "entity_token_2", "special_tokens_pattern"),
    *("entity_unk_token", "entity_pad_token", "entity_mask_token", "entity_mask2_token"),
)

# What transformers 5 calls differently.
_NEW_NAMES = {"entity_token_1": "entity_1_token", "entity_token_2": "entity_2_token"}


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


def find_entities(folder: Path) -> Any:
    """The entity vocabulary.

    folder (Path): The folder.
    RETURNS (Path | Any): Its file, or the data that transformers 5 puts into tokenizer_config.json.
    """
    for path in (folder / ENTITIES, folder / f"{ENTITIES}l"):
        if path.exists():
            return path
    _, data = read_config(folder / CONFIG)
    if data is None:
        raise FileNotFoundError(Errors.L136.format(folder=folder, name=ENTITIES, config=CONFIG))
    return data


def read_settings(folder: Path) -> dict[str, Any]:
    """Everything but the vocabularies, as arguments of the tokenizer's constructor.

    folder (Path): The folder.
    RETURNS (dict[str, Any]): The arguments. Keys of tokenizer_config.json that it has no argument for are
        left out.
    """
    config, _ = read_config(folder / CONFIG)
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
        named = read_object(folder / SPECIAL)
        additional += named.pop("additional_special_tokens", None) or ()
        settings.update({name: _token(token) for name, token in named.items() if name in NAMES})
        special = {str(token) for name, token in settings.items() if name in NAMES}
        special.update(str(_token(token)) for token in additional)
        added = {
            id_: AddedToken(token, normalized=token not in special, special=token in special)
            for token, id_ in read_object(folder / ADDED).items()
        }
    settings["added_tokens_decoder"] = {int(id_): _token(token) for id_, token in added.items()}
    tokens = {str(token): token for token in map(_token, additional)}
    if tokens:
        settings["additional_special_tokens"] = list(tokens.values())
    return settings


def write_settings(
    folder: Path,
    options: Options,
    special: SpecialTokens,
    template: Template,
    entities: EntityVocab,
    backend: Backend,
) -> list[Path]:
    """Write what `read_settings` reads.

    folder (Path): The folder.
    options (Options): The settings.
    special (SpecialTokens): The special tokens.
    template (Template): Where they stand around texts.
    entities (EntityVocab): The entity vocabulary, for its special entities.
    backend (Backend): The word vocabulary, for its added tokens.
    RETURNS (list[Path]): The files.
    """
    added = {id_: token_flags(token) for id_, token in backend.added.items()}
    config = {
        **asdict(options),
        **special.names,
        **entities.special_tokens,
        "additional_special_tokens": special.additional,
        "added_tokens_decoder": added,
        "tokenizer_class": "MLukeTokenizer" if backend.files == "spm" else "LukeTokenizer",
    }
    if len(special.additional) >= 2:  # fewer are put before the usual ones again
        config["entity_token_1"], config["entity_token_2"] = special.additional[:2]
    if (pattern := template.pattern()) is not None:
        config["special_tokens_pattern"] = pattern
    if options.task in MARKERS:
        # The task sets it; whoever loads the folder for another task wants the usual length.
        del config["max_entity_length"]
    files = [(CONFIG, config), (SPECIAL, {**special.names, "additional_special_tokens": special.additional})]
    outside = {token.content: id_ for id_, token in backend.added.items() if id_ >= backend.vocab_size}
    if outside and backend.files != "json":
        files.append((ADDED, outside))
    return [_write_json(folder / name, data) for name, data in files]


def write_vocabulary(folder: Path, backend: Backend, entities: EntityVocab, prefix: str = "") -> list[Path]:
    """Write the vocabularies.

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


def make_folder(path: Any) -> Path:
    """Make a folder to save in, unless it is there.

    path (str | PathLike): The folder.
    RETURNS (Path): The folder.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(Errors.L221.format(path=folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _token(value: Any) -> Any:
    """A token with flags is a JSON object, with or without a mark of its type."""
    if isinstance(value, Mapping) and "content" in value:
        return AddedToken(**{name: flag for name, flag in value.items() if name != "__type"})
    return value


def _write_json(path: Path, data: Mapping[str, Any] | Sequence[Any]) -> Path:
    path.write_bytes((json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    return path
