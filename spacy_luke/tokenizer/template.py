"""Where special tokens stand around one text or two."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """The ids around one text, `prefix A suffix`, and around two, `prefix A middle B suffix`.

    prefix (tuple[int, ...]): Ids before the first text.
    middle (tuple[int, ...]): Ids between two texts.
    suffix (tuple[int, ...]): Ids after the last text.
    """

    prefix: tuple[int, ...]
    middle: tuple[int, ...]
    suffix: tuple[int, ...]

    def size(self, pair: bool = False) -> int:
        """RETURNS (int): How many special tokens surround one text, or two."""
        return len(self.prefix) + (len(self.middle) if pair else 0) + len(self.suffix)
