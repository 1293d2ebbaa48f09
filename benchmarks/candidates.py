"""What the learned pre-filter of candidates is worth: its recall, and its gain over scoring all spans.

`python -m benchmarks.candidates corpus/test.spacy --out metrics/candidates.json`

finds entities in the corpus' tokens with `luke_ner` and the default model: once with the learned pre-filter, once with
all spans up to twelve tokens (`spacy.ngram_suggester.v1`), in turn. Recall is the share of gold spans among the
candidates, over all documents; times are taken over the first ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import table

from spacy_luke.cli.machine import describe_machine
from spacy_luke.training.mentions import given_tokens

from .baselines.data import read_golds
from .speed import measure

PREFILTER, ALL = "learned pre-filter", "all spans"
KEY = "candidates"
Spans = set[tuple[int, int]]  # first token, and the one behind the last


def run(corpus: Path, checkpoint: str | None, width: int, n_docs: int, rounds: int) -> dict[str, Any]:
    """Measure both ways.

    corpus (Path): A `.spacy` file with entities.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    width (int): Most tokens of a span.
    n_docs (int): How many documents to time.
    rounds (int): How often.
    RETURNS (dict[str, Any]): For each way words a second, candidates a token, recall, and how many entities it finds.
    """
    golds = read_golds(spacy.blank("en"), corpus)
    every = {"@misc": "spacy.ngram_suggester.v1", "sizes": list(range(1, width + 1))}
    pipes = {PREFILTER: _pipe(checkpoint, None), ALL: _pipe(checkpoint, every)}
    timed, words = golds[:n_docs], sum(map(len, golds[:n_docs]))
    ways = measure({name: lambda nlp=nlp: _read(nlp, timed) for name, nlp in pipes.items()}, rounds)
    seconds = {way.name: way.seconds for way in ways}
    rows = [
        {
            "name": name,
            "words_per_second": words / median(seconds[name]),
            "faster": median(b / a for a, b in zip(seconds[name], seconds[ALL], strict=True)),
            **_share(golds, _proposed(nlp, golds) if name == PREFILTER else _all(golds, width)),
        }
        for name, nlp in pipes.items()
    ]
    found = [{(i, e.start, e.end, e.label_) for i, e in _entities(nlp, timed)} for nlp in pipes.values()]
    return {
        "documents": len(golds),
        "timed": len(timed),
        "width": width,
        "rounds": rounds,
        "ways": rows,
        "entities": {"of all spans": len(found[1]), "changed": len(found[0] ^ found[1])},
        "machine": describe_machine(),
    }


def _pipe(checkpoint: str | None, suggester: dict[str, Any] | None) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "luke_ner", config={"model": {"checkpoint": checkpoint}, "suggester": suggester, "spans_key": KEY}
    )
    return nlp


def _read(nlp: Language, golds: Sequence[Doc]) -> list[Doc]:
    return list(nlp.pipe(given_tokens(nlp.vocab, gold, mentions=False) for gold in golds))


def _entities(nlp: Language, golds: Sequence[Doc]) -> list[tuple[int, Any]]:
    return [(i, ent) for i, doc in enumerate(_read(nlp, golds)) for ent in doc.ents]


def _proposed(nlp: Language, golds: Sequence[Doc]) -> list[Spans]:
    """The candidates of each document, as far as they aren't surely none: told by a threshold that the others pass."""
    thresholds = nlp.get_pipe("luke_ner").thresholds
    before, thresholds["ner"] = thresholds["ner"], 0.0
    found = [{(span.start, span.end) for span in doc.spans[KEY]} for doc in _read(nlp, golds)]
    thresholds["ner"] = before
    return found


def _all(golds: Sequence[Doc], width: int) -> list[Spans]:
    lengths = map(len, golds)
    return [{(i, j) for i in range(n) for j in range(i + 1, min(i + width, n) + 1)} for n in lengths]


def _share(golds: Sequence[Doc], candidates: Sequence[Spans]) -> dict[str, float]:
    wanted = [{(ent.start, ent.end) for ent in gold.ents} for gold in golds]
    found = sum(len(spans & gold) for spans, gold in zip(candidates, wanted, strict=True))
    per_token = sum(map(len, candidates)) / sum(map(len, golds))
    return {"per_token": per_token, "recall": found / sum(map(len, wanted))}


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    result = run(options.corpus, options.checkpoint, options.width, options.docs, options.rounds)
    rows = [
        (
            way["name"],
            f"{way['words_per_second']:,.0f}",
            f"{way['faster']:.1f}x",
            f"{way['per_token']:.2f}",
            f"{way['recall']:.1%}",
        )
        for way in result["ways"]
    ]
    header = ("way", "words/s", "faster", "candidates a token", "recall")
    print(table(rows, header=header, divider=True, aligns=("l", *"rrrr")))
    entities = result["entities"]
    print(f"{entities['changed']} of {entities['of all spans']} entities change")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.candidates", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with entities")
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--width", type=int, default=12, help="most tokens of a span")
    parser.add_argument("--docs", type=int, default=20, help="how many documents to time")
    parser.add_argument("--rounds", type=int, default=3, help="how often to read them")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
