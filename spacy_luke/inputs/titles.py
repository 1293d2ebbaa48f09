"""Entities by their titles: spans -> ids of the entity vocabulary, for `entity_input = "title"`.

A title says which entity a mention is of, so the model reads what it knows of that entity; [MASK] asks what the text
says about the mention. These are the two uses of LUKE's entity tokens (Yamada et al., 2020, sections 3 and 4).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Span

from ..types import NIL
from .pieces import Ints

if TYPE_CHECKING:
    from ..tokenizer import BaseTokenizer

TitleGetter = Callable[[Span], str]

ENTITY_INPUTS = ("mask", "title")
logger = logging.getLogger("spacy_luke")


def kb_id_titles() -> TitleGetter:
    """Registered as `spacy-luke.kb_id_titles.v1`.

    RETURNS (TitleGetter): Takes `span.kb_id_` as the title; entity linkers say by "NIL" that there is none.
    """
    return _kb_id


def _kb_id(span: Span) -> str:
    return "" if span.kb_id_ == NIL else str(span.kb_id_)


def find_title(vocab: Mapping[str, int], title: str) -> int | None:
    """Find a title in an entity vocabulary. As in links of Wikipedia "_" is a space, and any whitespace is one space.

    vocab (Mapping[str, int]): The vocabulary.
    title (str): The title.
    RETURNS (int | None): Its id; None if it isn't there.
    """
    id_ = vocab.get(title)
    if id_ is None:
        plain = plain_title(title)
        id_ = vocab.get(plain, vocab.get(plain.replace(" ", "_")))
    return id_


def plain_title(title: str) -> str:
    """title (str): A title. RETURNS (str): The same, with one space for "_" and for any whitespace."""
    return " ".join(title.replace("_", " ").split())


@dataclass
class EntityTitles:
    """Looks spans up in the entity vocabulary, and counts how often it finds them.

    getter (TitleGetter): Gives the title of a span, or "" if it has none.
    hits (int): Spans whose title is in the vocabulary, so far.
    misses (int): Spans whose title isn't, so far. They are read as the unknown entity, as LUKE's tokenizer does.
    untitled (int): Spans without a title, so far. They are read as [MASK].
    """

    getter: TitleGetter
    hits: int = 0
    misses: int = 0
    untitled: int = 0

    def ids(self, spans: Sequence[Span], tokenizer: BaseTokenizer) -> Ints:
        """Find the entities that spans are of.

        spans (Sequence[Span]): The spans.
        tokenizer (BaseTokenizer): Has the entity vocabulary.
        RETURNS (ndarray): Entity ids. Shape: (n_spans,)
        """
        vocab = tokenizer.entity_vocab
        special = {"", *vocab.special_tokens.values()}  # no titles, whatever the getter says
        titles = [self.getter(span) for span in spans]
        ids = [None if title in special else find_title(vocab, title) for title in titles]
        untitled, misses = titles.count(""), ids.count(None) - titles.count("")
        self.untitled += untitled
        self.misses += misses
        self.hits += len(ids) - untitled - misses
        if misses:
            logger.debug("%d of %d titles are not in the entity vocabulary", misses, len(ids) - untitled)
        absent = [vocab.unk_id if title else vocab.mask_id for title in titles]
        found = [other if id_ is None else id_ for id_, other in zip(ids, absent, strict=True)]
        return np.array(found, dtype=np.int64)
