"""Entities that a head on text reads with the words: none, [MASK] for what the text says of them, or by title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from ..inputs.entities import EntityGetter
from ..inputs.texts import NO_ENTITIES, TextEntities
from ..inputs.titles import ENTITY_INPUTS, EntityTitles, TitleGetter

if TYPE_CHECKING:
    from ..tokenizer import LukeTokenizer

KINDS = ("none", *ENTITY_INPUTS)


@dataclass(frozen=True)
class EntityInput:
    """Which entities of a document are read, and as what.

    kind (str): "none", "mask" or "title".
    entities (EntityGetter): Gives the entities of a document.
    titles (EntityTitles): Looks up who they are, and counts how often the vocabulary has them.
    """

    kind: str
    entities: EntityGetter
    titles: EntityTitles

    @classmethod
    def make(cls, pipe: str, kind: str, entities: EntityGetter, titles: TitleGetter) -> EntityInput:
        """pipe (str): The component's name, for errors. Further arguments as above.
        RETURNS (EntityInput): The setting. RAISES (ValueError): If there is no such kind."""
        if kind not in KINDS:
            allowed = "one of " + ", ".join(KINDS)
            raise ValueError(Errors.L311.format(pipe=pipe, name="entity_input", value=kind, allowed=allowed))
        return cls(kind, entities, EntityTitles(titles))

    def read(self, docs: Sequence[Doc], tokenizer: LukeTokenizer) -> list[TextEntities]:
        """docs (Sequence[Doc]): The documents. tokenizer (LukeTokenizer): Has the entity vocabulary.
        RETURNS (list[TextEntities]): The entities of each."""
        return [self._of(doc, tokenizer) for doc in docs]

    def _of(self, doc: Doc, tokenizer: LukeTokenizer) -> TextEntities:
        spans = () if self.kind == "none" else self.entities(doc)
        if not spans:
            return NO_ENTITIES
        extents = np.array([(span.start, span.end) for span in spans], dtype=np.int64)
        if self.kind == "title":
            return TextEntities(extents, self.titles.ids(spans, tokenizer))
        return TextEntities(extents, np.full(len(spans), tokenizer.entity_mask_id, dtype=np.int64))
