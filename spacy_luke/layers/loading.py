"""`spacy_luke.load`: a ready pipeline in one call, whatever the checkpoint was trained for."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from spacy.language import Language
from spacy.util import dict_to_dot, dot_to_dict, load_model_from_config
from thinc.api import Config

from ..errors import Errors
from ..nn.config import LukeConfig
from ..nn.heads.base import JOINT, saved_class
from ..nn.hub import resolve_checkpoint
from .optimizer import OPTIMIZER
from .store import DEFAULT_CHECKPOINT, PIPES
from .weights import get_module

# Pipes that read sentences as such.
_BY_SENTENCE = ("luke", "luke_ner", "luke_typing", "luke_relations")


def load(
    checkpoint: str | PathLike[str] | None = None,
    lang: str = "en",
    *,
    preset: str | None = None,
    **options: Any,
) -> Language:
    """A pipeline with the one pipe that reads a checkpoint, by what the checkpoint says of itself.

    `spacy.load("spacy_luke")` calls this, too, and so does `source = "spacy_luke"` in a config.

    checkpoint (str | os.PathLike | None): A folder or hub name of a joint model, or of a published class that was
        fine-tuned; None for the joint model that ships with the package. `luke_typing`, `luke_relations` and
        `luke_linker` say something of entities that are there: add a component before them that finds some.
    lang (str): Language of spaCy's tokenizer; a checkpoint doesn't tell it.
    preset (str | None): Which of the checkpoint's thresholds to take: "precise" says little and is mostly right,
        "balanced" finds most at the best F1, "all" keeps whatever is at all likely. None for those between "precise"
        and "balanced" that are its default.
    **options (Any): `vocab`, `config`, `disable`, `enable` and `exclude`, as for `spacy.load`.
    RETURNS (Language): The pipe with its weights loaded, behind a `sentencizer` where sentences matter.
    RAISES (ValueError): If there is no such checkpoint or preset, if it can't be read, or if it has no head.
    """
    if isinstance(checkpoint, PathLike):  # configs have no paths, and a string may be a name on the hub
        checkpoint = str(resolve_checkpoint(checkpoint))
    name, model = ("luke", {}) if checkpoint is None else pipe_of(checkpoint)
    components: dict[str, Any] = {"sentencizer": {"factory": "sentencizer"}} if name in _BY_SENTENCE else {}
    components[name] = {"factory": name, "model": {**model, "checkpoint": checkpoint}}
    if preset is not None:
        components[name]["thresholds"] = preset_thresholds(checkpoint or str(DEFAULT_CHECKPOINT), preset)
    changes = dot_to_dict(dict_to_dot(options.pop("config", {})))
    parts = {"nlp": {"lang": lang, "pipeline": list(components)}, "training": {"optimizer": OPTIMIZER}}
    config = Config({**parts, "components": components})
    nlp = load_model_from_config(config.merge(changes), auto_fill=True, **options)
    if name in nlp.component_names:
        get_module(nlp.get_pipe(name).model)  # a wrong checkpoint shows here, not at the first text
    return nlp


def preset_thresholds(checkpoint: str, preset: str) -> dict[str, Any]:
    """What a checkpoint calls its thresholds by names.

    checkpoint (str): A folder or hub name.
    preset (str): One of the names.
    RETURNS (dict[str, Any]): Thresholds by task; those of other tasks stay.
    RAISES (ValueError): If the checkpoint has no such preset.
    """
    joint = getattr(LukeConfig.from_pretrained(checkpoint), "joint", None)
    presets = joint.get("presets", {}) if isinstance(joint, Mapping) else {}
    if not isinstance(presets, Mapping) or not isinstance(presets.get(preset), Mapping):
        found = ", ".join(map(repr, presets)) or "none"
        raise ValueError(Errors.L519.format(preset=preset, checkpoint=checkpoint, found=found))
    return dict(presets[preset])


def pipe_of(checkpoint: str) -> tuple[str, dict[str, Any]]:
    """Which pipe reads a checkpoint.

    checkpoint (str): A folder or hub name.
    RETURNS (tuple[str, dict[str, Any]]): Name of the factory, and what its model's config has to say beside the
        checkpoint.
    RAISES (ValueError): If the checkpoint doesn't tell, because it has an encoder only.
    """
    config = LukeConfig.from_pretrained(checkpoint)
    task = saved_class(config)
    if task == JOINT:
        return "luke", {}
    if task is None:
        found = getattr(config, "architectures", None) or "none"
        raise ValueError(Errors.L505.format(checkpoint=checkpoint, found=found, allowed=", ".join(PIPES)))
    # `luke_ner` has two architectures; its own default is the joint model's.
    spans = task == "LukeForEntitySpanClassification"
    return PIPES[task], {"@architectures": "spacy-luke.CandidateSpans.v1"} if spans else {}
