"""The most memory that is held from loading a checkpoint in bfloat16 to the first output, beside transformers.

`python -m benchmarks.memory path/to/roberta --out metrics/memory.json`

The checkpoint is made for it: base size, 500,000 entities with made-up titles, random weights. Each way has a process
of its own, which imports everything first; what it holds more than then is told, mapped files included (Linux).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import spacy
import srsly
import torch
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads import LukeForEntityClassification

from .elsewhere import forget_peak, peak, resident, run_elsewhere
from .encoder import BASE, Inputs, make_inputs
from .tokenizer_load import make_checkpoint

TEXT = "Ada Lovelace was born in London and worked with Charles Babbage."
END = len("Ada Lovelace")  # characters; the first entity
THEIRS, OURS = "transformers", "spacy_luke"
TYPES = ("float32", "bfloat16")
MODEL, PIPE = "the model", "text to labels, with the tokenizer"
Answer = Callable[[], object]


def run(words: Path, changes: dict[str, int], rounds: int) -> dict[str, Any]:
    """Measure all ways.

    words (Path): A folder with vocab.json and merges.txt.
    changes (dict[str, int]): What differs from the base configuration.
    rounds (int): How often to measure each; the median is told.
    RETURNS (dict[str, Any]): For each work, type and library megabytes, and how many times less that is than
        transformers' for the same.
    """
    sizes = {**BASE, **changes}
    works = [(work, dtype) for work in (MODEL, PIPE) for dtype in TYPES]
    with tempfile.TemporaryDirectory() as name:
        folder = make_folder(Path(name), words, sizes)
        cache = {"SPACY_LUKE_CACHE": str(Path(name) / "cache")}
        command = ["-m", "benchmarks.memory", str(folder), "--answer"]
        run_elsewhere([*command, PIPE, "float32", OURS], env=cache)  # makes the index of the titles
        ways = []
        for work, dtype in works:
            found = {
                library: median(
                    run_elsewhere([*command, work, dtype, library], env=cache)["megabytes"]
                    for _ in range(rounds)
                )
                for library in (THEIRS, OURS)
            }
            ways += [
                {
                    "work": work,
                    "dtype": dtype,
                    "library": library,
                    "megabytes": megabytes,
                    "ratio": found[THEIRS] / max(megabytes, 0.1),  # what is too little to be told
                }
                for library, megabytes in found.items()
            ]
        size = (folder / "model.safetensors").stat().st_size / 1e6
    return {"sizes": sizes, "file": size, "rounds": rounds, "ways": ways, "machine": describe_machine()}


def make_folder(folder: Path, words: Path, sizes: dict[str, int]) -> Path:
    """Make a checkpoint of `LukeForEntityClassification` in bfloat16.

    folder (Path): Where to.
    words (Path): A folder with vocab.json and merges.txt.
    sizes (dict[str, int]): The configuration.
    RETURNS (Path): The folder.
    """
    make_checkpoint(folder, words, sizes["entity_vocab_size"])
    torch.manual_seed(0)
    LukeForEntityClassification(LukeConfig.from_dict(sizes)).bfloat16().save_pretrained(folder)
    return folder


def answer(folder: Path, work: str, dtype: str, library: str) -> dict[str, float]:
    """Load the checkpoint and answer once, in this process.

    folder (Path): The checkpoint.
    work (str): `MODEL` or `PIPE`.
    dtype (str): One of `TYPES`.
    library (str): `THEIRS` or `OURS`.
    RETURNS (dict[str, float]): The most megabytes that the process held more than before.
    """
    make = {
        (MODEL, THEIRS): _their_model,
        (MODEL, OURS): _our_model,
        (PIPE, THEIRS): _their_pipe,
        (PIPE, OURS): _our_pipe,
    }[work, library]
    load = make(folder, getattr(torch, dtype))
    before = resident()
    forget_peak()
    with torch.inference_mode():
        load()
    return {"megabytes": peak() - before}


def _their_model(folder: Path, dtype: torch.dtype) -> Answer:
    from transformers import LukeModel  # type: ignore[import-not-found]

    inputs = _sentence(folder)
    return lambda: LukeModel.from_pretrained(folder, torch_dtype=dtype)(**inputs)


def _our_model(folder: Path, dtype: torch.dtype) -> Answer:
    from spacy_luke.nn.model import LukeModel

    inputs = _sentence(folder)
    return lambda: LukeModel.from_pretrained(folder, dtype=dtype)(**inputs)


def _sentence(folder: Path) -> Inputs:
    config = LukeConfig.from_pretrained(folder)
    return make_inputs([(30, [(3, 5), (9, 12)])], config.vocab_size, config.entity_vocab_size)


def _their_pipe(folder: Path, dtype: torch.dtype) -> Answer:
    from transformers import LukeForEntityClassification as Head
    from transformers import LukeTokenizer

    def read() -> object:
        tokenizer = LukeTokenizer.from_pretrained(folder, task="entity_classification")
        inputs = tokenizer(TEXT, entity_spans=[(0, END)], return_tensors="pt")
        return Head.from_pretrained(folder, torch_dtype=dtype)(**inputs)

    return read


def _our_pipe(folder: Path, dtype: torch.dtype) -> Answer:
    from spacy_luke.layers import entity_head  # noqa: F401  # before the measurement, as all imports

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp(TEXT)
    doc.ents = [doc.char_span(0, END, "PERSON")]
    model = {
        "@architectures": "spacy-luke.MarkedEntity.v1",
        "checkpoint": str(folder),
        "dtype": str(dtype).removeprefix("torch."),
    }
    pipe = nlp.add_pipe("luke_typing", config={"model": model})
    return lambda: pipe(doc)


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    if options.answer is not None:
        print(json.dumps(answer(options.words, *options.answer)))
        return
    changes = {name: int(value) for name, value in (size.split("=") for size in options.size)}
    result = run(options.words, changes, options.rounds)
    rows = [
        (way["work"], way["dtype"], way["library"], f"{way['megabytes']:.0f}", f"{way['ratio']:.2f}x")
        for way in result["ways"]
    ]
    header = ("work", "weights", "library", "MB", "less")
    print(table(rows, header=header, divider=True, aligns=("l", "l", "l", "r", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.memory", description=__doc__)
    parser.add_argument("words", type=Path, help="folder with RoBERTa's vocab.json and merges.txt")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure each")
    parser.add_argument("--size", nargs="*", default=[], help="changes, such as num_hidden_layers=4")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--answer", nargs=3, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
