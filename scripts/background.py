"""The states of general text that ship with the default model: what is taught later is told apart from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import minibatch

from spacy_luke.layers.background import save_background
from spacy_luke.pipeline.joint.background import read_background
from spacy_luke.pipeline.luke import LukeJoint

# Of each kind. In half precision at width 384 they take 5.7 MB.
_MOST = {"ner": 1200, "labels": 1000, "relations": 2800}
_MOST_DOCS = 200  # of each source
_SENTENCES = 4  # that are read together, where the sources are sentences


def make_pipe(checkpoint: Path) -> tuple[Language, LukeJoint]:
    """checkpoint (Path): A joint checkpoint. RETURNS (tuple[Language, LukeJoint]): A pipeline of it."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke", config={"model": {"checkpoint": str(checkpoint)}})
    assert isinstance(pipe, LukeJoint)
    return nlp, pipe


def read_docs(path: Path, nlp: Language | LukeJoint) -> Iterator[Doc]:
    """path (Path): A `.spacy` file. RETURNS (Iterator[Doc]): Its documents."""
    return DocBin().from_disk(path).get_docs(nlp.vocab)


def write_background(checkpoint: Path, sources: Sequence[Path]) -> tuple[Path, dict[str, int]]:
    """Read texts of several kinds, evenly, and write their states beside the weights.

    checkpoint (Path): A joint checkpoint.
    sources (Sequence[Path]): `.spacy` files. Only their words are read.
    RETURNS (tuple[Path, dict[str, int]]): The file, and how many states of each kind it has.
    """
    nlp, pipe = make_pipe(checkpoint)
    texts = [list(_few_sentences(path, nlp)) for path in sources]
    least = min(map(len, texts))
    states = read_background(
        pipe, [doc for docs in texts for doc in docs[:: max(1, len(docs) // least)]], _MOST
    )
    path = save_background(checkpoint, pipe.network.module, states)
    return path, {task: len(rows) for task, rows in states.items()}


def _few_sentences(path: Path, nlp: Language) -> Iterator[Doc]:
    """Documents with sentences. Where they are single sentences, a few are put together."""
    for docs in minibatch(read_docs(path, nlp), _SENTENCES):
        longer = (
            [doc for doc in docs if sum(1 for _ in doc.sents if len(doc)) > 1]
            if _have_sentences(docs)
            else []
        )
        yield from longer
        words = [token for doc in docs if doc not in longer for token in doc]
        if words:
            starts = [token.i == 0 for token in words]
            spaces = [bool(token.whitespace_) or token.i + 1 == len(token.doc) for token in words]
            yield Doc(nlp.vocab, [token.text for token in words], spaces, sent_starts=starts)


def _have_sentences(docs: Sequence[Doc]) -> bool:
    return all(doc.has_annotation("SENT_START") for doc in docs)
