"""Wikipedia pages with their links, one JSON object a line: the entities that mentions are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...files import read_json_lines
from .build import Mention, build_text_doc
from .files import located

LABEL = "ENTITY"
PROSE = "p"


def convert_wikilinks(path: str | Path, tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert pages `{"title": ..., "pars": [{"k": kind, "t": text, "l": [[start, end, title], ...]}, ...]}`.

    path (str | Path): A `.jsonl` or `.jsonl.xz` file.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): One a paragraph of prose, see `wikilinks_docs`.
    """
    for place, page in read_json_lines(path):
        with located(path, place):
            docs = list(wikilinks_docs(page, tokenizer))
        yield from docs


def wikilinks_docs(page: Mapping[str, Any], tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Convert the paragraphs of one page.

    page (Mapping[str, Any]): The page.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    YIELDS (Doc): A paragraph of prose (kind "p", not the items of lists). Links are `doc.ents` of label "ENTITY" with
        the target's title as `kb_id_`; of overlapping ones the longest. The page's title is in
        `doc.user_data["title"]`.
    """
    for paragraph in page["pars"]:
        if paragraph["k"] != PROSE or not paragraph["t"].strip():
            continue
        links = [(start, end, title) for start, end, title in paragraph["l"] if start < end]
        mentions = [Mention(start, end, LABEL, kb_id=title) for start, end, title in links]
        doc, _ = build_text_doc(tokenizer, paragraph["t"], mentions)
        doc.user_data["title"] = page["title"]
        yield doc
