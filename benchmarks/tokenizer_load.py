"""Time and memory to load a tokenizer with 500,000 entity titles, beside transformers.

`python -m benchmarks.tokenizer_load path/to/roberta --out metrics/tokenizer-load.json`

Each load has a process of its own, which imports everything first; the ways take turns. The first load of ours reads
the titles and makes their index, all later ones map it. Memory is what the process holds after the load more than
before it (Linux).
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import srsly
from wasabi import table

from scripts.machine import describe_machine

from .elsewhere import resident, run_elsewhere

FIRST, OURS, THEIRS = "spacy_luke, first load", "spacy_luke", "transformers"
_SPECIAL = ("[PAD]", "[UNK]", "[MASK]", "[MASK2]")
_UNITS = {"seconds": 3, "megabytes": 1}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def run(words: Path, n_titles: int, rounds: int) -> dict[str, Any]:
    """Measure all ways in turn.

    words (Path): A folder with vocab.json and merges.txt.
    n_titles (int): How many titles to make up.
    rounds (int): How often to load in each way.
    RETURNS (dict[str, Any]): For each way seconds, megabytes and how many times less that is than transformers.
    """
    measured: dict[str, list[dict[str, float]]] = {FIRST: [], OURS: [], THEIRS: []}
    with tempfile.TemporaryDirectory() as name:
        checkpoint = make_checkpoint(Path(name), words, n_titles)
        for i in range(rounds):
            for way, found in measured.items():
                cache = Path(name) / f"cache-{i}"  # a new one each round: what is first in it stays first
                found.append(_load_elsewhere(way, checkpoint, cache))
    ways = [_summary(way, found, measured[THEIRS]) for way, found in measured.items()]
    return {"titles": n_titles, "rounds": rounds, "ways": ways, "machine": describe_machine()}


def make_checkpoint(folder: Path, words: Path, n_titles: int) -> Path:
    """Make a tokenizer's folder with made-up titles.

    folder (Path): Where to.
    words (Path): A folder with vocab.json and merges.txt.
    n_titles (int): How many titles to make up.
    RETURNS (Path): The folder.
    """
    draw = random.Random(0)
    syllables = ["".join(draw.choices(_LETTERS, k=draw.randint(3, 10))).title() for _ in range(40_000)]
    titles = dict.fromkeys(_SPECIAL)
    while len(titles) < n_titles:
        titles.setdefault(" ".join(draw.choices(syllables, k=draw.randint(1, 4))))
    ids = {title: i for i, title in enumerate(titles)}
    (folder / "entity_vocab.json").write_text(json.dumps(ids), encoding="utf8")
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(words / name, folder / name)
    return folder


def _load_elsewhere(way: str, checkpoint: Path, cache: Path) -> dict[str, float]:
    command = ["-m", "benchmarks.tokenizer_load", str(checkpoint), "--load", way]
    return run_elsewhere(command, env={"SPACY_LUKE_CACHE": str(cache)})


def load(way: str, checkpoint: Path) -> dict[str, float]:
    """Load a tokenizer in this process.

    way (str): `THEIRS` for transformers.
    checkpoint (Path): The folder.
    RETURNS (dict[str, float]): Seconds and megabytes.
    """
    kind: Any
    if way == THEIRS:
        from transformers import LukeTokenizer as kind  # type: ignore[import-not-found,no-redef]
    else:
        from spacy_luke import LukeTokenizer as kind
    before, start = resident(), perf_counter()
    tokenizer = kind.from_pretrained(str(checkpoint))
    seconds = perf_counter() - start
    megabytes = resident() - before
    assert tokenizer.entity_vocab["[MASK]"] == 2  # and is still there
    return {"seconds": seconds, "megabytes": megabytes}


def _summary(
    way: str, found: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]
) -> dict[str, Any]:
    rounds = list(zip(found, theirs, strict=True))
    return {
        "name": way,
        **{unit: median(one[unit] for one in found) for unit in _UNITS},
        **{f"{unit}_ratio": median(b[unit] / a[unit] for a, b in rounds) for unit in _UNITS},
    }


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    if options.load is not None:
        print(json.dumps(load(options.load, options.words)))
        return
    result = run(options.words, options.titles, options.rounds)
    rows = [_row(way) for way in result["ways"]]
    header = ("way", "seconds", "faster", "MB", "less")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _row(way: dict[str, Any]) -> tuple[str, ...]:
    cells = [(f"{way[unit]:.{digits}f}", f"{way[f'{unit}_ratio']:.1f}x") for unit, digits in _UNITS.items()]
    return (way["name"], *chain.from_iterable(cells))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.tokenizer_load", description=__doc__)
    parser.add_argument("words", type=Path, help="folder with RoBERTa's vocab.json and merges.txt")
    parser.add_argument("--titles", type=int, default=500_000, help="how many entity titles to make up")
    parser.add_argument("--rounds", type=int, default=5, help="how often to load in each way")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--load", choices=(FIRST, OURS, THEIRS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
