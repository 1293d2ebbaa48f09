"""How long inputs may get: the arguments `padding`, `truncation` and `max_length` together."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

from ...errors import Errors, Warnings

logger = logging.getLogger(__name__)

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
