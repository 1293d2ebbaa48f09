"""Time to tokenize fresh sentences with four entities each, beside transformers.

`python -m benchmarks.tokenizing corpus/train.spacy path/to/roberta --out metrics/tokenizing.json`

`--python "transformers 5.23=/path/to/env/bin/python"` adds transformers of another environment. The ways take turns,
each in a process of its own, which reads all sentences once, in calls of 500 sentences, to padded tensors. The first
call doesn't count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import spacy
import srsly
from spacy.tokens import Span
from wasabi import table

from scripts.machine import describe_machine

from .baselines.data import read_golds
from .tokenizer_load import make_checkpoint

OURS, THEIRS = "spacy_luke", "transformers"
N_ENTITIES = 4
# What another environment runs: it may have neither spaCy nor this package.
CHILD = """
import json, sys
from time import perf_counter
folder, sentences, kind, size = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3], int(sys.argv[4])
if kind == "spacy_luke":
    from spacy_luke import LukeTokenizer
else:
    from transformers import LukeTokenizer
tokenizer, seconds = LukeTokenizer.from_pretrained(folder), []
for start in range(0, len(sentences), size):
    texts, spans, titles = zip(*sentences[start : start + size])
    spans = [[tuple(span) for span in row] for row in spans]
    begin = perf_counter()
    tokenizer(
        list(texts), entity_spans=spans, entities=list(titles), padding=True, return_tensors="pt"
    )
    seconds.append(perf_counter() - begin)
print(json.dumps(seconds[1:]))
"""


def run(corpus: Path, words: Path, pythons: dict[str, str], size: int, rounds: int) -> dict[str, Any]:
    """Measure all ways in turn.

    corpus (Path): A `.spacy` file with entities.
    words (Path): A folder with RoBERTa's vocab.json and merges.txt.
    pythons (dict[str, str]): Interpreters with transformers, by name.
    size (int): Sentences of a call.
    rounds (int): How often to start each way.
    RETURNS (dict[str, Any]): For each way sentences a second and how many times faster ours is.
    """
    sentences = list(_sentences(corpus))
    ways = {OURS: sys.executable, **pythons}
    found: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = make_checkpoint(Path(name), words, 50_000)
        srsly.write_json(folder / "sentences.json", sentences)
        for _ in range(rounds):
            for way, python in ways.items():
                found[way].append(_time(python, folder, OURS if way == OURS else THEIRS, size))
    return {
        "sentences": len(sentences),
        "rounds": rounds,
        "ways": [
            {
                "name": way,
                "sentences_per_second": size / median(times),
                "ours_is_faster": median(b / a for a, b in zip(found[OURS], times, strict=True)),
            }
            for way, times in found.items()
        ],
        "machine": describe_machine(),
    }


def _sentences(corpus: Path) -> Iterator[tuple[str, list[tuple[int, int]], list[str]]]:
    """Texts with four entities: their characters and, as titles, their words."""
    for doc in read_golds(spacy.blank("en"), corpus):
        for first in range(0, len(doc.ents) - N_ENTITIES + 1, N_ENTITIES):
            ents = doc.ents[first : first + N_ENTITIES]
            text: Span = doc[max(ents[0].start - 3, 0) : ents[-1].end + 3]
            at = text.start_char
            spans = [(ent.start_char - at, ent.end_char - at) for ent in ents]
            yield text.text, spans, [ent.text for ent in ents]


def _time(python: str, folder: Path, kind: str, size: int) -> float:
    """RETURNS (float): The median of the calls, in seconds."""
    command = [python, "-c", CHILD, str(folder), str(folder / "sentences.json"), kind, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return median(json.loads(done.stdout.splitlines()[-1]))


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    others = dict(python.split("=", 1) for python in options.python)
    result = run(
        options.corpus, options.words, {THEIRS: sys.executable, **others}, options.size, options.rounds
    )
    rows = [
        (way["name"], f"{way['sentences_per_second']:,.0f}", f"{way['ours_is_faster']:.1f}x")
        for way in result["ways"]
    ]
    header = ("way", "sentences/s", "ours is faster")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r"), max_col=64))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.tokenizing", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with entities")
    parser.add_argument("words", type=Path, help="folder with RoBERTa's vocab.json and merges.txt")
    parser.add_argument("--python", nargs="*", default=[], help="NAME=interpreter of another environment")
    parser.add_argument("--size", type=int, default=500, help="sentences of a call")
    parser.add_argument("--rounds", type=int, default=3, help="how often to start each way")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
