"""Damaged rows of every format lead to errors that name the file, and to nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tool_files import examples, read

FORMATS_OF_JSON = {name: json.loads(files[".json"]) for name, files in examples().items() if ".json" in files}
VALUES = st.sampled_from(
    [None, 0, -1, 10**9, "", [], {}, "x", [[]], [{}], True, 1.5, "\ud83d", {"start": 0}, [0, 1], "😀"]
)


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every value within a value."""
    yield before
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from places(member, (*before, key))


@given(data=st.data(), name=st.sampled_from(list(FORMATS_OF_JSON)), value=VALUES, gone=st.booleans())
def test_damaged_rows(
    data: st.DataObject, name: str, value: Any, gone: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    row = copy.deepcopy(FORMATS_OF_JSON[name])
    *way, last = data.draw(st.sampled_from([place for place in places(row) if place]))
    inner = row
    for key in way:
        inner = inner[key]
    if gone:
        del inner[last]
    else:
        inner[last] = value
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_text(json.dumps(row))
    message = "damaged.json"
    try:
        read(name, path)
    except ValueError as error:
        message = str(error)
    assert "damaged.json" in message
