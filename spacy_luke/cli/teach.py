"""A few annotated documents give a pipeline new labels; it is written with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from wasabi import msg

from ..errors import Errors
from ..files import read_lines
from ..layers.loading import load
from ..pipeline.luke import LukeJoint
from ..training.converters.place import docs_from
from ..training.converters.prodigy import read_prodigy
from ..training.converters.records import Conversion
from ..training.teach.report import TeachReport


def teach(
    examples: Path,
    out: Path,
    pipeline: Path | None,
    name: str,
    complete: bool = True,
    replace: bool = False,
    background: Sequence[Path] = (),
    report: Path | None = None,
) -> TeachReport:
    """Teach a pipeline, and write it.

    examples (Path): `.spacy` file, or `.jsonl` of Prodigy or a tool like it.
    out (Path): Folder for the pipeline.
    pipeline (Path | None): The pipeline; None for the default model.
    name (str): Name of its component.
    complete, replace: See `LukeJoint.teach`.
    background (Sequence[Path]): Text files, in whose lines the labels are rare.
    report (Path | None): JSON file for the report.
    RETURNS (TeachReport): What was taught.
    RAISES (ValueError): If the component is none that can be taught, or there is nothing to teach.
    """
    nlp = load() if pipeline is None else spacy.load(pipeline)
    pipe = nlp.get_pipe(name)
    if not isinstance(pipe, LukeJoint):
        raise ValueError(Errors.L727.format(name=name, found=nlp.get_pipe_meta(name).factory))
    docs = read_examples(nlp, examples)
    texts = [line for path in background for _, line in read_lines(path)]
    told = pipe.teach(docs, complete=complete, replace=replace, background=nlp.pipe(texts, disable=[name]))
    nlp.to_disk(out)
    if report is not None:
        srsly.write_json(report, told.to_dict())
    return told


def read_examples(nlp: Language, path: Path) -> list[Doc]:
    """nlp (Language): The pipeline. path (Path): See `teach`. RETURNS (list[Doc]): The documents; those without
    sentence boundaries get them as in the pipeline, if it sets some by rule."""
    if path.suffix == ".jsonl":
        conversion = Conversion(nlp)
        docs = list(docs_from(read_prodigy)(path, conversion))
        for what, n in conversion.losses.counts().items():
            msg.warn(f"{what}: {n}. `python -m spacy luke convert prodigy` lists them with --problems.")
    else:
        docs = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    if "sentencizer" in nlp.pipe_names:
        for doc in docs:
            if not doc.has_annotation("SENT_START"):
                nlp.get_pipe("sentencizer")(doc)
    return docs
