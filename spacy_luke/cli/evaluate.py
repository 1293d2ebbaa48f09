"""`spacy evaluate`, and after its tables those of our scores, which it doesn't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.cli.evaluate import evaluate as evaluate_pipeline
from wasabi import table

from ..training.metrics import short_name


def evaluate(pipeline: str, corpus: Path, output: Path | None, use_gpu: int) -> Iterator[str]:
    """Score a pipeline as `spacy evaluate` does, which prints spaCy's scores.

    pipeline (str): A trained pipeline.
    corpus (Path): `.spacy` file or folder.
    output (Path | None): JSON file for all scores.
    use_gpu (int): Number of a GPU; -1 for the CPU.
    YIELDS (str): Tables of our scores that could be computed.
    """
    yield from score_tables(evaluate_pipeline(pipeline, corpus, output, use_gpu, silent=False))


def score_tables(scores: Mapping[str, Any]) -> Iterator[str]:
    """scores (Mapping[str, Any]): Scores by name. YIELDS (str): Tables of ours: all, then those by label."""
    ours = {
        short: value for name, value in scores.items() if value is not None and (short := short_name(name))
    }
    figures = {name: value for name, value in ours.items() if isinstance(value, (int, float))}
    if figures:
        rows = [(name.upper().replace("_", " "), _percent(value)) for name, value in figures.items()]
        yield table(rows, header=("LUKE", ""), aligns=("l", "r"), divider=True)
    for name, by_label in ours.items():
        if isinstance(by_label, Mapping) and by_label:
            title = name.removesuffix("_per_type").upper().replace("_", " ")
            rows_of = [(label, *map(_percent, prf.values())) for label, prf in by_label.items()]
            yield table(rows_of, header=(title, "P", "R", "F"), aligns=("l", "r", "r", "r"), divider=True)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}"
