"""The learning rate of the shipped configs."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from thinc import schedules

from ..errors import Errors


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
