"""Libraries that only some exports need. They are an extra, imported where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import Errors


def need(package: str, what: str) -> Any:
    """package (str): A package of the extra `data`. what (str): Who needs it, for the message.
    RETURNS (module): The package. RAISES (ImportError): If it isn't installed."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(Errors.L609.format(what=what, package=package)) from error
