"""A training that is killed goes on to the weights that it would have had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.tokens import DocBin
from spacy.training.loop import train_while_improving
from tiny import make_corpus

from scripts.train import STATE, train
from spacy_luke.layers.weights import get_module

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "luke.cfg"
MAX_STEPS = 24


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums of several threads are not equal to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def settings(checkpoint: str, tmp_path: Path) -> dict[str, Any]:
    docs = [example.reference for example in make_corpus(spacy.blank("en"))]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    return {
        "paths.train": str(tmp_path / "corpus.spacy"),
        "paths.dev": str(tmp_path / "corpus.spacy"),
        "corpora.train.shuffle": True,
        "components.luke.model.checkpoint": checkpoint,
        "components.luke.model.overlap": 16,
        "training.optimizer.use_averages": True,
        "training.logger.progress_bar": False,
        "training.max_steps": MAX_STEPS,
        "training.eval_frequency": 8,
        "training.batcher.size": 100,
        "training.dropout": 0.2,
    }


def weights(folder: Path) -> torch.Tensor:
    parameters = get_module(spacy.load(folder).get_pipe("luke").model).parameters()
    return torch.cat([p.detach().flatten() for p in parameters])


def equal_to_uninterrupted(folder: Path, settings: dict[str, Any], tmp_path: Path) -> bool:
    train(CONFIG, tmp_path / "whole", settings)
    return all(
        torch.equal(weights(folder / name), weights(tmp_path / "whole" / name))
        for name in ("model-last", "model-best")
    )


def test_an_interrupted_training_goes_on(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Exception):
        pass

    def interrupted(*args: Any, **options: Any) -> Iterator[Any]:
        for step in train_while_improving(*args, **options):
            if step[1]["step"] == 13:
                raise Interrupted
            yield step

    monkeypatch.setattr("scripts.train.train_while_improving", interrupted)
    with pytest.raises(Interrupted):
        train(CONFIG, tmp_path / "parts", settings, tmp_path / "state")
    monkeypatch.undo()
    state = torch.load(tmp_path / "state" / STATE, weights_only=False)
    assert state["step"] == 8
    assert len(state["evaluations"]) == 2
    with pytest.raises(ValueError, match=r"other settings or documents.*--state"):
        train(CONFIG, tmp_path / "parts", {**settings, "training.dropout": 0.3}, tmp_path / "state")
    train(CONFIG, tmp_path / "parts", settings, tmp_path / "state")
    assert not (tmp_path / "state" / STATE).exists()
    assert equal_to_uninterrupted(tmp_path / "parts", settings, tmp_path)


@pytest.mark.slow
def test_a_killed_training_goes_on(settings: dict[str, Any], tmp_path: Path) -> None:
    options = [part for name, value in settings.items() for part in (f"--{name}", json.dumps(value))]
    folder = tmp_path / "parts"
    command = [sys.executable, "-m", "scripts", "train", str(CONFIG), "--output", str(folder), *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, **quiet)
    for _ in range(1200):
        if (folder / STATE).is_file() or process.poll() is not None:
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (folder / STATE).is_file()
    train(CONFIG, folder, settings)
    assert equal_to_uninterrupted(folder, settings, tmp_path)
