"""What a command line names is found, each file once, and read whatever its form."""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import date
from pathlib import Path

import pytest
import spacy
from spacy.vocab import Vocab

from spacy_luke.corpora import Fields, find_sources
from spacy_luke.corpora.readers import read_records
from spacy_luke.corpora.records import Record

ROWS = [{"id": "a", "text": "Ana", "n": 1}, {"text": "Bob"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def read(*paths: Path) -> list[Record]:
    return list(read_records(find_sources([str(path) for path in paths]), Fields(), Vocab()))


def test_folders_globs_and_files(tmp_path: Path) -> None:
    for name in ("b.txt", "deep/a.txt", "deep/c.jsonl", ".hidden/x.txt", "out.jsonl/part-0.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    def names(*inputs: str) -> list[str]:
        found = find_sources([str(tmp_path / given) for given in inputs], tmp_path / "out.jsonl")
        return [Path(source.path).relative_to(tmp_path).as_posix() for source in found]

    assert names("") == ["b.txt", "deep/a.txt", "deep/c.jsonl"]
    assert names("deep/*.txt", "b.txt", "deep") == ["deep/a.txt", "b.txt", "deep/c.jsonl"]
    assert names("**/*.txt") == ["b.txt", "deep/a.txt"]
    (tmp_path / "deep" / "d.pdf").write_text("")
    with pytest.warns(UserWarning, match=r"1 files of .*deep were left out, .* such as d.pdf"):
        assert names("deep") == ["deep/a.txt", "deep/c.jsonl"]
    with pytest.raises(ValueError, match="names no file"):
        names("nowhere*")
    with pytest.raises(ValueError, match=r"d.pdf can't be read: its name has to end in"):
        names("deep/d.pdf")


@pytest.mark.parametrize(("end", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_json_lines(tmp_path: Path, end: str, pack: type[bytes]) -> None:
    path = tmp_path / f"in.jsonl{end}"
    path.write_bytes(pack(b"\xef\xbb\xbf" + LINES.encode()))
    first, second = read(path)
    assert (first.id, first.text, first.meta) == ("a", "Ana", {"n": 1})
    assert (second.id, second.text, second.meta) == (f"{path}:2", "Bob", {})
    assert second.done == path.stat().st_size


def test_a_file_that_breaks_off_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(LINES.encode() * 5000)
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.txt").write_bytes(b"\xff\xfea")
    (tmp_path / "c.txt").write_text("Eve")
    records = read(tmp_path)
    errors = {record.id: record.error for record in records if record.error}
    assert set(errors) == {str(tmp_path / "a.jsonl.gz"), str(tmp_path / "b.txt")}
    assert records[-1].text == "Eve"
    assert records[-1].done == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "id": [1, None],
        "text": ["Ana", None],
        "when": [date(2020, 1, 2), None],
        "x": [float("nan"), 1.5],
        "tags": [["a"], []],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "in.parquet")
    first, second = read(tmp_path / "in.parquet")
    assert (first.id, first.text) == ("1", "Ana")
    assert first.meta == {"when": "2020-01-02", "x": None, "tags": ["a"]}
    assert second.id == f"{tmp_path}/in.parquet:2"
    assert "'text' is of type NoneType" in second.error
    (tmp_path / "in.parquet").write_bytes(b"PAR1 no")
    assert "Parquet" in read(tmp_path / "in.parquet")[0].error


def test_a_doc_bin_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "in.spacy").write_bytes(b"no")
    (record,) = read(tmp_path / "in.spacy")
    assert "can't be read" in record.error
    with pytest.raises(ValueError, match="can't be read"):
        record.make_doc(spacy.blank("en"))
