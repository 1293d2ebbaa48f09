"""TACRED (also TACREV and Re-TACRED): a sentence with a subject, an object and their relation.

https://nlp.stanford.edu/projects/tacred/ and https://github.com/yuhaozhang/tacred-relation (`dataset/tacred`)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .fields import may, need
from .files import located, read_records
from .records import TOKENS, Conversion, Link, Record, Region
from .words import WordText

_NONE = "no_relation"


def read_tacred(path: Path, conversion: Conversion) -> Iterator[Record]:
    """Read `{"docid", "token", "subj_start", "subj_end", "obj_start", "obj_end", "subj_type", "obj_type", "relation"}`.
    Ends are the last tokens.

    path (Path): A JSON file with a list, or with an object a line.
    conversion (Conversion): Not used.
    YIELDS (Record): One a row, with two entities; other tokens stay unknown. "no_relation" is no relation. Rows of
        one `docid` belong together.
    """
    for place, row in read_records(path):
        with located(path, place):
            text = WordText([need(row, "token", list)])
            regions = []
            for role in ("subj", "obj"):
                start, end = need(row, f"{role}_start", int), need(row, f"{role}_end", int)
                at = f"{role}_start, {role}_end"
                regions.append(
                    Region((text.range(start, end + 1, at),), need(row, f"{role}_type", str), role, at)
                )
            label = need(row, "relation", str)
            links = [] if label == _NONE else [Link("subj", "obj", label, "relation")]
        yield Record(
            place,
            text.text,
            regions,
            links,
            complete=False,
            tokens=text.tokens,
            sentences=text.sentences,
            unit=TOKENS,
            group=may(row, "docid", str, ""),
        )
