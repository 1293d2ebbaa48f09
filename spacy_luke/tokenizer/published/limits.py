"""How long inputs may get: the arguments `padding`, `truncation` and `max_length` together, and cutting to that."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any, TypeVar

from ...errors import Errors, Warnings

logger = logging.getLogger(__name__)

T = TypeVar("T")

PADDING = ("longest", "max_length", "do_not_pad")
TRUNCATION = ("longest_first", "only_first", "only_second", "do_not_truncate")

# A model_max_length beyond it means that there is no limit.
_HUGE = int(1e20)


@dataclass(frozen=True)
class Limits:
    """What `padding`, `truncation` and `max_length` come down to.

    padding (str): One of `PADDING`.
    truncation (str): One of `TRUNCATION`.
    max_length (int | None): The length they act on.
    """

    padding: str
    truncation: str
    max_length: int | None

    @property
    def pads(self) -> bool:
        """RETURNS (bool): Whether anything is padded."""
        return self.padding != "do_not_pad"

    @property
    def truncates(self) -> bool:
        """RETURNS (bool): Whether anything is truncated."""
        return self.truncation != "do_not_truncate"


def resolve_limits(
    padding: Any,
    truncation: Any,
    max_length: int | None,
    pad_to_multiple_of: int | None,
    model_max_length: int | None,
    verbose: bool = True,
) -> Limits:
    """Bring the forms of the arguments into one.

    padding (bool | str): Whether and how to pad.
    truncation (bool | str | None): Whether and how to truncate. None: only if `max_length` is the only one
        given.
    max_length (int | None): The length to pad or truncate to; None for `model_max_length`.
    pad_to_multiple_of (int | None): What lengths are padded to a multiple of.
    model_max_length (int | None): The most word pieces that the model takes.
    verbose (bool): Whether to tell about arguments that have no effect.
    RETURNS (Limits): The limits.
    """
    if max_length is not None and padding is False and truncation is None:
        truncation = True
    if (
        verbose
        and padding is True
        and max_length is not None
        and truncation in (None, False, "do_not_truncate")
    ):
        warnings.warn(Warnings.W101, stacklevel=3)
    pad = _choose("padding", padding, {True: "longest", False: "do_not_pad", None: "do_not_pad"}, PADDING)
    cut = _choose(
        "truncation",
        truncation,
        {True: "longest_first", False: "do_not_truncate", None: "do_not_truncate"},
        TRUNCATION,
    )
    if max_length is None and (pad == "max_length" or cut != "do_not_truncate"):
        if model_max_length is None or model_max_length > _HUGE:
            if verbose:
                logger.warning(Warnings.W102.format(padding=padding, truncation=truncation))
            pad = "do_not_pad" if pad == "max_length" else pad
            cut = "do_not_truncate"
        else:
            max_length = model_max_length
    limits = Limits(pad, cut, max_length)
    both = limits.truncates and limits.pads
    if both and pad_to_multiple_of is not None and max_length is not None and max_length % pad_to_multiple_of:
        raise ValueError(Errors.L117.format(max_length=max_length, multiple=pad_to_multiple_of))
    return limits


def _choose(name: str, value: Any, short: dict[Any, str], allowed: tuple[str, ...]) -> str:
    value = getattr(value, "value", value)
    if value is None or isinstance(value, bool):
        return short[value]
    if value not in allowed:
        names = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(Errors.L102.format(name=name, value=value, allowed=f"True, False or one of {names}"))
    return str(value)


def truncate(
    first: list[T], second: list[T] | None, n_remove: int, strategy: str, stride: int = 0, side: str = "right"
) -> tuple[list[T], list[T] | None, list[T]]:
    """Remove items from one of two sequences or from both.

    A sequence that is too short to give up that many items stays whole, with a message in the log.

    first (list): The first sequence.
    second (list | None): The second one, if there is one.
    n_remove (int): How many items have to go.
    strategy (str): "only_first", "only_second", or "longest_first": from the longer one until both are of one
        length, then from both in turn.
    stride (int): How many items that stay are returned together with those that go.
    side (str): The end that items go from, "right" or "left".
    RETURNS (tuple[list, list | None, list]): What is left of each, and what went (not for both in turn).
    """
    if n_remove <= 0 or (strategy == "only_second" and second is None):
        return first, second, []
    if strategy == "longest_first" and second is not None:
        from_first, from_second = _share(len(first), len(second), n_remove)
        return _drop(first, from_first, side), _drop(second, from_second, side), []
    target = second if strategy == "only_second" and second is not None else first
    if len(target) <= n_remove:
        which = "first" if target is first else "second"
        logger.error(Warnings.W103.format(n=n_remove, which=which, length=len(target), strategy=strategy))
        return first, second, []
    window = min(len(target), stride + n_remove)
    gone = target[:window] if side == "left" else target[-window:]
    kept = _drop(target, n_remove, side)
    return (kept, second, gone) if target is first else (first, kept, gone)


def _share(n_first: int, n_second: int, n_remove: int) -> tuple[int, int]:
    """How many items each of two sequences gives up: the difference in length first, then half each."""
    difference = min(abs(n_first - n_second), n_remove)
    half = (n_remove - difference) // 2
    rest = n_remove - difference - half
    return (difference + half, rest) if n_first > n_second else (half, difference + rest)


def _drop(items: list[T], n: int, side: str) -> list[T]:
    if n <= 0:
        return items
    return items[n:] if side == "left" else items[:-n]
