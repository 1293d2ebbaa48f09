"""Where special tokens stand around one text or two."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Errors

# How many separators stand between two texts.
PATTERNS = {"cls_sep": 1, "cls_double_sep": 2}


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

    @classmethod
    def from_pattern(cls, pattern: str, cls_id: int, sep_id: int) -> Template:
        """The two usual templates, by the names that transformers 5 gives them.

        pattern (str): "cls_sep", BERT's, or "cls_double_sep", RoBERTa's.
        cls_id (int): The id of the token that starts each input.
        sep_id (int): The id of the token that ends each text.
        RETURNS (Template): The template.
        """
        if pattern not in PATTERNS:
            allowed = " or ".join(map(repr, PATTERNS))
            raise ValueError(
                Errors.L102.format(name="special_tokens_pattern", value=pattern, allowed=allowed)
            )
        return cls((cls_id,), (sep_id,) * PATTERNS[pattern], (sep_id,))

    def pattern(self) -> str | None:
        """RETURNS (str | None): The name of the template, if it is a usual one."""
        for name in PATTERNS if self.prefix and self.suffix else ():
            if self == Template.from_pattern(name, self.prefix[0], self.suffix[-1]):
                return name
        return None

    def size(self, pair: bool = False) -> int:
        """RETURNS (int): How many special tokens surround one text, or two."""
        return len(self.prefix) + (len(self.middle) if pair else 0) + len(self.suffix)
