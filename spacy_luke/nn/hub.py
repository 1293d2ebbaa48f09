"""From the name of a checkpoint to a folder on disk: local folders as they are, hub names downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import Errors
from ..files import finish_writing
from ..types import PathOrStr

# All that a tokenizer may consist of.
TOKENIZER_FILES = (
    "vocab.*",
    "merges.txt",
    "sentencepiece.bpe.model",
    "tokenizer*.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "entity_vocab*",
)
# All that a LUKE folder may consist of, without the weights in the pickle format.
CHECKPOINT_FILES = (
    "config.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*.safetensors",
    *TOKENIZER_FILES,
)
PICKLE_FILES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin")
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def resolve_checkpoint(
    name_or_path: PathOrStr,
    *,
    revision: str | None = None,
    cache_dir: PathOrStr | None = None,
    local_files_only: bool = False,
    patterns: Sequence[str] | None = None,
    subfolder: str = "",
) -> Path:
    """Find the folder of a checkpoint, and download it if it is a name on the Hugging Face hub.

    name_or_path (str | os.PathLike): A folder, or a name such as "studio-ousia/luke-base".
    revision (str | None): Branch, tag or commit on the hub.
    cache_dir (str | os.PathLike | None): Where downloads are kept; None means the hub's own cache.
    local_files_only (bool): Use only what is downloaded already.
    patterns (Sequence[str] | None): Files to download. None means the whole checkpoint, with weights in
        the safetensors format if the hub has them, in the pickle format otherwise.
    subfolder (str): The folder within it that holds the files.
    RETURNS (Path): The folder.
    RAISES (ValueError): If there is no such folder or name, or the hub cannot be reached.
    """
    name = os.fspath(name_or_path)
    folder = Path(os.path.expanduser(name))  # of an unknown user it stays as it is, where Path raises
    if name and folder.is_dir():
        if (folder / "config.cfg").is_file() and not (folder / subfolder / "config.json").is_file():
            raise ValueError(Errors.L228.format(path=str(folder)))
        finish_writing(folder / subfolder)
        return folder / subfolder
    if folder.is_file():
        raise ValueError(Errors.L221.format(path=folder))
    if isinstance(name_or_path, os.PathLike) or not _HUB_NAME.fullmatch(name):
        raise ValueError(Errors.L222.format(path=repr(name)))
    cache = None if cache_dir is None else Path(cache_dir)
    where = {"revision": revision, "cache_dir": cache, "local_files_only": local_files_only}
    found = _download(name, subfolder, CHECKPOINT_FILES if patterns is None else patterns, where)
    if patterns is None and not any(found.glob("model*.safetensors")):
        found = _download(name, subfolder, (*CHECKPOINT_FILES, *PICKLE_FILES), where)
    return found


def _download(name: str, subfolder: str, patterns: Sequence[str], where: dict[str, Any]) -> Path:
    # Imported here: it takes 0.14 s, and who works with local folders never needs it.
    from huggingface_hub import errors, snapshot_download

    try:
        allowed = [f"{subfolder}/{pattern}" if subfolder else pattern for pattern in patterns]
        folder = snapshot_download(name, allow_patterns=allowed, **where)
    except errors.GatedRepoError as error:
        raise ValueError(Errors.L223.format(name=name)) from error
    except errors.RepositoryNotFoundError as error:
        raise ValueError(Errors.L224.format(name=name)) from error
    except errors.RevisionNotFoundError as error:
        raise ValueError(Errors.L225.format(name=name, revision=where["revision"])) from error
    except errors.LocalEntryNotFoundError as error:
        raise ValueError(Errors.L226.format(name=name)) from error
    except (OSError, ValueError) as error:  # connection lost, disk full, a name that the hub refuses
        raise ValueError(Errors.L227.format(name=name, reason=error)) from error
    return Path(folder) / subfolder
