"""Which document it is, for whoever reads or writes many: its id, and what else its source says of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..errors import Errors
from .checks import check_label, check_text
from .store import get_kind, write_kind


def get_id(doc: Doc) -> str:
    """RETURNS (str): The document's id; "" if it has none."""
    return get_kind(doc, "id") or ""


def write_id(doc: Doc, value: str | None) -> None:
    """doc (Doc): The document. value (str | None): Its id, by which tables are joined; None removes it."""
    write_kind(doc, "id", None if value is None else check_label(value, "id of a document"))


def get_meta(doc: Doc) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): A copy of what the document's source says of it; empty if it says nothing."""
    meta: dict[str, Any] = json.loads(get_kind(doc, "meta") or "{}")
    return meta


def write_meta(doc: Doc, value: Mapping[str, Any] | None) -> None:
    """doc (Doc): The document. value (Mapping | None): What JSON can hold, by names; None removes it."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(Errors.L604.format(what="luke_meta", value=value, type=type(value).__name__))
    # As text: then no number is too long, and no list becomes a tuple on its way through a DocBin.
    write_kind(doc, "meta", None if value is None else json.dumps(plain_json(value, "luke_meta")))


def plain_json(value: Any, what: str) -> Any:
    """Make plain JSON of a value. Tuples and arrays become lists.

    value (Any): The value.
    what (str): What it is of, for the message.
    RETURNS (Any): A copy that strict JSON can hold and gives back as it is.
    RAISES (ValueError): If it has something that JSON doesn't have.
    """
    if value is None or isinstance(value, bool) or type(value) is int:
        return value
    if isinstance(value, str):
        return check_text(value, what)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {check_text(key, what): plain_json(item, what) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item, what) for item in value]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        return plain_json(value.tolist(), what)
    raise ValueError(Errors.L604.format(what=what, value=value, type=type(value).__name__))
