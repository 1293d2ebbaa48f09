"""The documented example of each annotation tool, and how the tests read it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from spacy_luke.annotation import get_relations, get_unsure, set_extensions
from spacy_luke.training.converters.formats import FORMATS
from spacy_luke.training.converters.records import Conversion

set_extensions()
NLP = spacy.blank("en")


def write(path: Path, content: Any) -> Path:
    """Write a text as it is, a list as an object a line, anything else as JSON."""
    if isinstance(content, list):
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
    elif not isinstance(content, str):
        content = json.dumps(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf8", newline="")
    return path


def read(name: str, path: Path, **how: Any) -> tuple[list[Doc], Conversion]:
    """The documents of a file, and the conversion with its losses."""
    conversion = Conversion(NLP, **how)
    return list(FORMATS[name].convert(path, conversion)), conversion


def ents(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def related(doc: Doc) -> list[tuple[str, str, str]]:
    return [(r.head.text, r.label, r.tail.text) for r in get_relations(doc)]


def unsure(doc: Doc) -> list[tuple[str, str, str]]:
    return [(r.head.text, r.label, r.tail.text) for r in get_unsure(doc)]


def told(conversion: Conversion) -> list[tuple[str, str]]:
    """What was lost, and where."""
    return [(loss.what, loss.place) for loss in conversion.losses]


# --- the examples of docs/CONVERT.md ---------------------------------------------------------

PAGE = Path(__file__).parent.parent / "docs" / "CONVERT.md"
_SUFFIXES = {"json": ".json", "ann": ".ann", "txt": ".txt", "tsv": ".tsv"}


def examples() -> dict[str, dict[str, str]]:
    """For each format that the page describes, what its files hold, by their ending."""
    sections = re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE.read_text("utf8"), re.M | re.S)
    blocks = {name: re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S) for name, text in sections}
    return {name: {_SUFFIXES[language]: block for language, block in found} for name, found in blocks.items()}


def write_example(name: str, folder: Path, newline: str = "\n") -> Path:
    """Write the files of a format's example. RETURNS (Path): What to convert."""
    files = examples()[name]
    for suffix, content in files.items():
        write(folder / f"ada{suffix}", content.replace("\n", newline))
    return folder if ".ann" in files else folder / f"ada{next(iter(files))}"
