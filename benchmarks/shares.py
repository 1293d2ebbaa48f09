"""Where the time of `luke` goes, from raw text to facts.

`python -m benchmarks.shares corpus/test.spacy --out metrics/shares.json`

profiles one reading of all texts after another that warms everything up, on one thread: a profiler doesn't see others,
and their shares would not add up. It slows Python down and not the products of matrices, so all but the encoder and
the heads looks a little dearer than it is.

`--size hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072` makes the encoder as large
as that, with random weights, see `enlarged`.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import table

import spacy_luke
from scripts.machine import describe_machine

from .baselines.data import read_golds
from .enlarged import enlarge, given_entities

# What a step spends in a function and all that it calls: file and name.
PLACES = {
    "split into tokens": [("language.py", "_ensure_doc")],
    "tokenize and align": [("inputs/pieces.py", "encode_docs")],
    "encoder": [
        ("nn/model.py", "encode_words"),
        ("nn/model.py", "encode_entities"),
        ("nn/model.py", "forward"),
    ],
    "heads": [("nn/heads/joint/model.py", "forward")],  # with the encoder, which is taken off
    "annotate": [("pipeline/pipe.py", "set_annotations")],
}


def run(corpus: Path, sizes: dict[str, int], n_docs: int | None) -> dict[str, Any]:
    """Profile.

    corpus (Path): A `.spacy` file with entities.
    sizes (dict[str, int]): What differs from the default model's encoder; with any, weights are random.
    n_docs (int | None): How many documents to read; None for all.
    RETURNS (dict[str, Any]): Words, seconds without a profiler, and the share of each step in the profile.
    """
    golds = read_golds(spacy.blank("en"), corpus)[:n_docs]
    with tempfile.TemporaryDirectory() as folder:
        nlp = enlarge(Path(folder), sizes) if sizes else spacy_luke.load()
    texts: Sequence[Any] = given_entities(nlp, golds) if sizes else [gold.text for gold in golds]
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {"documents": len(golds), "sizes": sizes, **profile(nlp, texts), "machine": describe_machine()}
    finally:
        torch.set_num_threads(n_threads)


def profile(nlp: Language, texts: Sequence[str | Doc]) -> dict[str, Any]:
    """Read texts again and again.

    nlp (Language): A pipeline with `luke`.
    texts (Sequence[str | Doc]): The texts.
    RETURNS (dict[str, Any]): Words and how many a second without a profiler, and the share of each step in the profile.
    """
    words = sum(len(doc) for doc in _read(nlp, texts))
    start = perf_counter()
    _read(nlp, texts)
    seconds = perf_counter() - start
    profiler = cProfile.Profile()
    profiler.runcall(_read, nlp, texts)
    return {"words": words, "words_per_second": words / seconds, "shares": shares(pstats.Stats(profiler))}


def _read(nlp: Language, texts: Iterable[str | Doc]) -> list[Doc]:
    return list(nlp.pipe(texts))


def shares(stats: pstats.Stats) -> dict[str, float]:
    """Tell the share of each step.

    stats (pstats.Stats): The profile of a pipeline with `luke`.
    RETURNS (dict[str, float]): Shares by step, which sum to 1; "other" is what is between them: sentences, windows,
        batches and decisions.
    """
    spent = {step: sum(_cumulative(stats, place) for place in places) for step, places in PLACES.items()}
    spent["heads"] -= spent["encoder"]
    total = stats.total_tt  # type: ignore[attr-defined]
    return {**{step: t / total for step, t in spent.items()}, "other": 1 - sum(spent.values()) / total}


def _cumulative(stats: pstats.Stats, place: tuple[str, str]) -> float:
    """Seconds in functions of that name, and in all that they call."""
    file, function = place
    found = stats.stats.items()  # type: ignore[attr-defined]
    return sum(
        times[3]
        for (path, _, name), times in found
        if name == function and Path(path).as_posix().endswith(file)
    )


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    sizes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    result = run(options.corpus, sizes, options.docs)
    print(f"\n{result['words_per_second']:,.0f} words a second")
    rows = [(step, f"{share:.1%}") for step, share in result["shares"].items()]
    print(table(rows, header=("step", "share"), divider=True, aligns=("l", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.shares", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with entities")
    parser.add_argument(
        "--size", nargs="*", default=[], help="changes of the encoder, such as hidden_size=768"
    )
    parser.add_argument("--docs", type=int, help="how many documents to read; all if not given")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
