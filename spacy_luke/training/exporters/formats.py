"""The table of formats that documents are exported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ..converters.records import Losses
from .brat import export_brat
from .docred import export_docred
from .prodigy import export_prodigy
from .spert import export_spert


class Export(NamedTuple):
    """A format: what writes it, and the ending of its file; "" for a folder."""

    write: Callable[[Iterable[Doc], Path, Losses, Path], None]
    suffix: str


EXPORTS = {
    "prodigy": Export(export_prodigy, ".jsonl"),
    "brat": Export(export_brat, ""),
    "spert": Export(export_spert, ".json"),
    "docred": Export(export_docred, ".json"),
}
