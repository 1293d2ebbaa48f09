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
from ..nn.checkpoint import load_weights
from ..nn.config import LukeConfig, load_config_file
from ..nn.heads.base import JOINT, LukeHead, saved_class
from ..nn.heads.joint.model import LukeJointModel
from ..nn.hub import resolve_checkpoint
from ..tokenizer import LukeTokenizer

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
# Architectures, where a pipe has several.
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

    model: LukeHead
    tokenizer: LukeTokenizer


# An entry lives as long as some pipe holds the module, or the tokenizer.
_MODULES: weakref.WeakValueDictionary[_Key, LukeHead] = weakref.WeakValueDictionary()
_SAVED: weakref.WeakKeyDictionary[LukeHead, _Key] = weakref.WeakKeyDictionary()
_TOKENIZERS: weakref.WeakValueDictionary[_Key, LukeTokenizer] = weakref.WeakValueDictionary()


def load_shared(name: str | None, head: str, **overrides: bool | None) -> Checkpoint:
    """Load a checkpoint, or take the one that another pipe has loaded. Don't train what this returns: copy it.

    The head is new, and counts as untrained, if the checkpoint has none.

    name (str | None): A folder or a hub name; None for the model that ships with the package.
    head (str): Name of the head's class, such as "LukeForSequenceClassification".
    **overrides (bool | None): Switches of the `LukeConfig` to change; None for what the checkpoint says.
    RETURNS (Checkpoint): Module and tokenizer.
    RAISES (ValueError): If there is no such checkpoint, if it can't be read, or if its head is another one.
    """
    folder = DEFAULT_CHECKPOINT if name is None else resolve_checkpoint(name)
    if not folder.is_dir():
        raise ValueError(Errors.L306.format(path=folder))
    changes = {field: value for field, value in overrides.items() if value is not None}
    changed = max((int(path.stat().st_mtime_ns) for path in folder.iterdir()), default=0)
    device = get_torch_default_device()
    source = (str(folder.resolve()), changed)
    tokenizer = _share_tokenizer(source, lambda: LukeTokenizer.from_pretrained(folder))
    key = (*source, device, head, *sorted(changes.items()))
    model = _MODULES.get(key)
    if model is None:
        config = LukeConfig.from_dict(load_config_file(folder), **changes)
        saved = saved_class(config)
        # The joint model takes any encoder, and other heads that of a model that wasn't fine-tuned for something else.
        if head != JOINT and saved not in (head, None, JOINT, "LukeForMaskedLM"):
            raise ValueError(Errors.L310.format(name=name, saved=saved, pipe=how_to_use(saved), task=head))
        if head == "LukeForQuestionAnswering" != saved:
            config.num_labels = 2  # start and end, whatever else the checkpoint was to name
        model = build_head(head, config, load_weights(folder))
        if isinstance(model, LukeJointModel) and saved != JOINT:
            model.joint = model.joint.with_changes(entity_mask_id=tokenizer.entity_mask_id)
        _MODULES[key] = model = model.to(device)
    return Checkpoint(model, tokenizer)


def build_head(head: str, config: LukeConfig, weights: Mapping[str, Tensor]) -> LukeHead:
    """Put weights into a new module, in the types that they are stored in.

    head (str): Name of its class.
    config (LukeConfig): Its configuration.
    weights (Mapping[str, Tensor]): The weights by name.
    RETURNS (LukeHead): The module.
    RAISES (ValueError): If they do not fit, or are no numbers.
    """
    wrong = [
        name for name, w in weights.items() if w.is_floating_point() and not bool(torch.isfinite(w.sum()))
    ]
    wrong = [
        name for name in wrong if not bool(torch.isfinite(weights[name]).all())
    ]  # a sum may be too large
    if wrong:
        raise ValueError(Errors.L393.format(n=len(wrong), names=", ".join(wrong[:3])))
    kind: type[LukeHead] = getattr(heads, head)
    with warnings.catch_warnings():  # the pipe warns itself
        warnings.filterwarnings("ignore", "W201|.* found no weights for ", UserWarning)
        return kind.from_state(config, weights)


def how_to_use(task: str) -> str:
    """task (str): A published class.
    RETURNS (str): The factory that reads it, and for heads on entities the architecture; "" for other classes."""
    if task not in _ARCHITECTURES:
        return PIPES.get(task, "")
    return f'{PIPES[task]} with @architectures = "spacy-luke.{_ARCHITECTURES[task]}.v1" in its model config'


def share_saved(
    rest: bytes,
    weights: Mapping[str, Tensor],
    read_tokenizer: Callable[[], LukeTokenizer],
    build: Callable[[], LukeHead],
) -> Checkpoint:
    """Rebuild what was saved with a pipe, unless another pipe holds just the same. Don't train it: copy it.

    rest (bytes): A digest of all that was saved beside the weights.
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


def _holds(model: LukeHead, weights: Mapping[str, Tensor]) -> bool:
    """Whether a module was made of these weights. Comparing is quicker than hashing, and can't be wrong."""
    own = model.state_dict()
    return all(
        name in own and torch.equal(own[name].cpu(), w.to(own[name].dtype)) for name, w in weights.items()
    )
