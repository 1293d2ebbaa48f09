"""Text and character spans to ids. Runs on `tokenizers` and numpy alone."""

from .luke import LukeTokenizer

__all__ = ["LukeTokenizer"]
