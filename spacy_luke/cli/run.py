"""The main job on text, printed as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from spacy.tokens import Doc, Span
from wasabi import table

from ..annotation import facts_from_relations, get_facts, get_label, get_labels, get_relations, normalize
from ..errors import Errors
from ..files import read_text
from ..layers.loading import load
from ..rendering import writing_page

EXAMPLES = (
    "Marie Curie was born in Warsaw in 1867. She studied at the University of Paris and in 1903 shared the Nobel "
    "Prize in Physics with her husband Pierre Curie and Henri Becquerel.",
    "Skype was founded by Niklas Zennström from Sweden and Janus Friis from Denmark. In 2011 Microsoft, "
    "headquartered in Redmond, Washington, bought the company for $8.5 billion.",
    "The Louvre is a museum in Paris, France. It shows the Mona Lisa, which Leonardo da Vinci painted.",
)
LONGEST_TEXT = 600  # characters of a text that are printed above what was found in it
LONGEST_NAME = 256  # characters; a longer text names no file
_FROM = ("sentence", "document")


def run(texts: Sequence[str], checkpoint: str | None, html: Path | None = None) -> Iterator[str]:
    """Read texts and describe what was found.

    texts (Sequence[str]): The texts; examples of ours if there are none.
    checkpoint (str | None): A folder or a hub name; None for the default model.
    html (Path | None): File for a page with what was found; None for none.
    YIELDS (str): Blocks of text to print.
    """
    nlp = load(checkpoint)
    with nullcontext() if html is None else writing_page(html, "What was found") as add:
        for doc in nlp.pipe(texts or EXAMPLES):
            if add is not None:
                add(doc)
            yield from _blocks(doc)
    if html is not None:
        yield f"\nWrote {html}"


def _blocks(doc: Doc) -> Iterator[str]:
    yield f"\n{_beginning(doc.text)}\n"
    yield _entities(doc) if doc.ents else "No entities found."
    if relations := _relations(doc):
        yield f"\n{relations}"


def read_texts(texts: Sequence[str], files: Sequence[Path]) -> list[str]:
    """What the command line names.

    texts (Sequence[str]): Texts.
    files (Sequence[Path]): Text files to read after them.
    RETURNS (list[str]): All texts.
    RAISES (ValueError): If a file can't be read, or a text is the name of a file.
    """
    for text in texts:
        if len(text) < LONGEST_NAME and Path(text).is_file():
            raise ValueError(Errors.L514.format(path=text))
    for file in files:
        if not file.is_file():
            raise ValueError(Errors.L512.format(path=file))
    return [*texts, *map(read_text, files)]


def _beginning(text: str) -> str:
    text = text.strip()
    if len(text) <= LONGEST_TEXT:
        return text or "(no text)"
    return f"{text[:LONGEST_TEXT].rsplit(maxsplit=1)[0]} ... ({len(text):,} characters)"


def _entities(doc: Doc) -> str:
    """Each name and label once, as its surest mention has it."""
    mentions: dict[tuple[str, str, str], list[Span]] = {}
    for span in doc.ents:
        mentions.setdefault((normalize(span.text), span.label_, get_label(span)), []).append(span)
    rows = []
    for (_, found_as, label), spans in mentions.items():
        score, text = max((get_labels(span).get(label, 0.0), span.text) for span in spans)
        shown = found_as if label in ("", found_as) else f"{label} (found as {found_as})"
        rows.append((text, shown, f"{score:.2f}" if label else "", str(len(spans))))
    return _table(("entity", "label", "score", "mentions"), rows, "llrr")


def _relations(doc: Doc) -> str:
    """Relations of a sentence and facts of the document in one table, for most of them are both."""
    near = set(get_relations(doc))
    pairs = near.union(*(fact.pairs for fact in get_facts(doc)))
    rows = [
        (fact.head, fact.label, fact.tail, fact.id, f"{fact.score:.2f}", _FROM[near.isdisjoint(fact.pairs)])
        for fact in facts_from_relations(pairs)
    ]
    return _table(("head", "relation", "tail", "id", "score", "from"), rows, "llllrl") if rows else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], aligns: str) -> str:
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]  # names may go over several lines
    text: str = table(rows, header=header, divider=True, max_col=48, aligns=tuple(aligns))
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
