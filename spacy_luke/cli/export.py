"""From a `.spacy` file to what an annotation tool reads."""

from __future__ import annotations

from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import Errors
from ..files import make_folder, replacing
from ..training.converters.records import Losses
from ..training.exporters.formats import EXPORTS
from ..training.exporters.uncertain import sort_uncertain

SORTS = ("none", "uncertain")


def export(
    format_: str, source: Path, target: Path, sort: str = "none", limit: int | None = None
) -> tuple[list[Doc], Losses]:
    """Export a corpus.

    format_ (str): One of `EXPORTS`.
    source (Path): `.spacy` file.
    target (Path): File or folder to write, as the format has it.
    sort (str): "uncertain" for those first that a model was least sure of; "none" for the corpus' order.
    limit (int | None): Only so many documents, the first ones of that order.
    RETURNS (tuple[list[Doc], Losses]): The documents that were written, and what the format can't hold of them.
    RAISES (ValueError): If there is no such format, or source or target isn't what it has to be.
    """
    if format_ not in EXPORTS:
        raise ValueError(Errors.L507.format(value=format_, allowed=", ".join(EXPORTS)))
    if sort not in SORTS:
        raise ValueError(Errors.L665.format(name="--sort", allowed=", ".join(SORTS), value=sort))
    if not source.is_file():
        raise ValueError(Errors.L512.format(path=source))
    kind = EXPORTS[format_]
    _check_target(format_, kind.suffix, target)
    try:
        docs = list(DocBin().from_disk(source).get_docs(Vocab()))
    except Exception as error:  # whatever msgpack and zlib raise
        raise ValueError(Errors.L437.format(path=source, error=repr(error))) from error
    if not docs:
        raise ValueError(Errors.L668.format(path=source))
    docs = (sort_uncertain(docs) if sort == "uncertain" else docs)[:limit]
    losses = Losses()
    folder = target.parent if kind.suffix else target
    make_folder(folder)
    with replacing(folder) as fresh:
        kind.write(docs, fresh / target.name if kind.suffix else fresh, losses, source)
    return docs, losses


def _check_target(format_: str, suffix: str, target: Path) -> None:
    if suffix and (target.is_dir() or target.suffix != suffix):
        found = "a folder" if target.is_dir() else f"called {target.name}"
        told = {"expected": f"{suffix} file", "found": found, "example": f"corpus{suffix}"}
        raise ValueError(Errors.L669.format(format=format_, path=target, **told))
    if not suffix and target.is_dir() and any(target.iterdir()):
        found = "a folder with files in it, which might be mixed up with the new ones"
        told = {"expected": "new folder", "found": found, "example": f"{target.name}-2"}
        raise ValueError(Errors.L669.format(format=format_, path=target, **told))
