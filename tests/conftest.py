"""Tiny checkpoints for the whole session."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from tiny import make_joint, make_tokenizer

# Scripts and benchmarks lie beside the package. At the path's end, so that an installed package comes first.
ROOT = str(Path(__file__).parents[1])
if ROOT not in sys.path:
    sys.path.append(ROOT)

# A slow machine is no fault of the code.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.register_profile("hour", deadline=None, max_examples=5000)  # see fuzzing.py
hypothesis.settings.load_profile("project")

MakeCheckpoint = Callable[..., str]


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> MakeCheckpoint:
    """Gives a function that writes a tiny joint model, with sizes changed by arguments; returns its folder."""

    def make(loud: bool = False, **options: Any) -> str:
        folder = tmp_path_factory.mktemp("checkpoint")
        tokenizer = make_tokenizer()
        model = make_joint(tokenizer, **options)
        if loud:
            with torch.no_grad():
                for head in (model.span_head, model.relation_head):
                    head.classifier.weight *= 8
                    head.classifier.bias[0] = -2.0
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)

    return make


@pytest.fixture(scope="session")
def checkpoint(make_checkpoint: MakeCheckpoint) -> str:
    """A tiny joint model with random weights that count as trained, which finds and relates a lot."""
    return make_checkpoint(loud=True)
