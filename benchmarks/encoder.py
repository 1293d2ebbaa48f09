"""The encoder's time beside transformers', with the same random weights and inputs.

`python -m benchmarks.encoder --out metrics/encoder.json`

All ways take turns in one process, but for transformers of other environments, which `--python` names: these have
processes of their own, with the same weights and inputs, and take turns with the others. A ratio is taken within a
round, and the median of the rounds is told. The share is that of the processor's rate at one large matrix product in
float32, by whichever library of torch's is faster: products that LUKE needs for its real words and entities, a second.
How far the states are from transformers' stands beside it.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import srsly
import torch
from torch import Tensor, nn
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.inference import Float32Linear
from spacy_luke.nn.model import LukeModel
from spacy_luke.nn.operators import can_arrange
from spacy_luke.nn.precision import PRECISIONS

from .peer import save_works, start_peer
from .speed import measure

THEIRS = "transformers"
BASE = {
    "vocab_size": 50267,
    "entity_vocab_size": 500_000,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "entity_emb_size": 256,
}
Inputs = dict[str, Tensor]
Span = tuple[int, int]  # first word and the one behind the last


def run(
    changes: dict[str, int], precisions: Sequence[str], rounds: int, pythons: Mapping[str, str]
) -> dict[str, Any]:
    """Measure all works in all ways.

    changes (dict[str, int]): What differs from the base configuration.
    precisions (Sequence[str]): Which of `PRECISIONS` to measure.
    rounds (int): How often to run each.
    pythons (Mapping[str, str]): Interpreters with other releases of transformers, by name.
    RETURNS (dict[str, Any]): For each work and way the milliseconds, how many times faster than transformers that is,
        the share of the processor's rate, and the largest difference of a state.
    """
    sizes = {**BASE, **changes}
    models = _models(sizes, precisions)
    named = make_works(sizes["vocab_size"], sizes["entity_vocab_size"])
    works = []
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "works.pt"
        if pythons:
            save_works(path, sizes, models[THEIRS].state_dict(), [inputs for _, inputs in named])
        peers = {name: stack.enter_context(start_peer(python, path)) for name, python in pythons.items()}
        for number, (name, inputs) in enumerate(named):
            others = {peer: partial(run_one, number) for peer, run_one in peers.items()}
            works.append(
                {"name": name, **_describe(inputs), "ways": _measure(models, others, inputs, sizes, rounds)}
            )
    return {"sizes": sizes, "rounds": rounds, "works": works, "machine": describe_machine()}


def _models(sizes: dict[str, int], precisions: Sequence[str]) -> dict[str, Any]:
    """Their model, and ours in each precision; they share in memory what is float32."""
    theirs, ours = paired_models(sizes)
    models: dict[str, Any] = {THEIRS: theirs}
    for name in precisions:
        models[name] = copy.deepcopy(ours, {id(weight): weight for weight in ours.parameters()})
        models[name].set_precision(name)
    return models


def paired_models(sizes: dict[str, int]) -> tuple[Any, LukeModel]:
    """sizes (dict[str, int]): The configuration. RETURNS (tuple): Their model and ours, with the very same weights."""
    from transformers import LukeConfig as TheirConfig  # type: ignore[import-not-found]
    from transformers import LukeModel as TheirModel

    torch.manual_seed(0)
    theirs = TheirModel(TheirConfig(**sizes)).eval()  # type: ignore[no-untyped-call]
    with torch.device("meta"):
        ours = LukeModel(LukeConfig.from_dict(sizes)).eval()
    ours.load_state_dict(theirs.state_dict(), assign=True)
    return theirs, ours


def _measure(
    models: dict[str, Any],
    others: Mapping[str, Callable[[], object]],
    inputs: Inputs,
    sizes: dict[str, int],
    rounds: int,
) -> list[dict[str, Any]]:
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    rows = int(inputs["attention_mask"].sum() + inputs["entity_attention_mask"].sum())
    # Two queries, keys, values and the output of attention, and the two products behind it.
    needed = 2 * rows * (5 * width * width + 2 * width * inner) * sizes["num_hidden_layers"]
    large = nn.Linear(width, inner)
    libraries = {
        "MKL": large,
        **({"oneDNN": Float32Linear(large.weight, large.bias)} if can_arrange(torch.float32) else {}),
    }
    batch = torch.randn(rows, width)
    products = {name: partial(product, batch) for name, product in libraries.items()}
    ways: dict[str, Callable[[], object]] = {name: partial(model, **inputs) for name, model in models.items()}
    with torch.inference_mode():
        states = {name: _attended(way(), inputs) for name, way in ways.items()}
        times = dict(measure({**ways, **others, **products}, rounds))
    product = min(median(times.pop(name)) for name in products)
    return [
        {
            "name": name,
            "milliseconds": 1000 * median(seconds),
            "ratio": median(b / a for a, b in zip(seconds, times[THEIRS], strict=True)),
            "share": needed / median(seconds) / (2 * rows * width * inner / product),
            "difference": float((states[name] - states[THEIRS]).abs().max()) if name in states else None,
        }
        for name, seconds in times.items()
    ]


def _attended(output: Any, inputs: Inputs) -> Tensor:
    """RETURNS (Tensor): The states of real words and entities. Shape: (rows, width)"""
    words = output.last_hidden_state[inputs["attention_mask"].bool()]
    return torch.cat([words, output.entity_last_hidden_state[inputs["entity_attention_mask"].bool()]])


# --- inputs --------------------------------------------------------------------------------


def make_works(n_words: int, n_entities: int) -> list[tuple[str, Inputs]]:
    """n_words, n_entities (int): Sizes of the vocabularies. RETURNS (list[tuple[str, Inputs]]): What is measured."""
    make = partial(make_inputs, n_words=n_words, n_entities=n_entities)
    draw = torch.Generator().manual_seed(0)

    def mentions(length: int, n: int) -> list[Span]:
        starts = torch.randint(1, length - 4, (n,), generator=draw).tolist()
        return [(start, start + 1 + start % 3) for start in starts]

    lengths = torch.linspace(8, 100, 32).long().tolist()
    varied = [(length, mentions(length, 1 + i % 6)) for i, length in enumerate(lengths)]
    return [
        ("32 sentences of 8 to 100 tokens, 1 to 6 entities", make(varied)),
        ("32 sentences of 54 tokens, 3 entities", make([(54, mentions(54, 3)) for _ in range(32)])),
        ("a sentence of 30 tokens, 2 entities", make([(30, mentions(30, 2))])),
        ("all spans up to 16 of 40 tokens", make([(40, all_spans(40))])),
        ("all spans of 4 sentences of 12 to 40", make([(n, all_spans(n)) for n in (12, 20, 30, 40)])),
    ]


def all_spans(length: int, longest: int = 16) -> list[Span]:
    """length (int): Tokens, with one special token at each end. RETURNS (list[Span]): What span NER reads."""
    return [(i, j) for i in range(1, length - 1) for j in range(i + 1, min(i + longest, length - 1) + 1)]


def make_inputs(sentences: Sequence[tuple[int, Sequence[Span]]], n_words: int, n_entities: int) -> Inputs:
    """Make a padded batch of random words.

    sentences (Sequence[tuple[int, Sequence[Span]]]): Tokens and entities of each.
    n_words, n_entities (int): Sizes of the vocabularies.
    RETURNS (dict[str, Tensor]): Arguments of `LukeModel.forward`.
    """
    draw = torch.Generator().manual_seed(0)
    shape = len(sentences), max(length for length, _ in sentences)
    entity_shape = len(sentences), max(len(spans) for _, spans in sentences)
    ids = torch.randint(4, n_words, shape, generator=draw)
    mask = torch.zeros(shape, dtype=torch.long)
    entity_mask = torch.zeros(entity_shape, dtype=torch.long)
    positions = torch.full((*entity_shape, 30), -1)
    for row, (length, spans) in enumerate(sentences):
        mask[row, :length] = 1
        entity_mask[row, : len(spans)] = 1
        for i, (start, end) in enumerate(spans):
            positions[row, i, : end - start] = torch.arange(start, end)
    return {
        "input_ids": ids.masked_fill(mask == 0, 1),  # RoBERTa's padding
        "attention_mask": mask,
        "entity_ids": torch.randint(1, n_entities, entity_shape, generator=draw) * entity_mask,
        "entity_attention_mask": entity_mask,
        "entity_position_ids": positions,
    }


def _describe(inputs: Inputs) -> dict[str, int]:
    return {
        "words": int(inputs["attention_mask"].sum()),
        "entities": int(inputs["entity_attention_mask"].sum()),
        "places": inputs["attention_mask"].numel() + inputs["entity_attention_mask"].numel(),
    }


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    sizes = dict(size.split("=") for size in options.size)
    pythons = dict(python.split("=", 1) for python in options.python)
    changes = {name: int(value) for name, value in sizes.items()}
    result = run(changes, options.precisions, options.rounds, pythons)
    rows = [
        (
            work["name"],
            way["name"],
            f"{way['milliseconds']:.1f}",
            f"{way['ratio']:.2f}x",
            f"{way['share']:.0%}",
            "" if way["difference"] is None else f"{way['difference']:.0e}",
        )
        for work in result["works"]
        for way in work["ways"]
    ]
    header = ("work", "way", "ms", "faster", "share", "difference")
    print(table(rows, header=header, divider=True, aligns=("l", "l", "r", "r", "r", "r"), max_col=64))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.encoder", description=__doc__)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--python", nargs="*", default=[], help="NAME=interpreter of another environment")
    parser.add_argument("--rounds", type=int, default=7, help="how often to run each")
    parser.add_argument("--size", nargs="*", default=[], help="changes, such as num_hidden_layers=4")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
