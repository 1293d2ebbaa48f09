"""Weights in memory: pipes that name one checkpoint, or were saved with the same weights, share a module."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from thinc.util import get_torch_default_device
from torch import Tensor

from ..errors import Errors
from ..nn import heads
from ..nn.checkpoint import read_weights
from ..nn.config import LukeConfig
from ..nn.heads.base import LukeHead, saved_task
from ..nn.hub import resolve_checkpoint
from ..nn.joint.folder import load_joint
from ..nn.joint.model import JointModel
from ..tokenizer import LukeTokenizer
from .shim import LukeModule

# Which pipe reads a checkpoint of which published class.
PIPES = {
    "LukeForEntityClassification": "luke_typing",
    "LukeForEntityPairClassification": "luke_relations",
    "LukeForEntitySpanClassification": "luke_ner",
    "LukeForSequenceClassification": "luke_textcat",
    "LukeForMultipleChoice": "luke_choice",
    "LukeForTokenClassification": "luke_tagger",
    "LukeForQuestionAnswering": "luke_qa",
    "LukeForMaskedLM": "luke_linker",
}
# The architectures of pipes that have several.
_ARCHITECTURES = {
    "LukeForEntityClassification": "MarkedEntity",
    "LukeForEntityPairClassification": "MarkedPair",
    "LukeForEntitySpanClassification": "CandidateSpans",
}
DEFAULT_CHECKPOINT = Path(__file__).parent.parent / "assets" / "luke_small"

_Key = tuple[Hashable, ...]  # folder, time of its last change, device, and what else makes modules different


@dataclass(frozen=True)
class Checkpoint:
    """A module and the tokenizer that belongs to it."""

    model: LukeModule
    tokenizer: LukeTokenizer


# An entry lives as long as some pipe holds the module, or the tokenizer.
_MODULES: weakref.WeakValueDictionary[_Key, LukeModule] = weakref.WeakValueDictionary()
_SAVED: weakref.WeakKeyDictionary[LukeModule, _Key] = weakref.WeakKeyDictionary()
_TOKENIZERS: weakref.WeakValueDictionary[_Key, LukeTokenizer] = weakref.WeakValueDictionary()


def load_shared(
    name: str | None,
    words_attend_to_entities: bool | None = None,
    entities_attend_to_entities: bool | None = None,
) -> Checkpoint:
    """Load a checkpoint, or take the one that another pipe has loaded. Don't train what this returns: copy it.

    name (str | None): A folder or a hub name; None for the model that ships with the package.
    words_attend_to_entities (bool | None): None for what the checkpoint says.
    entities_attend_to_entities (bool | None): None for what the checkpoint says.
    RETURNS (Checkpoint): Module and tokenizer.
    RAISES (ValueError): If there is no such checkpoint, or it can't be read.
    """

    def build(folder: Path, tokenizer: LukeTokenizer) -> JointModel:
        model = load_joint(folder, words_attend_to_entities, entities_attend_to_entities)
        if "joint" not in model.config.to_dict():
            model.build_heads(model.joint.with_changes(entity_mask_id=tokenizer.entity_mask_id))
        return model

    return _share(name, ("joint", words_attend_to_entities, entities_attend_to_entities), build)


def load_shared_head(name: str | None, task: str) -> Checkpoint:
    """The same for a published head; it is new, and counts as untrained, if the checkpoint has none.

    name (str | None): A folder or a hub name; None for the encoder of the model that ships with the package.
    task (str): The head's class, such as "LukeForSequenceClassification".
    RETURNS (Checkpoint): Module and tokenizer.
    RAISES (ValueError): If there is no such checkpoint, if it can't be read, or if its head is that of another task.
    """

    def build(folder: Path, _: LukeTokenizer) -> LukeHead:
        kind: type[LukeHead] = getattr(heads, task)
        config = LukeConfig.from_pretrained(folder)
        saved = saved_task(config)
        if saved not in (None, task, "LukeForMaskedLM"):
            raise ValueError(Errors.L310.format(name=name, saved=saved, pipe=how_to_use(saved), task=task))
        if saved != task and task == "LukeForQuestionAnswering":
            config.num_labels = 2  # start and end, whatever else the checkpoint was to name
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "W201|.* found no weights for ", UserWarning
            )  # the pipe warns itself
            return kind.from_state(config, read_weights(folder))

    return _share(name, (task,), build)


def how_to_use(task: str) -> str:
    """What reads a published head.

    task (str): Its class.
    RETURNS (str): The factory, and for heads on entities its architecture; "" if it isn't a published class.
    """
    if task not in _ARCHITECTURES:
        return PIPES.get(task, "")
    return f'{PIPES[task]} with @architectures = "spacy-luke.{_ARCHITECTURES[task]}.v1" in its model config'


def _share(
    name: str | None, variant: tuple[Hashable, ...], build: Callable[[Path, LukeTokenizer], LukeModule]
) -> Checkpoint:
    """Build a module from a checkpoint, unless some pipe holds the same one.

    name (str | None): A folder or a hub name; None for the model that ships with the package.
    variant (tuple): What else makes modules different.
    build (Callable): Makes the module of a folder and its tokenizer.
    RETURNS (Checkpoint): Module and tokenizer.
    """
    folder = DEFAULT_CHECKPOINT if name is None else resolve_checkpoint(name)
    if not folder.is_dir():
        raise ValueError(Errors.L306.format(path=folder))
    changed = max((int(path.stat().st_mtime_ns) for path in folder.iterdir()), default=0)
    device = get_torch_default_device()
    source = (str(folder.resolve()), changed)
    key = (*source, device, *variant)
    tokenizer = _share_tokenizer(source, lambda: LukeTokenizer.from_pretrained(folder))
    model = _MODULES.get(key)
    if model is None:
        _MODULES[key] = model = build(folder, tokenizer).to(device)
    return Checkpoint(model, tokenizer)


def share_saved(
    rest: bytes,
    weights: Mapping[str, Tensor],
    read_tokenizer: Callable[[], LukeTokenizer],
    build: Callable[[], LukeModule],
) -> Checkpoint:
    """Rebuild what was saved with a pipe, unless another pipe holds just the same. Don't train it: copy it.

    rest (bytes): All that was saved beside the weights, or its digest.
    weights (Mapping[str, Tensor]): The weights.
    read_tokenizer (Callable): Makes the tokenizer.
    build (Callable): Makes the module of the weights.
    RETURNS (Checkpoint): Module and tokenizer.
    """
    device = get_torch_default_device()
    tokenizer = _share_tokenizer((rest,), read_tokenizer)
    model = next((m for m, key in _SAVED.items() if key == (rest, device) and _holds(m, weights)), None)
    if model is None:
        model = build().to(device)
        _SAVED[model] = (rest, device)
    return Checkpoint(model, tokenizer)


def _share_tokenizer(source: _Key, read: Callable[[], LukeTokenizer]) -> LukeTokenizer:
    tokenizer = _TOKENIZERS.get(source)
    if tokenizer is None:
        _TOKENIZERS[source] = tokenizer = read()
    return tokenizer


def _holds(model: LukeModule, weights: Mapping[str, Tensor]) -> bool:
    """Whether a module was made of these weights. Comparing is quicker than hashing, and can't be wrong."""
    own = model.state_dict()
    return all(
        name in own and torch.equal(own[name].cpu(), w.to(own[name].dtype)) for name, w in weights.items()
    )
