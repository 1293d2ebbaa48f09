"""Whole corpora, as streams: what they are read from, the parts that they are written in, and their annotation."""

from .annotate import Settings as Settings
from .annotate import annotate as annotate
from .sources import Fields as Fields
from .sources import find_sources as find_sources
