"""Words a second beside the F1 of entities: `luke_ner` in each precision, and spaCy's `ner` trained on the same data,
on tok2vec and on the same encoder.

`python -m benchmarks.ner corpus/test.spacy --ner training/spacy-ner/model-best \\
    --ner-luke training/ner-luke/model-best --out metrics/ner.json`

All find entities in the corpus' tokens; exact spans and types count. They are timed in turn over the first documents.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import spacy
import srsly
from spacy.language import Language
from wasabi import table

from scripts.figures import micro_figure
from scripts.machine import describe_machine
from spacy_luke.nn.precision import PRECISIONS
from spacy_luke.training.answers import span_answers

from .baselines.data import read_golds
from .baselines.ner import BELOW, predict
from .speed import measure


def run(
    corpus: Path,
    checkpoint: str | None,
    trained: Mapping[str, Path | None],
    n_docs: int,
    rounds: int,
    precisions: Sequence[str] = PRECISIONS,
) -> dict[str, Any]:
    """Score and time all pipelines.

    corpus (Path): A `.spacy` file with entities.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    trained (Mapping[str, Path | None]): Pipelines with spaCy's `ner`, by baseline; None leaves one out.
    n_docs (int): How many documents to time.
    rounds (int): How often.
    precisions (Sequence[str]): Those of `luke_ner`.
    RETURNS (dict[str, Any]): For each the F1 with its interval, and words a second.
    """
    golds = read_golds(spacy.blank("en"), corpus)
    timed, words = golds[:n_docs], sum(map(len, golds[:n_docs]))
    pipelines = {f"luke_ner, {precision}": _luke_ner(checkpoint, precision) for precision in precisions}
    for below, folder in trained.items():
        if folder is not None:
            pipelines[BELOW[below][0]] = spacy.load(folder)
    ways = measure({name: partial(predict, nlp, timed) for name, nlp in pipelines.items()}, rounds)
    rows = [
        {
            "name": way.name,
            "words_per_second": words / median(way.seconds),
            "f1": _score(pipelines[way.name], golds),
        }
        for way in ways
    ]
    return {
        "documents": len(golds),
        "timed": len(timed),
        "rounds": rounds,
        "ways": rows,
        "machine": describe_machine(),
    }


def _luke_ner(checkpoint: str | None, precision: str) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config={"model": {"checkpoint": checkpoint, "dtype": precision}})
    return nlp


def _score(nlp: Language, golds: Sequence[Any]) -> dict[str, Any]:
    answers = [span_answers(doc, gold) for doc, gold in zip(predict(nlp, list(golds)), golds, strict=True)]
    return micro_figure("entities from tokens, micro-F1", answers).to_dict()


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    trained = {"ner": options.ner, "ner-luke": options.ner_luke}
    result = run(
        options.corpus, options.checkpoint, trained, options.docs, options.rounds, options.precisions
    )
    rows = [
        (way["name"], f"{way['f1']['value']:.3f}", f"{way['words_per_second']:,.0f}")
        for way in result["ways"]
    ]
    print(table(rows, header=("pipeline", "F1", "words/s"), divider=True, aligns=("l", "r", "r"), max_col=64))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.ner", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with entities")
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--ner", type=Path, help="pipeline from `python -m benchmarks.baselines ner --keep`")
    parser.add_argument(
        "--ner-luke", type=Path, help="pipeline from `python -m benchmarks.baselines ner-luke --keep`"
    )
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--docs", type=int, default=40, help="how many documents to time")
    parser.add_argument("--rounds", type=int, default=5, help="how often to read them")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
