"""transformers' encoder in another environment, which takes its turns in a process that stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import Any, cast

import torch
from torch import Tensor

# What the other environment runs: it may have neither spaCy nor this package. It answers a number with that work.
CHILD = """
import sys
import torch
from transformers import LukeConfig, LukeModel
saved = torch.load(sys.argv[1], mmap=True)
model = LukeModel(LukeConfig(**saved["sizes"])).eval()
model.load_state_dict(saved["weights"])
print("ready", flush=True)
for number in sys.stdin:
    with torch.inference_mode():
        model(**saved["works"][int(number)])
    print("done", flush=True)
"""


@contextmanager
def start_peer(python: str, path: Path) -> Iterator[Callable[[int], None]]:
    """Start a process that runs transformers' model, of the same weights, on numbered inputs.

    python (str): The interpreter of the environment.
    path (Path): The file from `save_works`.
    YIELDS (Callable[[int], None]): Runs one of the works, and returns when that is done.
    RAISES (RuntimeError): If the process ends by itself.
    """
    # Errors go to a file: a pipe that nobody reads would fill up. Nothing is buffered that a dead process can't take.
    with (
        TemporaryFile("w+") as errors,
        Popen([python, "-c", CHILD, str(path)], bufsize=0, stdin=PIPE, stdout=PIPE, stderr=errors) as process,
    ):
        stdin, stdout = cast("tuple[Any, Any]", (process.stdin, process.stdout))

        def wait(answer: bytes) -> None:
            if any(line.strip() == answer for line in stdout):
                return
            process.wait()
            errors.seek(0)
            raise RuntimeError(errors.read())

        def run(number: int) -> None:
            with suppress(BrokenPipeError):  # then there is no answer either
                stdin.write(b"%d\n" % number)
            wait(b"done")

        wait(b"ready")
        yield run


def save_works(
    path: Path, sizes: Mapping[str, int], weights: Mapping[str, Tensor], works: Sequence[Mapping[str, Tensor]]
) -> Path:
    """Write what the processes read.

    path (Path): The file.
    sizes (Mapping[str, int]): Arguments of transformers' `LukeConfig`.
    weights (Mapping[str, Tensor]): The state of its `LukeModel`.
    works (Sequence[Mapping[str, Tensor]]): The inputs.
    RETURNS (Path): The file.
    """
    torch.save({"sizes": dict(sizes), "weights": dict(weights), "works": list(works)}, path)
    return path
