"""Drawings of what is stored on a Doc: HTML that asks no network for anything."""

from .corpus import write_page as write_page
from .corpus import writing_page as writing_page
from .figures import render as render
from .figures import serve as serve
