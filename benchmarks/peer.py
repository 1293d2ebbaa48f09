"""transformers' encoder in another environment, which takes its turns in a process that stays."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

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


class Peer:
    """A process that runs transformers' model, of the same weights, on numbered inputs. Use it in a `with` statement.

    python (str): The interpreter of the environment.
    folder (Path): Where the weights are written to, for the process to read.
    sizes (Mapping[str, int]): Arguments of transformers' `LukeConfig`.
    weights (Mapping[str, Tensor]): The state of its `LukeModel`.
    works (Sequence[Mapping[str, Tensor]]): The inputs.
    RAISES (RuntimeError): If the process ends by itself.
    """

    def __init__(
        self,
        python: str,
        folder: Path,
        sizes: Mapping[str, int],
        weights: Mapping[str, Tensor],
        works: Sequence[Mapping[str, Tensor]],
    ) -> None:
        path = folder / "peer.pt"
        if not path.exists():  # another environment may have needed it before
            torch.save({"sizes": dict(sizes), "weights": dict(weights), "works": list(works)}, path)
        command = [python, "-c", CHILD, str(path)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._wait()

    def __call__(self, number: int) -> None:
        """number (int): Which of the works to run. It returns when that is done."""
        stdin: Any = self._process.stdin
        stdin.write(f"{number}\n")
        stdin.flush()
        self._wait()

    def _wait(self) -> None:
        stdout: Any = self._process.stdout
        if not stdout.readline():
            raise RuntimeError(self._process.communicate()[1])

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # closes its input, at which it ends
