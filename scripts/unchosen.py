"""What the default model says of sentences that nobody chose, for the model card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from spacy.language import Language
from spacy.tokens import Doc

EVERY = 50
N_EACH = 10


def unchosen(docs: Iterable[Doc]) -> list[str]:
    """docs (Iterable[Doc]): Documents. RETURNS (list[str]): The texts of every fiftieth, ten of them."""
    return [" ".join(doc.text.split()) for doc in islice(docs, EVERY - 1, EVERY * N_EACH, EVERY)]


def say(nlp: Language, texts: Sequence[str]) -> Iterator[str]:
    """Read texts.

    nlp (Language): A pipeline with `luke`.
    texts (Sequence[str]): The texts.
    YIELDS (str): A paragraph of Markdown for each: the text, its entities and its relations.
    """
    for doc in nlp.pipe(texts):
        entities = ", ".join(f"{_plain(ent.text)} {ent.label_}" for ent in doc.ents) or "no entities"
        relations = "; ".join(
            f"{_plain(r.head.text)} – {r.label} – {_plain(r.tail.text)} {r.score:.2f}"
            for r in doc._.luke_relations
        )
        yield f"> {_plain(doc.text)}\n\n{entities}. {relations or 'No relations'}.\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in text)
