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
# All that a LUKE folder may consist of: the weights are in one of two formats.
OTHER_FILES = ("config.json", *TOKENIZER_FILES)
SAFE_FILES = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")
PICKLE_FILES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin")
# Arguments of `resolve_checkpoint`, which every loader takes.
HUB_OPTIONS = ("revision", "cache_dir", "local_files_only", "subfolder", "token", "force_download")
# Arguments of loaders and savers of transformers, accelerate and peft that mean nothing here, or mean what is always
# so. No code of a checkpoint is ever run, weights are read one by one, and there is one way to compute attention.
IGNORED = frozenset(
    "_commit_hash _fast_init _from_auto _from_pipeline adapter_kwargs adapter_name attn_implementation "  # noqa: SIM905
    "_attn_implementation commit_message device_mesh from_slow generation_config ignore_metadata_errors legacy "
    "legacy_format low_cpu_mem_usage max_memory max_shard_size mirror offload_buffers offload_folder "
    "offload_state_dict proxies repo_id resume_download save_config save_function save_peft_format tp_size "
    "trust_remote_code use_fast use_flash_attention_2 use_kernels user_agent verbose weights_only".split()
)
# What would change the result, and isn't possible here.
IMPOSSIBLE = frozenset(
    "from_flax from_tf gguf_file key_mapping load_in_4bit load_in_8bit push_to_hub quantization_config "  # noqa: SIM905
    "tp_plan".split()
)
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


class CheckpointError(OSError, ValueError):
    """A checkpoint or one of its files is missing or can't be downloaded. Other libraries raise OSError for it; to us
    it is also an argument of a wrong value."""


def take_hub_options(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take what a loader or saver has in common with all others out of its arguments.

    arguments (dict[str, Any]): Changed in place: neither what it returns nor what has no meaning here stays.
    RETURNS (dict[str, Any]): Those of `HUB_OPTIONS` that are there, for `resolve_checkpoint`.
    RAISES (ValueError): If something is asked for that isn't possible.
    """
    if "use_auth_token" in arguments:  # the token's older name
        arguments.setdefault("token", arguments.pop("use_auth_token"))
    for name in IMPOSSIBLE & arguments.keys():
        if arguments.pop(name) not in (None, False):
            raise ValueError(Errors.L229.format(name=name))
    for name in IGNORED & arguments.keys():
        del arguments[name]
    options = {name: arguments.pop(name) for name in HUB_OPTIONS if name in arguments}
    return {name: value for name, value in options.items() if value is not None}


def refuse_unknown(options: dict[str, Any]) -> None:
    """options (dict[str, Any]): Arguments of a `save_pretrained`. RAISES (TypeError): If one means nothing anywhere.
    (ValueError): If one asks for what isn't possible."""
    take_hub_options(options)
    if options:
        raise TypeError(Errors.L230.format(names=", ".join(sorted(options))))


def resolve_checkpoint(
    name_or_path: PathOrStr,
    *,
    revision: str | None = None,
    cache_dir: PathOrStr | None = None,
    local_files_only: bool = False,
    patterns: Sequence[str] | None = None,
    subfolder: str = "",
    token: str | bool | None = None,
    force_download: bool = False,
    variant: str | None = None,
    use_safetensors: bool | None = None,
) -> Path:
    """Find the folder of a checkpoint, and download it if it is a name on the Hugging Face hub.

    name_or_path (str | os.PathLike): A folder, or a name such as "studio-ousia/luke-base".
    revision (str | None): Branch, tag or commit on the hub.
    cache_dir (str | os.PathLike | None): Where downloads are kept; None means the hub's own cache.
    local_files_only (bool): Use only what is downloaded already.
    patterns (Sequence[str] | None): Files to download. None means the whole checkpoint, with weights in
        the safetensors format if the hub has them, in the pickle format otherwise.
    subfolder (str): The folder within it that holds the files.
    token (str | bool | None): Of an account on the hub; None or True for that of the login, False for none.
    force_download (bool): Download again what is there already.
    variant (str | None): Which weights to download: those with this word in their files' names, e.g. "fp16".
    use_safetensors (bool | None): Download weights in the safetensors format only, or in the pickle format only.
    RETURNS (Path): The folder.
    RAISES (CheckpointError): If there is no such folder or name, or the hub cannot be reached. It is an OSError and a
        ValueError.
    """
    name = os.fspath(name_or_path)
    folder = Path(os.path.expanduser(name))  # of an unknown user it stays as it is, where Path raises
    if name and folder.is_dir():
        if (folder / "config.cfg").is_file() and not (folder / subfolder / "config.json").is_file():
            raise CheckpointError(Errors.L228.format(path=str(folder)))
        finish_writing(folder / subfolder)
        return folder / subfolder
    if folder.is_file():
        raise CheckpointError(Errors.L221.format(path=folder))
    if isinstance(name_or_path, os.PathLike) or not _HUB_NAME.fullmatch(name):
        raise CheckpointError(Errors.L222.format(path=repr(name)))
    cache = None if cache_dir is None else Path(cache_dir)
    where = {"revision": revision, "cache_dir": cache, "local_files_only": local_files_only}
    where.update(token=token, force_download=force_download)
    if patterns is not None:
        return _download(name, subfolder, patterns, where)
    safe = [] if use_safetensors is False else [in_variant(file, variant) for file in SAFE_FILES]
    pickles = [] if use_safetensors else [in_variant(file, variant) for file in PICKLE_FILES]
    found = _download(name, subfolder, (*OTHER_FILES, *(safe or pickles)), where)
    if safe and pickles and not any(found.glob("model*.safetensors")):
        found = _download(name, subfolder, (*OTHER_FILES, *safe, *pickles), where)
    return found


def in_variant(file: str, variant: str | None) -> str:
    """file (str): Name of a file of weights. variant (str | None): See `resolve_checkpoint`.
    RETURNS (str): What the file is called in the variant, e.g. "model.fp16-00001-of-00002.safetensors"."""
    if variant is None:
        return file
    if file.endswith(".index.json"):
        return file.removesuffix("json") + f"{variant}.json"
    stem, rest = re.split(r"(?=[-.])", file, maxsplit=1)
    return f"{stem}.{variant}{rest}"


def _download(name: str, subfolder: str, patterns: Sequence[str], where: dict[str, Any]) -> Path:
    # Imported here: it takes 0.14 s, and who works with local folders never needs it.
    from huggingface_hub import errors, snapshot_download

    try:
        allowed = [f"{subfolder}/{pattern}" if subfolder else pattern for pattern in patterns]
        folder = snapshot_download(name, allow_patterns=allowed, **where)
    except errors.GatedRepoError as error:
        raise CheckpointError(Errors.L223.format(name=name)) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError(Errors.L224.format(name=name)) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointError(Errors.L225.format(name=name, revision=where["revision"])) from error
    except errors.LocalEntryNotFoundError as error:
        raise CheckpointError(Errors.L226.format(name=name)) from error
    except (OSError, ValueError) as error:  # connection lost, disk full, a name that the hub refuses
        raise CheckpointError(Errors.L227.format(name=name, reason=error)) from error
    return Path(folder) / subfolder
