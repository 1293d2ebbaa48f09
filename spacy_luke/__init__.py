"""LUKE for spaCy."""

from .about import __version__ as __version__
