"""Text and character spans to ids. Runs on `tokenizers` and numpy alone."""

from . import forking  # noqa: F401  forked processes say less
from .encoding import LukeEncoding
from .entities import EntityVocab
from .luke import LukeTokenizer
from .mluke import MLukeTokenizer

__all__ = ["EntityVocab", "LukeEncoding", "LukeTokenizer", "MLukeTokenizer"]
