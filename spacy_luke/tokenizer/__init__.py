"""Text and character spans to ids. Runs on `tokenizers` and numpy alone."""

from . import forking  # noqa: F401  forked processes say less
from .base import BaseTokenizer
from .entities import EntityVocab
from .published.encoding import LukeEncoding
from .published.luke import LukeTokenizer, MLukeTokenizer

__all__ = ["BaseTokenizer", "EntityVocab", "LukeEncoding", "LukeTokenizer", "MLukeTokenizer"]
