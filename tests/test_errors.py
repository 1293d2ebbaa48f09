"""The catalogue of messages: each code once, each used, each with what it needs."""

import re
from collections import Counter
from pathlib import Path

import spacy_luke

PACKAGE = Path(spacy_luke.__file__).parent


def test_no_code_is_defined_twice():
    codes = re.findall(
        r"^    ([LW]\d{3}) = ", (PACKAGE / "errors.py").read_text(encoding="utf8"), re.MULTILINE
    )
    assert codes
    assert [code for code, n in Counter(codes).items() if n > 1] == []


def test_every_code_is_used():
    source = "\n".join(
        path.read_text(encoding="utf8") for path in PACKAGE.rglob("*.py") if path.name != "errors.py"
    )
    codes = re.findall(
        r"^    ([LW]\d{3}) = ", (PACKAGE / "errors.py").read_text(encoding="utf8"), re.MULTILINE
    )
    assert [code for code in codes if not re.search(rf"\.{code}\b", source)] == []
