"""`spacy_luke.load`: a ready pipeline in one call, whatever the checkpoint was trained for."""

from __future__ import annotations

from os import PathLike
from typing import Any

import spacy
from spacy.language import Language

from ..errors import Errors
from ..nn.config import LukeConfig
from ..nn.heads.base import JOINT, saved_class
from ..nn.hub import resolve_checkpoint
from .store import PIPES
from .weights import get_module

# Pipes that read sentences as such.
_BY_SENTENCE = ("luke", "luke_ner", "luke_typing", "luke_relations")


def load(checkpoint: str | PathLike[str] | None = None, lang: str = "en") -> Language:
    """A pipeline with the one pipe that reads a checkpoint, by what the checkpoint says of itself.

    checkpoint (str | os.PathLike | None): A folder or hub name of a joint model, or of a published class that was
        fine-tuned; None for the joint model that ships with the package. `luke_typing`, `luke_relations` and
        `luke_linker` say something of entities that are there: add a component before them that finds some.
    lang (str): Language of spaCy's tokenizer; a checkpoint doesn't tell it.
    RETURNS (Language): The pipe with its weights loaded, behind a `sentencizer` where sentences matter.
    RAISES (ValueError): If there is no such checkpoint, if it can't be read, or if it has no head.
    """
    if isinstance(checkpoint, PathLike):  # configs have no paths, and a string may be a name on the hub
        checkpoint = str(resolve_checkpoint(checkpoint))
    name, model = ("luke", {}) if checkpoint is None else pipe_of(checkpoint)
    nlp = spacy.blank(lang)
    if name in _BY_SENTENCE:
        nlp.add_pipe("sentencizer")
    pipe = nlp.add_pipe(name, config={"model": {**model, "checkpoint": checkpoint}})
    get_module(pipe.model)  # a wrong checkpoint shows here, not at the first text
    return nlp


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
