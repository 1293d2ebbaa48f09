"""The learning rate of the shipped configs, and the optimizer of pipelines that come without a config."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from spacy.language import DEFAULT_CONFIG, Language
from spacy.pipeline import TrainablePipe
from thinc import schedules

from ..errors import Errors


def suit_optimizer(nlp: Language, optimizer: Mapping[str, Any]) -> None:
    """Put an optimizer that suits a transformer into the config of a pipeline that has spaCy's default, whose rate of
    0.001 ruins one in a step. The config of a pipeline with other components to train stays as it is.

    nlp (Language): The pipeline, before a component of ours is added.
    optimizer (Mapping[str, Any]): The optimizer's config.
    """
    default, training = DEFAULT_CONFIG["training"]["optimizer"], nlp.config.get("training", {})
    others = any(isinstance(component, TrainablePipe) for _, component in nlp.components)
    if training.get("optimizer") == default and not others:
        training["optimizer"] = dict(optimizer)


def warmup_linear(initial_rate: float, warmup_steps: int, total_steps: int | str) -> Iterable[float]:
    """Registered as `spacy-luke.warmup_linear.v1`: thinc's `warmup_linear.v1`, whose `total_steps` may be a reference
    to another setting.

    `spacy train` resolves references, but `nlp.initialize()`, `nlp.resume_training()` and `spacy debug data` make the
    optimizer of the config as it is written. There nobody knows how long training will take: the rate stays.

    initial_rate (float): The highest rate.
    warmup_steps (int): Steps in which the rate rises to it from 0.
    total_steps (int | str): Steps after which it is 0 again; a reference such as "${training.max_steps}" for no end.
    RETURNS (Iterable[float]): The rate of each step.
    RAISES (ValueError): If `total_steps` is another string.
    """
    if isinstance(total_steps, str) and total_steps.startswith("${"):
        total_steps = sys.maxsize
    if not isinstance(total_steps, int):
        allowed = "a number, or a reference to a setting that is one"
        raise ValueError(Errors.L436.format(name="total_steps", allowed=allowed, value=total_steps))
    return schedules.warmup_linear(initial_rate, warmup_steps, total_steps)
