"""Text and character spans to ids. Runs on `tokenizers` and numpy alone."""

from .encoding import LukeEncoding
from .entities import EntityVocab
from .luke import LukeTokenizer

__all__ = ["EntityVocab", "LukeEncoding", "LukeTokenizer"]
