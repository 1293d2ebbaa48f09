"""The settings of a tokenizer that aren't vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import Errors

TASKS = ("entity_classification", "entity_pair_classification", "entity_span_classification")
# How many entities a task has that puts markers around them.
MARKERS = {"entity_classification": 1, "entity_pair_classification": 2}

# Of entities and of their mentions: no model has more places, and arrays are as wide as these settings say.
LONGEST = 2**16

# transformers' way of writing "no limit"
NO_LIMIT = int(1e30)


@dataclass
class Options:
    """Settings, checked.

    task (str | None): What inputs are prepared for; one of `TASKS`, or None.
    max_entity_length (int): The most entities of an input. Tasks with one or two entities set it themselves.
    max_mention_length (int): The most word pieces of a mention that an entity sees.
    errors (str): What to do with bytes that aren't UTF-8 when decoding, as in `bytes.decode`.
    add_prefix_space (bool): Whether each piece of text starts with a space.
    padding_side (str): "right" or "left".
    truncation_side (str): "right" or "left".
    model_max_length (int | None): The most word pieces that the model takes; None for no limit.
    clean_up_tokenization_spaces (bool): Whether `decode` takes away spaces before English punctuation.
    split_special_tokens (bool): Whether special tokens in a text are plain text.
    """

    task: str | None = None
    max_entity_length: int = 32
    max_mention_length: int = 30
    errors: str = "replace"
    add_prefix_space: bool = False
    padding_side: str = "right"
    truncation_side: str = "right"
    model_max_length: int | None = NO_LIMIT
    clean_up_tokenization_spaces: bool = False
    split_special_tokens: bool = False

    def __post_init__(self) -> None:
        if self.task is not None and self.task not in TASKS:
            raise ValueError(Errors.L101.format(task=self.task, allowed=", ".join(TASKS)))
        for name in ("padding_side", "truncation_side"):
            check_side(name, getattr(self, name))
        for name in ("max_entity_length", "max_mention_length"):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= LONGEST:
                allowed = f"an integer from 1 to {LONGEST}"
                raise ValueError(Errors.L102.format(name=name, value=value, allowed=allowed))
        if self.model_max_length is None:
            self.model_max_length = NO_LIMIT
        if not isinstance(self.model_max_length, (int, float)) or self.model_max_length < 0:
            allowed = "a number from 0 on"
            value = self.model_max_length
            raise ValueError(Errors.L102.format(name="model_max_length", value=value, allowed=allowed))
        self.max_entity_length = MARKERS.get(self.task or "", self.max_entity_length)


def check_side(name: str, value: Any) -> None:
    """Raise if a side is neither left nor right.

    name (str): The argument's name, for the message.
    value (Any): Its value.
    """
    if value not in ("left", "right"):
        raise ValueError(Errors.L102.format(name=name, value=value, allowed='"left" or "right"'))
