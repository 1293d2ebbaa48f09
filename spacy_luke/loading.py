"""`spacy_luke.load`: a ready pipeline in one call."""

from __future__ import annotations

import spacy
from spacy.language import Language


def load(checkpoint: str | None = None, lang: str = "en") -> Language:
    """A pipeline that finds, labels and relates entities in raw text.

    checkpoint (str | None): A folder or hub name of a joint model; None for the model that ships with the package.
    lang (str): Language of the tokenizer and the sentence splitter.
    RETURNS (Language): A `sentencizer` and `luke`.
    """
    nlp = spacy.blank(lang)
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke", config={"model": {"checkpoint": checkpoint}})
    return nlp
