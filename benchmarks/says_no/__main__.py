"""How often a model says of two entities what a text states, and no more.

    python -m benchmarks.says_no [--half tuning|locked] [--checkpoint FOLDER] [--out FILE]
    python -m benchmarks.says_no [--half tuning|locked] --predictions FILE [--threshold 0.5] [--out FILE]

reads minimal pairs with their entities given: two texts that are alike but for whether they state a relation. Figures,
of all pairs and by the kind of the false text:

    true above    share of the pairs whose true text scores above its twin; chance is 0.5
    found         share of the true texts that score at least the threshold which finds 60% of all
    false alarms  share of the false texts that do
    said          shares of the true and false texts in which the relation is said at the thresholds of the pipeline

`--predictions` takes what another system says instead: JSONL with the keys "id", "side" and "score".
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly
from wasabi import table

import spacy_luke

from .figures import make_items, measure
from .pairs import HALVES, PATH, Key, Pair, read_pairs, read_predictions
from .reading import read_texts

COLUMNS = ("true_above", "found", "false_alarms", "said_true", "said_false")


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    pairs = read_pairs(options.pairs, options.half)
    scores, said = _ask(options, pairs)
    result = {"half": options.half, **measure(make_items(pairs, scores, said))}
    print(_table(result))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _ask(options: argparse.Namespace, pairs: Sequence[Pair]) -> tuple[dict[Key, float], set[Key] | None]:
    """The score of each text, and those in which the relation is said, if the system has a threshold."""
    if options.predictions is None:
        return read_texts(spacy_luke.load(options.checkpoint), pairs)
    scores = read_predictions(options.predictions, pairs)
    if options.threshold is None:
        return scores, None
    return scores, {key for key, score in scores.items() if score >= options.threshold}


def _table(result: dict[str, Any]) -> str:
    intervals = result["all"]["intervals"]
    ends = [f"{low:.2f}-{high:.2f}" for low, high in (intervals.get(name, (0, 0)) for name in COLUMNS)]
    rows = [
        *(_cells(kind, row) for kind, row in sorted(result["kinds"].items())),
        _cells("all", result["all"]),
        ("95% interval", "", *(end if c in intervals else "" for c, end in zip(COLUMNS, ends, strict=True))),
    ]
    header = ("kind", "pairs", *(name.replace("_", " ") for name in COLUMNS))
    return str(table(rows, header=header, divider=True, aligns=("l", *"rrrrrr")))


def _cells(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    shares = ("" if row[column] is None else f"{row[column]:.3f}" for column in COLUMNS)
    return name, str(row["pairs"]), *shares


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.says_no",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--half", choices=HALVES, default="tuning", help="which half of the pairs")
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--predictions", type=Path, help="JSONL file with another system's scores")
    parser.add_argument("--threshold", type=float, help="from which of those scores on it says the relation")
    parser.add_argument("--pairs", type=Path, default=PATH, help="JSONL file with other pairs")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
