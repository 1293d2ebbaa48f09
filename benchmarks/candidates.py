"""What the learned pre-filter of candidates is worth: its recall, and its gain over scoring all spans.

`python -m benchmarks.candidates corpus/test.spacy --out metrics/candidates.json`

finds entities in the corpus' tokens with `luke_ner` and the default model: with the learned pre-filter as the
checkpoint sets it, with a wider one (`--floor`, `--margin`; as joint models have it by default), and with all spans up
to twelve tokens (`spacy.ngram_suggester.v1`). Over all documents it tells which share of the entities that all spans
give is found, and which share of the gold spans is among the candidates; times are of the first ones, in turn.
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

from scripts.machine import describe_machine
from spacy_luke.layers.weights import get_module
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.training.mentions import given_tokens

from .baselines.data import read_golds
from .speed import measure

PREFILTER, WIDE, ALL = "learned pre-filter", "wider pre-filter", "all spans"
KEY = "candidates"
Spans = set[tuple[int, int]]  # first token, and the one behind the last


def run(
    corpus: Path,
    checkpoint: str | None,
    width: int,
    n_docs: int,
    rounds: int,
    floor: float = JointConfig.proposal_floor,
    margin: float = JointConfig.proposal_margin,
) -> dict[str, Any]:
    """Measure all ways.

    corpus (Path): A `.spacy` file with entities.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    width (int): Most tokens of a span.
    n_docs (int): How many documents to time.
    rounds (int): How often.
    floor, margin (float): `proposal_floor` and `proposal_margin` of the wider pre-filter.
    RETURNS (dict[str, Any]): For each way words a second, candidates a token, the share of gold spans among them, the
        share of all spans' entities that it finds, and how many differ.
    """
    golds = read_golds(spacy.blank("en"), corpus)
    every = {"@misc": "spacy.ngram_suggester.v1", "sizes": list(range(1, width + 1))}
    pipes = {
        PREFILTER: _pipe(checkpoint, None),
        WIDE: _wider(checkpoint, floor, margin),
        ALL: _pipe(checkpoint, every),
    }
    timed, words = golds[:n_docs], sum(map(len, golds[:n_docs]))
    ways = measure({name: lambda nlp=nlp: _read(nlp, timed) for name, nlp in pipes.items()}, rounds)
    seconds = {way.name: way.seconds for way in ways}
    found = {name: _entities(nlp, golds) for name, nlp in pipes.items()}
    rows = [
        {
            "name": name,
            "words_per_second": words / median(seconds[name]),
            "faster": median(b / a for a, b in zip(seconds[name], seconds[ALL], strict=True)),
            **_share(golds, _all(golds, width) if name == ALL else _proposed(nlp, golds)),
            "found": len(found[name] & found[ALL]) / max(len(found[ALL]), 1),
            "changed": len(found[name] ^ found[ALL]),
        }
        for name, nlp in pipes.items()
    ]
    return {
        "documents": len(golds),
        "timed": len(timed),
        "width": width,
        "rounds": rounds,
        "wider": {"proposal_floor": floor, "proposal_margin": margin},
        "ways": rows,
        "entities": len(found[ALL]),
        "machine": describe_machine(),
    }


def _pipe(checkpoint: str | None, suggester: dict[str, Any] | None) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "luke_ner", config={"model": {"checkpoint": checkpoint}, "suggester": suggester, "spans_key": KEY}
    )
    return nlp


def _wider(checkpoint: str | None, floor: float, margin: float) -> Language:
    nlp = _pipe(checkpoint, None)
    model = nlp.get_pipe("luke_ner").model
    get_module(model)  # its weights come from the checkpoint now
    module = model.shims[0].own_module()
    module.joint = module.joint.with_changes(proposal_floor=floor, proposal_margin=margin)
    return nlp


def _read(nlp: Language, golds: Sequence[Doc]) -> list[Doc]:
    return list(nlp.pipe(given_tokens(nlp.vocab, gold, mentions=False) for gold in golds))


def _entities(nlp: Language, golds: Sequence[Doc]) -> set[tuple[int, int, int, str]]:
    return {
        (i, ent.start, ent.end, ent.label_) for i, doc in enumerate(_read(nlp, golds)) for ent in doc.ents
    }


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
    result = run(
        options.corpus,
        options.checkpoint,
        options.width,
        options.docs,
        options.rounds,
        options.floor,
        options.margin,
    )
    rows = [
        (
            way["name"],
            f"{way['words_per_second']:,.0f}",
            f"{way['faster']:.1f}x",
            f"{way['per_token']:.2f}",
            f"{way['recall']:.1%}",
            f"{way['found']:.2%}",
            f"{way['changed']}",
        )
        for way in result["ways"]
    ]
    header = (
        "way",
        "words/s",
        "faster",
        "candidates a token",
        "gold among them",
        "entities found",
        "that differ",
    )
    print(table(rows, header=header, divider=True, aligns=("l", *"rrrrrr")))
    print(f"all spans give {result['entities']} entities")
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
    parser.add_argument(
        "--floor",
        type=float,
        default=JointConfig.proposal_floor,
        help="least probable candidate of the wider one",
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=JointConfig.proposal_margin,
        help="and how far it may be below another",
    )
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
