"""The corpus reader: Examples with gold entities on the predicted side, and no relation lost on the way."""

import random
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from ..annotation import (
    KEY,
    carry_over,
    copy_questions,
    get_relations,
    has_relations,
    span_as_doc,
    stored,
)
from ..errors import Errors, Warnings
from .mentions import placed

Augmenter = Callable[[Language, Example], Iterable[Example]]


@registry.readers("spacy-luke.Corpus.v1")
@dataclass(eq=False)
class LukeCorpus:
    """Reads `.spacy` files. Calling it yields Examples.

    path (str | Path | None): A file or a folder; None, an unset `paths.train`, is an error.
    gold_ents (bool): Whether the predicted documents get the gold entities. If not, they have to be found.
    max_length (int): Cut longer documents between sentences into parts of up to so many tokens; 0 for never.
    limit (int): Read only so many documents; 0 for all.
    shuffle (bool): Whether to shuffle the documents, all in memory, in each pass.
    augmenter (Callable | None): Makes variants of each example; sentences and gold annotation are carried over
        to them.
    related_repeats (int): How often a pass reads each document with gold relations. More than once balances a
        corpus in which most documents have entities only.
    """

    path: str | Path | None
    gold_ents: bool = True
    max_length: int = 0
    limit: int = 0
    shuffle: bool = False
    augmenter: Augmenter | None = None
    related_repeats: int = 1

    def __post_init__(self) -> None:
        if self.path is None:
            raise ValueError(Errors.L431.format(what="paths.train and paths.dev"))
        self._path = Path(self.path)
        for name, least in (("max_length", 0), ("limit", 0), ("related_repeats", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(Errors.L436.format(name=name, allowed=f"{least} or more", value=value))

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus once.

        nlp (Language): Its vocabulary and tokenizer are used.
        YIELDS (Example): The examples.
        RAISES (ValueError): If there is no such file, no document in it, or one that cannot be cut.
        """
        references: Iterable[Doc] = self._read(nlp)
        if self.shuffle:
            references = list(references)
            random.shuffle(references)
        n_docs = n_relations = n_lost = 0
        for reference in references:
            n_docs += 1
            parts = self._cut(reference)
            if len(parts) > 1:
                total = len(get_relations(reference))
                n_relations += total
                n_lost += total - sum(len(get_relations(part)) for part in parts)
            for part in parts:
                yield from self._examples(nlp, part)
        if n_docs == 0:
            raise ValueError(Errors.L433.format(path=self.path))
        if n_lost:
            figures = {"max_length": self.max_length, "lost": n_lost, "total": n_relations}
            warnings.warn(Warnings.W402.format(path=self.path, **figures), stacklevel=2)

    def _read(self, nlp: Language) -> Iterator[Doc]:
        n_docs = 0
        for file in self._files():
            for doc in _read_docs(file, nlp.vocab):
                if self.limit and n_docs == self.limit:
                    return
                if len(doc):
                    n_docs += 1
                    yield from repeat(doc, self.related_repeats if has_relations(doc) else 1)

    def _files(self) -> list[Path]:
        if self._path.is_dir():
            return sorted(file for file in self._path.rglob("*.spacy") if file.is_file())
        if not self._path.exists():
            raise ValueError(Errors.L432.format(path=self.path))
        return [self._path]

    def _cut(self, doc: Doc) -> list[Doc]:
        """Whole sentences, as many as fit. A sentence that is longer by itself stays whole."""
        if not self.max_length or len(doc) <= self.max_length:
            return [doc]
        if not doc.has_annotation("SENT_START"):
            figures = {"max_length": self.max_length, "length": len(doc)}
            raise ValueError(Errors.L434.format(text=doc[:10].text, **figures))
        starts = [0]
        for sent in doc.sents:
            if sent.start > starts[-1] and sent.end - starts[-1] > self.max_length:
                starts.append(sent.start)
        return [span_as_doc(doc[start:end]) for start, end in pairwise([*starts, len(doc)])]

    def _examples(self, nlp: Language, reference: Doc) -> Iterator[Example]:
        example = Example(_predicted(nlp, reference, self.gold_ents), reference)
        if self.augmenter is None:
            yield example
            return
        given = _without_groups(example)
        for augmented in self.augmenter(nlp, given):
            if augmented.reference is given.reference:
                augmented = example if augmented is given else Example(augmented.predicted, reference)
            elif KEY not in augmented.reference.user_data:
                _carry(reference, augmented.reference)
            if self.gold_ents and augmented is not example:
                augmented = Example(_predicted(nlp, augmented.reference, True), augmented.reference)
            yield augmented


create_corpus = LukeCorpus  # what the entry point names


def _without_groups(example: Example) -> Example:
    """spaCy's augmenters fail on references with span groups, or leave them as they are."""
    if not example.reference.spans:
        return example
    reference = example.reference.copy()
    reference.spans.clear()
    return Example(example.predicted, reference)


def _carry(reference: Doc, variant: Doc) -> None:
    """What nobody stored anything for may have other words: then there is nothing to lose."""
    same = [sum(not token.is_space for token in doc) for doc in (reference, variant)]
    if stored(reference) or (same[0] == same[1] and _places(reference) == _places(variant)):
        carry_over(reference, variant)


def _places(doc: Doc) -> list[tuple[int, int, str]]:
    """Entities, in words: an augmenter may have made others."""
    words = np.cumsum([not token.is_space for token in doc])
    return [(int(words[ent.start]), int(words[ent.end - 1]), ent.label_) for ent in doc.ents]


def _read_docs(file: Path, vocab: Vocab) -> Iterator[Doc]:
    try:
        docs = DocBin(store_user_data=True).from_disk(file)
    except OSError:
        raise
    except Exception as error:  # zlib's, msgpack's and others, for what isn't of this format
        raise ValueError(Errors.L437.format(path=file, error=error)) from error
    yield from docs.get_docs(vocab)


def _predicted(nlp: Language, reference: Doc, gold_ents: bool) -> Doc:
    """The document as the pipeline will see it, on the gold tokens where its own would cut a gold entity."""
    gold = gold_ents and reference.has_annotation("ENT_IOB")
    doc = None if reference.has_unknown_spaces else nlp.make_doc(reference.text)
    if doc is None or (gold and any(placed(doc, ent) is None for ent in reference.ents)):
        words = [token.text for token in reference]
        doc = Doc(nlp.vocab, words=words, spaces=[bool(token.whitespace_) for token in reference])
    if gold:
        doc.ents = [placed(doc, ent) for ent in reference.ents]
    copy_questions(reference, doc)
    return doc
