"""`spacy_luke.load`: a ready pipeline in one call."""

from __future__ import annotations

import spacy
from spacy.language import Language


def load(checkpoint: str | None = None, lang: str = "en") -> Language:
    """A pipeline that finds, labels and relates entities in raw text.

    checkpoint (str | None): A folder or hub name of a joint model; None for the model that ships with the package.
    lang (str): Language of the tokenizer and the sentence splitter.
    RETURNS (Language): A `sentencizer` and `luke`, with its weights loaded.
    RAISES (ValueError): If there is no such checkpoint, or it can't be read.
    """
    from .layers.joint import get_module

    nlp = spacy.blank(lang)
    nlp.add_pipe("sentencizer")
    luke = nlp.add_pipe("luke", config={"model": {"checkpoint": checkpoint}})
    get_module(luke.model)  # a wrong checkpoint shows here, not at the first text
    return nlp
