"""A corpus through a pipeline, with progress."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.util import is_package
from tqdm import tqdm

from ..corpora import Fields, Settings, annotate
from ..layers.loading import load

# tqdm measures bytes of the input, which tell the time that is left, and shows words, which tell the rate.
_BAR = "{percentage:3.0f}%|{bar}| {elapsed} < {remaining}{postfix}"
_ENDLESS = "{elapsed}{postfix}"


def annotate_corpus(
    inputs: Sequence[str],
    out: Path,
    model: str | None,
    *,
    id_field: str,
    text_field: str,
    gpu_id: int,
    **settings: Any,
) -> Iterator[str]:
    """Annotate a corpus, with a progress bar on stderr.

    inputs (Sequence[str]): Files, folders, globs, or "-".
    out (Path): Folder to write to.
    model (str | None): A pipeline or a checkpoint; None for the default model.
    id_field (str): Field with the ids.
    text_field (str): Field with the texts.
    gpu_id (int): Number of a GPU; -1 for the CPU.
    **settings (Any): The other fields of `Settings`.
    YIELDS (str): Lines to print.
    """
    if gpu_id >= 0:
        setup_gpu(gpu_id, silent=True)
    nlp = load_model(model)
    total, steps = annotate(nlp, inputs, out, Settings(Fields(id_field, text_field), **settings), model)
    begin, read_before, first, progress = time.monotonic(), 0, True, None
    with tqdm(total=total or None, bar_format=_BAR if total else _ENDLESS, mininterval=0.5) as bar:
        for step in steps:
            progress = step.progress
            if step.skipped:
                bar.initial = bar.n = step.done
                read_before, begin = progress.words, time.monotonic()
                if first and progress.parts:
                    yield f"{out} has {progress.documents:,} documents in {progress.parts} parts already."
                first = False
            else:
                bar.n = max(bar.n, step.done)
            rate = (progress.words - read_before) / max(time.monotonic() - begin, 1e-9)
            bar.set_postfix_str(f"{progress.documents:,} documents, {rate:,.0f} words/s", refresh=False)
            bar.update(0)
    if progress is not None:
        yield f"Wrote {progress.documents:,} documents ({progress.words:,} words) in {progress.parts} parts to {out}."
        if progress.failed:
            yield f"{progress.failed:,} documents failed. Their ids and errors are in the folder errors there."


def load_model(name: str | None) -> Language:
    """name (str | None): A pipeline's folder or package, or a checkpoint's folder or hub name; None for the default
    model. RETURNS (Language): The pipeline."""
    if name is not None and (is_package(name) or (Path(name) / "config.cfg").is_file()):
        return spacy.load(name)
    return load(name)
