"""Documents with other names in them, so that a model can't answer from what it knows of a name.

An entity gets the name of one of another document, of the same type, in all its mentions at once; or a single letter,
as in texts that hide names. What the text states of it stays. An entity is left alone if its name shares a word with
anything else in the document, which would be another name, or no name at all, afterwards.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from string import ascii_uppercase
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from spacy_luke.annotation import (
    KEY,
    get_relations,
    get_unsure,
    has_relations,
    write_relations,
    write_unsure,
)
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.outcomes import entity

TYPES = ("PER", "ORG", "LOC", "MISC")


class Name(NamedTuple):
    """A name as tokens.

    words (tuple[str, ...]): The tokens.
    spaces (tuple[bool, ...]): Whether a space follows each; of the last one it doesn't matter.
    """

    words: tuple[str, ...]
    spaces: tuple[bool, ...]


def letter(which: str) -> Name:
    """RETURNS (Name): A letter for a name."""
    return Name((which,), (True,))


@registry.augmenters("default-model.rename.v1")
def create_renamer(path: str, share: float, hidden: float, seed: int = 0) -> Renamer:
    """Rename the entities of some of the documents.

    path (str): A `.spacy` file whose documents give the names.
    share (float): Share of the documents.
    hidden (float): Share of their entities that get a letter instead.
    seed (int): Of the choice.
    RETURNS (Callable): An augmenter for `spacy-luke.Corpus.v1`.
    """
    return Renamer(Path(path), share, hidden, random.Random(seed))


@dataclass(eq=False)
class Renamer:
    """An augmenter; see `create_renamer`."""

    path: Path
    share: float
    hidden: float
    chance: random.Random

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """YIELDS (Example): The example, or one with other names."""
        doc = example.reference
        if doc.has_annotation("ENT_IOB") and doc.ents and self.chance.random() < self.share:
            renamed = rename(doc, self._choose(doc))
            tokens = [token.text for token in renamed], [bool(token.whitespace_) for token in renamed]
            example = Example(Doc(nlp.vocab, *tokens), renamed)
        yield example

    @cached_property
    def _names(self) -> Mapping[str, Sequence[Name]]:
        names: dict[str, dict[Name, None]] = {label: {} for label in TYPES}
        for doc in DocBin(store_user_data=True).from_disk(self.path).get_docs(Vocab()):
            for span in doc.ents:
                if span.label_ in names:
                    names[span.label_][name_of(span)] = None
        return {label: list(found) for label, found in names.items()}

    def _choose(self, doc: Doc) -> dict[str, Name]:
        """Names for the entities that may get one."""
        chosen = {}
        letters = self.chance.sample(ascii_uppercase, len(ascii_uppercase))
        for key, spans in renamable(doc).items():
            pool = self._names.get(spans[0].label_, ())
            if letters and self.chance.random() < self.hidden:
                chosen[key] = letter(letters.pop())
            elif pool:
                chosen[key] = self.chance.choice(pool)
        return chosen


def name_of(span: Span) -> Name:
    """RETURNS (Name): The span's tokens."""
    return Name(tuple(token.text for token in span), tuple(bool(token.whitespace_) for token in span))


def renamable(doc: Doc) -> dict[str, list[Span]]:
    """The entities whose words stand nowhere else in the document.

    doc (Doc): A document with entities.
    RETURNS (dict[str, list[Span]]): Mentions by entity.
    """
    clusters: dict[str, list[Span]] = {}
    for span in all_mentions(doc):
        clusters.setdefault(entity(span), []).append(span)
    everywhere = Counter(token.lower_ for token in doc)
    related = {end for read in (get_relations, get_unsure) for r in read(doc) for end in r[:2]}
    others = [*doc.spans.get(NESTED, ()), *(span for span in related if span not in doc.ents)]
    found = {}
    for key, spans in clusters.items():
        inside = Counter(token.lower_ for span in spans for token in span)
        # Small words and punctuation inside a name may stand anywhere.
        own = [word for word in inside if word[0].isalnum() and (len(word) > 3 or word.isdigit())]
        alone = own and all(inside[word] == everywhere[word] for word in own)
        same_type = {span.label_ for span in spans} <= set(TYPES) and len({s.label_ for s in spans}) == 1
        nested = any(s.start < other.end and other.start < s.end for s in spans for other in others)
        if alone and same_type and not nested:
            found[key] = spans
    return found


def rename(doc: Doc, names: Mapping[str, Name]) -> Doc:
    """Write a document with other names.

    doc (Doc): The document.
    names (Mapping[str, Name]): The new name by entity, of those of `renamable`.
    RETURNS (Doc): With all that the document is annotated with, at its new places.
    """
    new: dict[int, Name | None] = {}  # by token: the name that begins there, or None inside of one
    for span in all_mentions(doc):
        if (name := names.get(entity(span))) is not None:
            new.update(dict.fromkeys(range(span.start, span.end)))
            new[span.start] = _like(span, doc, name)
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool | None] = []
    lengths = []
    ends = {span.start: span.end for span in all_mentions(doc)}
    for token in doc:
        name = new.get(token.i, Name((token.text,), (bool(token.whitespace_),)))
        lengths.append(0 if name is None else len(name.words))
        if name is None:
            continue
        last = doc[ends[token.i] - 1] if token.i in new else token
        words += name.words
        spaces += [*name.spaces[:-1], bool(last.whitespace_)]
        starts += [token.is_sent_start, *[False] * (len(name.words) - 1)]
    places = [0, *accumulate(lengths)]
    renamed = Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts)

    def moved(span: Span) -> Span:
        return Span(
            renamed, places[span.start], places[span.end], span.label_, kb_id=span.kb_id_, span_id=span.id_
        )

    missing = [renamed[places[t.i] : places[t.i + 1]] for t in doc if t.ent_iob == 0]
    renamed.set_ents([moved(span) for span in doc.ents], missing=missing, default="outside")
    if NESTED in doc.spans:
        renamed.spans[NESTED] = [moved(span) for span in doc.spans[NESTED]]
    renamed.user_data.update({k: v for k, v in doc.user_data.items() if isinstance(k, str) and k != KEY})
    if has_relations(doc):
        for read, write in ((get_relations, write_relations), (get_unsure, write_unsure)):
            write(renamed, [r._replace(head=moved(r.head), tail=moved(r.tail)) for r in read(doc)])
    return renamed


def _like(span: Span, doc: Doc, name: Name) -> Name:
    """The part of a person's new name that stands for the mention: a mention of one word is the first or last name."""
    whole = max((other for other in doc.ents if entity(other) == entity(span)), key=len, default=span)
    if span.label_ != "PER" or len(span) > 1 or len(whole) == 1:
        return name
    at = 0 if span.text == whole[0].text else -1
    return Name((name.words[at],), (name.spaces[at],))
