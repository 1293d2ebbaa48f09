"""Documents with other names in them, so that a model can't answer from what it knows of a name.

An entity gets the name of one of another document, of the same type, in all its mentions at once; or the name of
another one of its own document, so that the same names are said to do other things; or a single letter, as in texts
that hide names. What the text states of it stays. An entity is left alone if its name shares a word with anything else
in the document, which would be another name, or no name at all, afterwards.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import ascii_uppercase

from spacy import blank
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from spacy_luke.annotation import get_relations, get_unsure
from spacy_luke.training.converters.build import NESTED
from spacy_luke.training.mentions import all_mentions
from spacy_luke.training.outcomes import entity

from .rewriting import Words, rewrite

TYPES = ("PER", "ORG", "LOC", "MISC")


def letter(which: str) -> Words:
    """RETURNS (Words): A letter for a name."""
    return Words((which,), (True,))


@registry.augmenters("default-model.rename.v1")
def create_renamer(path: str, share: float, hidden: float, exchanged: float, seed: int = 0) -> Renamer:
    """Rename the entities of some of the documents.

    path (str): A `.spacy` file whose documents give the names.
    share (float): Share of the documents.
    hidden (float): Share of their entities that get a letter instead.
    exchanged (float): Share of the renamed documents whose entities get each other's names.
    seed (int): Of the choice.
    RETURNS (Callable): An augmenter for `spacy-luke.Corpus.v1`.
    """
    return Renamer(Path(path), share, hidden, exchanged, random.Random(seed))


def rename_corpus(corpus: Path, names: Path, seed: int) -> tuple[int, list[Doc]]:
    """Rename the entities of all documents of a file.

    corpus (Path): The `.spacy` file.
    names (Path): See `create_renamer`.
    seed (int): Of the choice.
    RETURNS (tuple[int, list[Doc]]): How many documents have other names now, and all documents.
    """
    nlp = blank("en")
    renamer = create_renamer(str(names), 1.0, 0.0, 0.0, seed)
    before = list(DocBin(store_user_data=True).from_disk(corpus).get_docs(nlp.vocab))
    after = [eg.reference for doc in before for eg in renamer(nlp, Example(doc.copy(), doc))]
    return sum(old.text != new.text for old, new in zip(before, after, strict=True)), after


@dataclass(eq=False)
class Renamer:
    """An augmenter; see `create_renamer`."""

    path: Path
    share: float
    hidden: float
    exchanged: float
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
    def _names(self) -> Mapping[str, Sequence[Words]]:
        names: dict[str, dict[Words, None]] = {label: {} for label in TYPES}
        for doc in DocBin(store_user_data=True).from_disk(self.path).get_docs(Vocab()):
            for span in doc.ents:
                if span.label_ in names:
                    names[span.label_][name_of(span)] = None
        return {label: list(found) for label, found in names.items()}

    def _choose(self, doc: Doc) -> dict[str, Words]:
        """Names for the entities that may get one."""
        if self.chance.random() < self.exchanged:
            return self._exchange(doc)
        chosen = {}
        letters = self.chance.sample(ascii_uppercase, len(ascii_uppercase))
        for key, spans in renamable(doc).items():
            pool = self._names.get(spans[0].label_, ())
            if letters and self.chance.random() < self.hidden:
                chosen[key] = letter(letters.pop())
            elif pool:
                chosen[key] = self.chance.choice(pool)
        return chosen

    def _exchange(self, doc: Doc) -> dict[str, Words]:
        """The names of the document for each other: who is named with whom stays, who is said to do what doesn't."""
        by_type: dict[str, list[tuple[str, Words]]] = {}
        for key, spans in renamable(doc).items():
            by_type.setdefault(spans[0].label_, []).append((key, name_of(max(spans, key=len))))
        chosen: dict[str, Words] = {}
        for named in by_type.values():
            keys, names = zip(*named, strict=True)
            chosen.update(zip(keys, self.chance.sample(names, len(names)), strict=True))
        return chosen


def name_of(span: Span) -> Words:
    """RETURNS (Words): The span's tokens."""
    return Words(tuple(token.text for token in span), tuple(bool(token.whitespace_) for token in span))


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


def rename(doc: Doc, names: Mapping[str, Words]) -> Doc:
    """Write a document with other names.

    doc (Doc): The document.
    names (Mapping[str, Words]): The new name by entity, of those of `renamable`.
    RETURNS (Doc): With all that the document is annotated with, at its new places.
    """
    new: dict[int, Words | None] = {}  # by token: the name that begins there, or None inside of one
    for span in all_mentions(doc):
        if (name := names.get(entity(span))) is not None:
            new.update(dict.fromkeys(range(span.start, span.end)))
            new[span.start] = _like(span, doc, name)
    return rewrite(doc, new)


def _like(span: Span, doc: Doc, name: Words) -> Words:
    """The part of a person's new name that stands for the mention: a mention of one word is the first or last name."""
    whole = max((other for other in doc.ents if entity(other) == entity(span)), key=len, default=span)
    if span.label_ != "PER" or len(span) > 1 or len(whole) == 1:
        return name
    at = 0 if span.text == whole[0].text else -1
    return Words((name.words[at],), (name.spaces[at],))
