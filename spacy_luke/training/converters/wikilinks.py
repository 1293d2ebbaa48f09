"""Wikipedia pages with their links, one JSON object a line: the entities that mentions are of."""

from __future__ import annotations

import lzma
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc

from .build import Mention, build_text_doc

LABEL = "ENTITY"
PROSE = ("p",)


def convert_wikilinks(
    path: str | Path, tokenizer: Callable[[str], Doc], kinds: Container[str] = PROSE
) -> Iterator[Doc]:
    """Convert pages `{"title": ..., "pars": [{"k": kind, "t": text, "l": [[start, end, title], ...]}, ...]}`.

    path (str | Path): A `.jsonl` or `.jsonl.xz` file.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    kinds (Container[str]): Kinds of paragraphs to convert: "p" for prose, "li" for items of lists, "dd".
    YIELDS (Doc): One a paragraph, see `wikilinks_docs`.
    """
    path = Path(path)
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    for line in data.decode("utf8").splitlines():
        yield from wikilinks_docs(srsly.json_loads(line), tokenizer, kinds)


def wikilinks_docs(
    page: Mapping[str, Any], tokenizer: Callable[[str], Doc], kinds: Container[str] = PROSE
) -> Iterator[Doc]:
    """Convert the paragraphs of one page.

    page (Mapping[str, Any]): The page.
    tokenizer (Callable[[str], Doc]): E.g. `nlp.make_doc`.
    kinds (Container[str]): Kinds of paragraphs to convert.
    YIELDS (Doc): A paragraph with text. Links are `doc.ents` of label "ENTITY" with the target's title as `kb_id_`;
        of overlapping ones the longest. The page's title is in `doc.user_data["title"]`.
    """
    for paragraph in page["pars"]:
        if paragraph["k"] not in kinds or not paragraph["t"].strip():
            continue
        links = [
            Mention(start, end, LABEL, kb_id=title) for start, end, title in paragraph["l"] if start < end
        ]
        doc, _ = build_text_doc(tokenizer, paragraph["t"], links)
        doc.user_data["title"] = page["title"]
        yield doc
