"""Checkpoints of published heads on entities, written by transformers."""

from __future__ import annotations

import pytest
from heads import PIPES, SEEDS, write_checkpoint


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("published")
    return {
        name: write_checkpoint(folder / name, head, labels, seed=SEEDS[name], initializer_range=0.5)
        for name, (head, labels, _) in PIPES.items()
    }


@pytest.fixture(params=PIPES)
def factory(request: pytest.FixtureRequest) -> str:
    return str(request.param)
