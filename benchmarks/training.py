"""The time of a training step beside a plain loop with transformers, from the same weights, with the same inputs.

`python -m benchmarks.training --out metrics/training.json`

A step of ours is that of `luke_typing`'s model under spaCy's optimizer, as `spacy train` runs it; the other one is
`LukeForEntityClassification` with torch's fused AdamW on dense tables, with the same rate, decay and clipping. They
take turns in one process; a ratio is taken within a round, and the median of the rounds is told. Before that, steps
without dropout show that both learn the same, in processes of their own, which tell the memory that training takes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import srsly
import torch
from thinc.api import Adam
from torch import Tensor, nn
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.batch import LukeInputs
from spacy_luke.layers.entity_head import build_marked_entity, label_loss
from spacy_luke.layers.shim import LukeShim
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads import LukeForEntityClassification

from .elsewhere import forget_peak, peak, resident, run_elsewhere
from .encoder import BASE, THEIRS, Inputs, make_works
from .speed import measure

OURS = "spacy_luke"
WAYS = (THEIRS, OURS)
N_LABELS = 9  # Open Entity's
RATE, DECAY, CLIP = 1e-5, 0.01, 1.0
Step = Callable[[], float]  # RETURNS: the loss


def run(changes: dict[str, int], dropout: float, rounds: int) -> dict[str, Any]:
    """Measure both ways.

    changes (dict[str, int]): What differs from the base configuration.
    dropout (float): Rate of all dropout layers in the steps that are timed.
    rounds (int): How often to take a step in each way.
    RETURNS (dict[str, Any]): For each way milliseconds a step, megabytes held at most, how many times less these are
        than those of transformers, and the losses of the first steps without dropout.
    """
    sizes = {**BASE, **changes}
    command = ["-m", "benchmarks.training", "--size", *(f"{name}={value}" for name, value in changes.items())]
    alone = {way: run_elsewhere([*command, "--learn", way]) for way in WAYS}
    times = dict(measure({way: make_step(way, sizes, dropout) for way in WAYS}, rounds))
    return {
        "sizes": sizes,
        "dropout": dropout,
        "rounds": rounds,
        "ways": [
            {
                "name": way,
                "milliseconds": 1000 * median(times[way]),
                "ratio": median(b / a for a, b in zip(times[way], times[THEIRS], strict=True)),
                "megabytes_ratio": alone[THEIRS]["megabytes"] / alone[way]["megabytes"],
                **alone[way],
            }
            for way in WAYS
        ],
        "machine": describe_machine(),
    }


def learn(way: str, sizes: dict[str, int], n_steps: int = 3) -> dict[str, Any]:
    """Learn a little without dropout in this process.

    way (str): One of `WAYS`.
    sizes (dict[str, int]): The configuration.
    n_steps (int): How many steps to take.
    RETURNS (dict[str, Any]): Their losses, and the megabytes that the process holds for it at most.
    """
    before = resident()
    step = make_step(way, sizes, dropout=0.0)
    forget_peak()
    losses = [step() for _ in range(n_steps)]
    return {"losses": losses, "megabytes": peak() - before}


def make_step(way: str, sizes: dict[str, int], dropout: float) -> Step:
    """Make a model and what a training step calls.

    way (str): One of `WAYS`; the weights, the inputs and the gold are the same.
    sizes (dict[str, int]): The configuration.
    dropout (float): Rate of all dropout layers.
    RETURNS (Callable): Takes a step and tells the loss.
    """
    from transformers import LukeConfig as TheirConfig  # type: ignore[import-not-found]
    from transformers import LukeForEntityClassification as TheirHead

    torch.manual_seed(0)
    rates = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    options = {**sizes, **rates, "num_labels": N_LABELS}
    theirs = TheirHead(TheirConfig(**options))  # type: ignore[no-untyped-call]
    _, inputs = make_works(sizes["vocab_size"], sizes["entity_vocab_size"])[0]
    gold = torch.randint(2, (len(inputs["input_ids"]), N_LABELS)).float()
    if way == THEIRS:
        return _their_step(theirs, inputs, gold)
    state = theirs.state_dict()
    ours = LukeForEntityClassification.from_state(LukeConfig.from_dict(options), state)
    return _our_step(ours, inputs, gold, dropout)


def _their_step(head: nn.Module, inputs: Inputs, gold: Tensor) -> Step:
    decaying = [weight for weight in head.parameters() if weight.dim() > 1]
    others = [weight for weight in head.parameters() if weight.dim() == 1]
    groups = [{"params": decaying, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, fused=True)
    head.train()

    def step() -> float:
        loss: Tensor = head(**inputs, labels=gold).loss
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(head.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


def _our_step(head: LukeForEntityClassification, inputs: Inputs, gold: Tensor, dropout: float) -> Step:
    model = build_marked_entity(head_learn_rate_scale=1.0)
    shim: LukeShim = model.shims[0]
    shim.set_module(head, shared=False)
    model.attrs["dropout_rate"] = dropout
    optimizer = Adam(RATE, L2=DECAY, L2_is_weight_decay=True, grad_clip=CLIP)
    batch = LukeInputs(**{name: values.numpy() for name, values in inputs.items()})

    def step() -> float:
        logits, backprop = model.begin_update(batch)
        loss = label_loss(logits, gold.numpy(), multi_label=True)
        loss.backward()  # type: ignore[no-untyped-call]
        backprop(logits)
        model.finish_update(optimizer)
        return loss.item()

    return step


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    changes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    if options.learn is not None:
        print(json.dumps(learn(options.learn, {**BASE, **changes})))
        return
    result = run(changes, options.dropout, options.rounds)
    rows = [
        (
            way["name"],
            f"{way['milliseconds']:.0f}",
            f"{way['ratio']:.2f}x",
            f"{way['megabytes']:.0f}",
            f"{way['megabytes_ratio']:.2f}x",
            " ".join(f"{loss:.6f}" for loss in way["losses"]),
        )
        for way in result["ways"]
    ]
    header = ("way", "ms", "faster", "MB", "less", "losses")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.training", description=__doc__)
    parser.add_argument("--dropout", type=float, default=0.1, help="rate in the steps that are timed")
    parser.add_argument("--rounds", type=int, default=5, help="how often to take a step in each way")
    parser.add_argument("--size", nargs="*", default=[], help="changes, such as num_hidden_layers=4")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--learn", choices=WAYS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
