"""From a checkpoint to a pipeline on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import Errors
from ..files import replacing
from ..layers.loading import load

_NEEDS_ENTITIES = ("luke_typing", "luke_relations", "luke_linker")
_FINDER = "Put a component before it that does, or set them."


def assemble(checkpoint: str, out: Path, lang: str | None) -> Iterator[str]:
    """Write a ready pipeline with the pipe that reads a checkpoint.

    checkpoint (str): A folder or a hub name.
    out (Path): Folder to write to; `spacy.load` reads it.
    lang (str | None): Language of spaCy's tokenizer; None for English.
    YIELDS (str): What the pipeline has, and what the checkpoint can't tell.
    RAISES (ValueError): If the checkpoint can't be read or has no head, or the folder holds something else.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / "config.cfg").is_file():
        raise ValueError(Errors.L506.format(path=out))
    nlp = load(checkpoint, lang or "en")
    name, pipe = nlp.pipeline[-1]
    with replacing(out) as folder:
        nlp.to_disk(folder)
    yield f"{' > '.join(nlp.pipe_names)} in {out}; load it with spacy.load({str(out)!r})"
    labels = getattr(pipe, "labels", ())
    if labels:
        shown = ", ".join(labels[:12]) + (", ..." if len(labels) > 12 else "")
        yield f"{len(labels)} labels: {shown}"
    if lang is None:
        yield "A checkpoint doesn't tell the language of its texts. The pipeline's tokenizer is English: see --lang."
    if name in _NEEDS_ENTITIES:
        yield f"{name} reads the entities in doc.ents, which it doesn't find itself. {_FINDER}"
