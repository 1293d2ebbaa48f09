"""`LukeModel` as it is loaded, beside transformers', in float32 and evaluation mode: batches of equal texts.

`OMP_NUM_THREADS=2 python -m benchmarks.plain --out metrics/plain.json`

Nothing is called but the model: no precision is set, no weights are arranged. Both take turns with the same random
weights and inputs; a ratio is taken within a round, and the median of the rounds is told.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import srsly
import torch
from wasabi import table

from scripts.machine import describe_machine

from .encoder import BASE, THEIRS, Inputs, Span, make_inputs, paired_models
from .speed import measure

OURS = "ours"
BATCHES = ((1, 16), (1, 64), (1, 256), (8, 40), (16, 40), (8, 128), (4, 300))  # texts, and words of each


def run(changes: dict[str, int], entities: Sequence[int], rounds: int, device: str = "cpu") -> dict[str, Any]:
    """Measure all batches.

    changes (dict[str, int]): What differs from the base configuration.
    entities (Sequence[int]): How many entities a text has; all batches are measured for each number.
    rounds (int): How often to run each.
    device (str): Where both models are.
    RETURNS (dict[str, Any]): Milliseconds of both, how many times faster ours is, and the largest difference of states.
    """
    sizes = {**BASE, **changes}
    theirs, ours = (model.to(device) for model in paired_models(sizes))
    works = [_measure(theirs, ours, sizes, *batch, n, rounds) for n in entities for batch in BATCHES]
    ratios = [work["ratio"] for work in works]
    summary = {"least": min(ratios), "mean": mean(ratios)}
    return {"sizes": sizes, "rounds": rounds, **summary, "works": works, "machine": describe_machine()}


def _measure(
    theirs: Any, ours: Any, sizes: dict[str, int], texts: int, words: int, entities: int, rounds: int
) -> dict[str, Any]:
    inputs = {name: value.to(ours.device) for name, value in _inputs(sizes, texts, words, entities).items()}
    with torch.inference_mode():
        states = [model(**inputs).last_hidden_state for model in (theirs, ours)]
        repeats = max(rounds, 2000 // (texts * words)) if texts * words < 200 else rounds
        ways = {name: partial(_finish, model, inputs) for name, model in ((THEIRS, theirs), (OURS, ours))}
        times = dict(measure(ways, repeats))
    pairs = zip(times[THEIRS], times[OURS], strict=True)
    return {
        "name": f"{texts}x{words}" + (f", {entities} entities each" if entities else ""),
        "milliseconds": {name: 1000 * median(seconds) for name, seconds in times.items()},
        "ratio": median(other / mine for other, mine in pairs),
        "difference": float((states[0] - states[1]).abs().max()),
    }


def _finish(model: Any, inputs: Inputs) -> None:
    """Run a model, and wait until its device is done."""
    model(**inputs).last_hidden_state.sum().item()


def _inputs(sizes: dict[str, int], texts: int, words: int, entities: int) -> Inputs:
    spans: list[Span] = [(1 + 3 * i, 3 + 3 * i) for i in range(entities)]
    made = make_inputs([(words, spans)] * texts, sizes["vocab_size"], sizes["entity_vocab_size"])
    return made if entities else {name: made[name] for name in ("input_ids", "attention_mask")}


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON. args (Sequence[str] | None): Command line; None for the process's."""
    parser = argparse.ArgumentParser("python -m benchmarks.plain", description=__doc__)
    parser.add_argument("--entities", nargs="+", type=int, default=[0, 2], help="entities of each text")
    parser.add_argument("--rounds", type=int, default=7, help="how often to run each batch")
    parser.add_argument("--size", nargs="*", default=[], help="changes, such as num_hidden_layers=4")
    parser.add_argument("--device", default="cpu", help="such as cuda")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    options = parser.parse_args(args)
    changes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    result = run(changes, options.entities, options.rounds, options.device)
    rows = [
        (
            work["name"],
            *(f"{work['milliseconds'][name]:.1f}" for name in (THEIRS, OURS)),
            f"{work['ratio']:.2f}x",
            f"{work['difference']:.0e}",
        )
        for work in result["works"]
    ]
    print(table(rows, header=("batch", f"{THEIRS} ms", "ours ms", "faster", "difference"), divider=True))
    print(f"least {result['least']:.2f}x, mean {result['mean']:.2f}x")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


if __name__ == "__main__":
    main()
