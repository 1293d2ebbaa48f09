"""Text and character spans to ids. Runs on `tokenizers` and numpy alone."""

from . import forking  # noqa: F401  forked processes say less
from .entities import EntityVocab
from .published.encoding import LukeEncoding
from .published.luke import LukeTokenizer
from .published.mluke import MLukeTokenizer

__all__ = ["EntityVocab", "LukeEncoding", "LukeTokenizer", "MLukeTokenizer"]
