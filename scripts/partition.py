"""Which documents train, which are held out, and which must stay unseen because the test data has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from spacy.tokens import Doc

from spacy_luke.annotation import normalize

MIN_SENTENCE_TOKENS = 5
_WORD = re.compile(r"\w+")


def title(doc: Doc) -> str:
    """The title that a converter kept.

    doc (Doc): The document.
    RETURNS (str): `doc.user_data["title"]`, or "".
    """
    return str(doc.user_data.get("title", ""))


def hold_out(docs: Iterable[Doc], n: int) -> tuple[list[Doc], list[Doc]]:
    """Set some documents apart for early stopping and thresholds.

    The choice depends on each title alone, so that it is the same in every order and on every machine.

    docs (Iterable[Doc]): Documents with titles.
    n (int): How many to hold out.
    RETURNS (tuple[list[Doc], list[Doc]]): The others, and those held out, both in the order given.
    """
    docs = list(docs)
    ranked = sorted(range(len(docs)), key=lambda i: hashlib.sha256(title(docs[i]).encode("utf8")).digest())
    chosen = set(ranked[:n])
    kept = [doc for i, doc in enumerate(docs) if i not in chosen]
    return kept, [doc for i, doc in enumerate(docs) if i in chosen]


class Dropped(NamedTuple):
    """How many documents a filter refused, and why.

    title (int): They share a title.
    sentence (int): They have another title, but share a sentence.
    """

    title: int
    sentence: int


def drop_leaks(docs: Iterable[Doc], protected: Iterable[Doc]) -> tuple[list[Doc], Dropped]:
    """Drop documents that share their title or a sentence of five tokens or more with protected ones.

    Sentences are compared by their words, without case, punctuation and spacing.

    docs (Iterable[Doc]): Candidates for training.
    protected (Iterable[Doc]): Documents that must stay unseen.
    RETURNS (tuple[list[Doc], Dropped]): The documents that may be used, and the counts of the others.
    """
    protected = list(protected)
    titles = {normalize(title(doc)) for doc in protected} - {""}
    sentences = {key for doc in protected for key in _sentence_keys(doc)}
    kept = []
    by_title = by_sentence = 0
    for doc in docs:
        if normalize(title(doc)) in titles:
            by_title += 1
        elif not sentences.isdisjoint(_sentence_keys(doc)):
            by_sentence += 1
        else:
            kept.append(doc)
    return kept, Dropped(by_title, by_sentence)


def _sentence_keys(doc: Doc) -> set[str]:
    """Sentences as words only: corpora space, quote and dash the same text differently."""
    sentences = (sent.text for sent in doc.sents if len(sent) >= MIN_SENTENCE_TOKENS)
    return {" ".join(_WORD.findall(text.casefold())) for text in sentences}
