"""A page of documents on disk."""

from __future__ import annotations

from pathlib import Path

from spacy.tokens import DocBin
from spacy.util import get_lang_class

from ..annotation import set_extensions
from ..files import reading
from ..rendering import write_page


def render_corpus(corpus: Path, html: Path, lang: str, threshold: float) -> int:
    """Write one page over a corpus.

    corpus (Path): `.spacy` file.
    html (Path): File for the page.
    lang (str): Language of the documents.
    threshold (float): Lowest score of what is drawn.
    RETURNS (int): How many documents there are.
    """
    set_extensions()
    vocab = get_lang_class(lang)().vocab
    with reading(corpus):
        docs = DocBin().from_disk(corpus)
    return write_page(docs.get_docs(vocab), html, corpus.stem, {"threshold": threshold})
