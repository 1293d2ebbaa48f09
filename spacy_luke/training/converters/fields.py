"""Fields of JSON records, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ...errors import Errors

T = TypeVar("T")
_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "an object", bool: "true or false"}
_MISSING = object()


def need(row: Any, name: str, kind: type[T], at: str = "") -> T:
    """A field that has to be there.

    row (Any): A JSON object.
    name (str): The field.
    kind (type): str, int, list, dict or bool.
    at (str): Where the object is in its record, such as "spans[2]".
    RETURNS (Any): Its value.
    RAISES (ValueError, KeyError): If it isn't there, or is of another kind; see `located`.
    """
    check(row, dict, at)
    full = f"{at}.{name}" if at else name
    if name not in row:
        raise KeyError(full)
    return check(row[name], kind, full)


def may(row: Any, name: str, kind: type[T], default: T, at: str = "") -> T:
    """A field that may be missing or null, with its default; see `need`."""
    check(row, dict, at)
    if row.get(name) is None:
        return default
    return need(row, name, kind, at)


def check(value: Any, kind: type[T], field: str) -> T:
    """value (Any): A JSON value. kind (type): What it has to be. field (str): Its name, for messages.
    RETURNS (Any): The value. RAISES (ValueError): If it is of another kind."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        shown = repr(value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        field = f"the field {field!r}" if field else "the record"
        what = {"field": field, "allowed": _KINDS[kind], "type": type(value).__name__, "value": shown}
        raise ValueError(Errors.L651.format(**what))
    return value


def rows_of(row: Mapping[str, Any], name: str, kind: type[T], at: str = "") -> list[tuple[str, T]]:
    """A list of a record that may be missing.

    row (Mapping): A JSON object. name (str): The field. kind (type): What its members have to be. at (str): See `need`.
    RETURNS (list[tuple[str, Any]]): Each member with its place, such as "spans[2]".
    """
    full = f"{at}.{name}" if at else name
    members: list[Any] = may(row, name, list, [], at)
    return [(f"{full}[{i}]", check(member, kind, f"{full}[{i}]")) for i, member in enumerate(members)]


def dig(row: Any, path: str, default: Any = _MISSING) -> Any:
    """row (Any): A JSON value. path (str): Names of fields, with dots between them. default (Any): If it is missing.
    RETURNS (Any): What is there. RAISES (KeyError): If nothing is and there is no default."""
    for name in path.split("."):
        if isinstance(row, Mapping) and name in row:
            row = row[name]
        elif default is _MISSING:
            raise KeyError(path)
        else:
            return default
    return row


def member(rows: Mapping[Any, T], name: Any, what: str) -> T:
    """rows (Mapping): Things by name. name (Any): One of the names. what (str): What names it, for messages.
    RETURNS (Any): The thing. RAISES (ValueError): If there is none of that name."""
    if not isinstance(name, (str, int)) or name not in rows:
        raise ValueError(Errors.L654.format(what=what, name=name))
    return rows[name]
