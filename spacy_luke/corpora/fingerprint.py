"""What tells one pipeline from another, so that a corpus is annotated by one."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import numpy as np
import spacy
import torch
from spacy.language import Language
from thinc.api import Model

from ..about import __version__


def describe_pipeline(nlp: Language, name: str | None) -> dict[str, Any]:
    """Describe a pipeline.

    nlp (Language): The pipeline.
    name (str | None): What it was loaded by.
    RETURNS (dict[str, Any]): Name, version, language, components, versions of libraries, and checksums of its config
        and its weights, as plain data. Equal pipelines give the same in each process.
    """
    meta = (
        nlp.meta
    )  # first, because components may put what acts into the config when they are asked for labels
    config = hashlib.sha256(nlp.config.to_str().encode()).hexdigest()
    about = {key: meta.get(key, "") for key in ("lang", "name", "version")}
    libraries = {"spacy_luke": __version__, "spacy": spacy.__version__, "torch": str(torch.__version__)}
    told = {"loaded": name or "the default model", **about, "components": nlp.pipe_names}
    return {**told, "libraries": libraries, "config": config, "weights": _weights(nlp)}


def _weights(nlp: Language) -> str:
    crc, seen = 0, set[int]()
    for name, pipe in nlp.pipeline:
        crc = zlib.crc32(name.encode(), crc)
        network = getattr(
            pipe, "network", None
        )  # a component of ours, whose weights are read here if need be
        modules = [network.module] if network is not None else _modules(getattr(pipe, "model", None))
        for module in modules:
            if id(module) not in seen:
                seen.add(id(module))
                crc = _module(module, crc)
        for array in _arrays(getattr(pipe, "model", None)):
            crc = zlib.crc32(np.asarray(array).tobytes(), crc)
    return f"{crc:08x}"


def _module(module: torch.nn.Module, crc: int) -> int:
    for tensor in module.state_dict().values():
        plain = tensor.detach().cpu().contiguous().flatten()
        crc = zlib.crc32(plain.view(torch.uint8).numpy(), crc) if plain.numel() else crc
    return crc


def _modules(model: Any) -> list[torch.nn.Module]:
    """Modules of torch in a component of others."""
    if not isinstance(model, Model):
        return []
    shims = [shim for node in model.walk() for shim in node.shims]
    return [shim._model for shim in shims if isinstance(getattr(shim, "_model", None), torch.nn.Module)]


def _arrays(model: Any) -> list[Any]:
    """Arrays of thinc in it."""
    if not isinstance(model, Model):
        return []
    found = [(node, name) for node in model.walk() for name in node.param_names if node.has_param(name)]
    return [model.ops.to_numpy(node.get_param(name)) for node, name in found]
