"""`python -m benchmarks.heads banking77 --data path/to/data --out metrics/heads`"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly
from wasabi import table

from . import banking77, codah, crossner, qamr, redocred, semeval, ud_ewt, wnut17
from .run import run
from .task import Task

MODULES = (banking77, codah, crossner, qamr, redocred, semeval, ud_ewt, wnut17)
TASKS: dict[str, Task] = {module.TASK.name: module.TASK for module in MODULES}


def main(args: Sequence[str] | None = None) -> None:
    """Train and score one task, print its figures and write them as JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        result = run(TASKS[options.task], options.data, folder, dict(options.set), options.tune)
    print(_table(result))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out / f"{options.task}.json", result)


def _table(result: dict[str, Any]) -> str:
    names = list(result["systems"][0]["held_out"])
    parts = [part for part in ("held_out", "test") if part in result["systems"][0]]
    rows = [
        (system["name"], *(f"{system[part][name]:.3f}" for part in parts for name in names))
        for system in result["systems"]
    ]
    header = (result["task"], *(f"{name}, {part}" for part in parts for name in names))
    aligns = ("l", *("r" * len(parts) * len(names)))
    return str(table(rows, header=header, divider=True, aligns=aligns, max_col=48))


def _setting(text: str) -> tuple[str, Any]:
    """ "training.max_steps=100" as name and value; the value as JSON where it is JSON."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.heads", description=__doc__)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the data sets")
    parser.add_argument("--out", type=Path, help="folder for the figures, as TASK.json")
    parser.add_argument("--keep", type=Path, help="folder for corpora, logs and trained pipelines")
    parser.add_argument(
        "--tune", action="store_true", help="train only our pipeline, and leave the test documents alone"
    )
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="setting of our pipeline's config, such as training.max_steps=100",
    )
    return parser


if __name__ == "__main__":
    main()
