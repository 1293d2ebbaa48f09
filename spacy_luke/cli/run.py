"""The main job on text, printed as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacy.tokens import Doc
from wasabi import table

from ..annotation import read_facts, read_label, read_labels, read_relations
from ..loading import load

EXAMPLES = (
    "Marie Curie was born in Warsaw in 1867. She studied at the University of Paris and in 1903 shared the Nobel "
    "Prize in Physics with her husband Pierre Curie and Henri Becquerel.",
    "Skype was founded by Niklas Zennström from Sweden and Janus Friis from Denmark. In 2011 Microsoft, "
    "headquartered in Redmond, Washington, bought the company for $8.5 billion.",
    "The Danube rises in Germany and flows through Vienna, Budapest and Belgrade into the Black Sea.",
)


def run(texts: Sequence[str] | None, checkpoint: str | None) -> Iterator[str]:
    """Read texts and describe what was found.

    texts (Sequence[str] | None): The texts; examples of ours if there are none.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    YIELDS (str): Blocks of text to print.
    """
    nlp = load(checkpoint)
    for doc in nlp.pipe(texts or EXAMPLES):
        yield f"\n{doc.text.strip()}\n"
        yield _entities(doc) if doc.ents else "No entities found."
        if read_relations(doc):
            yield _relations(doc)
        if read_facts(doc):
            yield _facts(doc)


def _entities(doc: Doc) -> str:
    rows = []
    for span in doc.ents:
        label = read_label(span)
        score = read_labels(span).get(label)
        rows.append((span.text, span.label_, label, "" if score is None else f"{score:.2f}"))
    return _table(("entity", "found as", "label", "score"), rows)


def _relations(doc: Doc) -> str:
    rows = [(r.head.text, r.label, r.tail.text, r.id, f"{r.score:.2f}") for r in read_relations(doc)]
    return _table(("head", "relation", "tail", "id", "score"), rows)


def _facts(doc: Doc) -> str:
    rows = [(f.head, f.label, f.tail, f"{f.score:.2f}", str(len(f.pairs))) for f in read_facts(doc)]
    return _table(("fact: head", "relation", "tail", "score", "pairs"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text: str = table(rows, header=header, divider=True, max_col=48)
    return text.rstrip()
