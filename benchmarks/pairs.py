"""The time to relate all pairs of the entities of a sentence by marked inputs, beside transformers.

`python -m benchmarks.pairs --out metrics/pairs.json`

`LukeForEntityPairClassification` at base size with random weights reads each ordered pair as an input of its own, in
which markers stand around both, as in TACRED. Ours is `luke_relations`' model, which predicts; the other one is one
call of transformers' class with all pairs. They take turns; a ratio is taken within a round, and the median of the
rounds is told.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import Any

import srsly
import torch
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.batch import LukeInputs
from spacy_luke.layers.entity_head import build_marked_pair
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads import LukeForEntityPairClassification
from spacy_luke.nn.precision import PRECISIONS

from .encoder import BASE, THEIRS, Inputs, Span, make_inputs
from .speed import measure

N_LABELS = 42  # TACRED's
N_MARKERS = 4  # tokens, two around each entity


def run(
    changes: dict[str, int], precisions: Sequence[str], n_entities: int, length: int, rounds: int
) -> dict[str, Any]:
    """Measure all ways.

    changes (dict[str, int]): What differs from the base configuration.
    precisions (Sequence[str]): Which of `PRECISIONS` to measure.
    n_entities (int): Entities of the sentence, of two tokens each.
    length (int): Tokens of the sentence, without markers.
    rounds (int): How often to relate all in each way.
    RETURNS (dict[str, Any]): For each way milliseconds, how many times faster than transformers that is, and the
        largest difference of a logit.
    """
    sizes = {**BASE, **changes}
    theirs, models = _models(sizes, precisions)
    inputs = pair_inputs(sizes, n_entities, length)
    batch = LukeInputs(**{name: values.numpy() for name, values in inputs.items()})
    ways = {
        THEIRS: partial(theirs, **inputs),
        **{name: partial(model.predict, batch) for name, model in models.items()},
    }
    with torch.inference_mode():
        wanted = theirs(**inputs).logits
        found = {name: model.predict(batch) for name, model in models.items()}
        times = dict(measure(ways, rounds))
    return {
        "sizes": sizes,
        "entities": n_entities,
        "pairs": len(batch.needed("input_ids")),
        "tokens": length,
        "rounds": rounds,
        "ways": [
            {
                "name": name,
                "milliseconds": 1000 * median(seconds),
                "ratio": median(b / a for a, b in zip(seconds, times[THEIRS], strict=True)),
                "difference": float((found.get(name, wanted) - wanted).abs().max()),
            }
            for name, seconds in times.items()
        ],
        "machine": describe_machine(),
    }


def _models(sizes: dict[str, int], precisions: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Their model, and ours for each precision, with the same weights."""
    from transformers import LukeConfig as TheirConfig  # type: ignore[import-not-found]
    from transformers import LukeForEntityPairClassification as TheirHead

    torch.manual_seed(0)
    options = {**sizes, "num_labels": N_LABELS}
    theirs = TheirHead(TheirConfig(**options)).eval()  # type: ignore[no-untyped-call]
    ours = LukeForEntityPairClassification.from_state(LukeConfig.from_dict(options), theirs.state_dict())
    models = {name: build_marked_pair(dtype=name) for name in precisions}
    for model in models.values():
        model.shims[0].set_module(ours, shared=True)
    return theirs, models


def pair_inputs(sizes: dict[str, int], n_entities: int, length: int) -> Inputs:
    """Make the inputs of all ordered pairs of entities.

    sizes (dict[str, int]): The configuration.
    n_entities (int): Entities, of two tokens each, evenly over the sentence.
    length (int): Tokens of the sentence, without markers.
    RETURNS (dict[str, Tensor]): Arguments of `forward`, one row a pair.
    """
    starts = torch.linspace(1, length - 3, n_entities).long().tolist()
    rows = [
        (length + N_MARKERS, _marked(starts[i], starts[j])) for i, j in permutations(range(n_entities), 2)
    ]
    return make_inputs(rows, sizes["vocab_size"], sizes["entity_vocab_size"])


def _marked(head: int, tail: int) -> list[Span]:
    """Where both entities lie with their markers: the later one is behind those of the other."""
    return [
        (start + 2 * (start > other), start + 2 * (start > other) + 4)
        for start, other in ((head, tail), (tail, head))
    ]


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    changes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    result = run(changes, options.precisions, options.entities, options.tokens, options.rounds)
    rows = [
        (way["name"], f"{way['milliseconds']:.0f}", f"{way['ratio']:.2f}x", f"{way['difference']:.0e}")
        for way in result["ways"]
    ]
    header = (f"{result['pairs']} pairs", "ms", "faster", "difference")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["float32", "int8"])
    parser.add_argument("--entities", type=int, default=8, help="entities of the sentence")
    parser.add_argument("--tokens", type=int, default=40, help="tokens of the sentence")
    parser.add_argument("--rounds", type=int, default=5, help="how often to relate all in each way")
    parser.add_argument("--size", nargs="*", default=[], help="changes, such as num_hidden_layers=4")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
