"""The catalogue of messages: each code once, in the room of its hundred, each used."""

import re
from collections import Counter
from pathlib import Path

import pytest

import spacy_luke
from spacy_luke.errors import Errors, Warnings

PACKAGE = Path(spacy_luke.__file__).parent
ROOMS = {
    "tokenizer": "1",
    "nn": "2",
    "pipeline": "3",
    "training": "4",
    "cli": "5",
    **dict.fromkeys(("converters", "data", "rendering"), "6"),
}


def codes_in(room: str) -> list[str]:
    source = (PACKAGE / "errors" / f"{room}.py").read_text(encoding="utf8")
    return re.findall(r"^    ([LW]\d{3}) = ", source, re.MULTILINE)


CODES = [code for room in ROOMS for code in codes_in(room)]


def test_no_code_is_defined_twice() -> None:
    assert [code for code, n in Counter(CODES).items() if n > 1] == []


@pytest.mark.parametrize(("room", "hundred"), ROOMS.items())
def test_codes_are_in_the_room_of_their_hundred(room: str, hundred: str) -> None:
    assert codes_in(room)
    assert [code for code in codes_in(room) if code[1] != hundred] == []


def test_every_code_can_be_reached_from_one_place() -> None:
    assert [code for code in CODES if not hasattr(Errors if code[0] == "L" else Warnings, code)] == []


def test_every_code_is_used() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "errors"]
    source = "\n".join(path.read_text(encoding="utf8") for path in files)
    assert [code for code in CODES if not re.search(rf"\.{code}\b", source)] == []
