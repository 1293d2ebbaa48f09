"""`python -m benchmarks.baselines ner|ner-luke|relations|lookup --train ... --dev ... --test ... --out ...`"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly
from wasabi import table


def main(args: Sequence[str] | None = None) -> None:
    """Train one baseline, print its figures and write them as JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    result = _run(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(options.out, result)
    rows = [
        (figure["name"], *(f"{figure[key]:.3f}" for key in ("value", "low", "high")))
        for figure in result["figures"].values()
    ]
    print(result["baseline"])
    header = ("figure", "", "from", "to")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r"), max_col=64))


def _run(options: argparse.Namespace) -> dict[str, Any]:
    """Each baseline is imported when it runs: they share little."""
    if options.baseline == "lookup":
        from . import lookup

        return lookup.run(options.train, options.test)
    if options.baseline == "relations":
        from . import relations

        return relations.run(options.train, options.dev, options.test, options.minutes, options.max_length)
    from . import ner

    corpora = (options.train, options.dev, options.test)
    if options.keep is not None:
        return ner.run(options.baseline, *corpora, options.keep, options.max_steps)
    with tempfile.TemporaryDirectory() as folder:
        return ner.run(options.baseline, *corpora, Path(folder), options.max_steps)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.baselines", description=__doc__)
    parser.add_argument("baseline", choices=["ner", "ner-luke", "relations", "lookup"])
    parser.add_argument("--train", type=Path, required=True, help="training .spacy file")
    parser.add_argument(
        "--dev", type=Path, required=True, help="held-out .spacy file: early stopping, threshold"
    )
    parser.add_argument("--test", type=Path, required=True, help=".spacy file for the figures")
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the figures")
    parser.add_argument("--keep", type=Path, help="ner, ner-luke: folder for the trained pipeline")
    parser.add_argument("--max-steps", type=int, help="ner, ner-luke: most training steps")
    parser.add_argument("--minutes", type=float, default=12, help="relations: most time to train for")
    parser.add_argument("--max-length", type=int, default=100, help="relations: reach of a pair, in tokens")
    return parser


if __name__ == "__main__":
    main()
