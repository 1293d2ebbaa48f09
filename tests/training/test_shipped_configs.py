"""What holds for each file in configs/: it is complete, and its pipeline can be trained from Python, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy.cli.init_config import fill_config
from spacy.util import load_config, load_model_from_config

from spacy_luke.training.schedules import warmup_linear

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_filling_changes_nothing(path: Path, tmp_path: Path):
    if path.stem == "luke_listener":
        pytest.importorskip("spacy_transformers")
    fill_config(tmp_path / "filled.cfg", path)
    filled, own = load_config(tmp_path / "filled.cfg"), load_config(path)
    assert filled["components"] == own["components"]
    assert filled["training"] == own["training"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_an_optimizer_comes_from_the_config_as_it_is_written(path: Path):
    """As `resume_training` makes it for a trained pipeline, whose config has references still."""
    optimizer = load_model_from_config(load_config(path)).create_optimizer()
    rate = load_config(path)["training"]["optimizer"]["learn_rate"]
    for _ in range(2000):
        optimizer.step_schedules()
    assert optimizer.learn_rate == pytest.approx(rate["initial_rate"], rel=1e-6)


def test_the_rate_falls_where_the_end_is_known():
    rates = [rate for rate, _ in zip(warmup_linear(0.1, 2, 10), range(12), strict=False)]
    assert rates[:3] == pytest.approx([0, 0.05, 0.1])
    assert rates[6] == pytest.approx(0.05)
    assert rates[10:] == [0, 0]


def test_an_end_that_is_no_number():
    with pytest.raises(ValueError, match="total_steps has to be a number"):
        warmup_linear(0.1, 2, "many")
