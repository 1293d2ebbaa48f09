"""What the documents of a part are written as, by the end of the output's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import srsly
from spacy.tokens import Doc, DocBin

from ..annotation import has_vectors, to_dict
from ..errors import Errors
from ..export.extras import need
from ..export.frames import arrow_table
from ..export.rows import TABLES, Row, rows_of


class Sink(Protocol):
    """Holds the documents of a part until it is written."""

    def add(self, doc: Doc) -> None:
        """doc (Doc): A document with an id. RAISES (ValueError): If it can't be written; then nothing of it is kept."""

    def write(self, folder: Path, name: str) -> None:
        """folder (Path): Where to write. name (str): Name of the part, without an end."""


class JsonLines:
    """A line of JSON for each document, as `to_dict` gives it."""

    def __init__(self, vectors: bool) -> None:
        self.vectors = vectors
        self.lines: list[bytes] = []

    def add(self, doc: Doc) -> None:
        """See `Sink.add`."""
        data = to_dict(doc, vectors=self.vectors and has_vectors(doc))
        self.lines.append(json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    def write(self, folder: Path, name: str) -> None:
        """See `Sink.write`."""
        with (folder / f"{name}.jsonl").open("wb") as file:
            file.writelines(self.lines)


class Tables:
    """Parquet files, in a folder for each table."""

    def __init__(self, vectors: bool) -> None:
        self.vectors = vectors
        self.rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.pyarrow = need("pyarrow", "Writing Parquet")
        self.parquet = need("pyarrow.parquet", "Writing Parquet")

    def add(self, doc: Doc) -> None:
        """See `Sink.add`."""
        for table, rows in rows_of(to_dict(doc, vectors=self.vectors)).items():
            self.rows[table] += rows

    def write(self, folder: Path, name: str) -> None:
        """See `Sink.write`."""
        vector: Any = {"vector": self.pyarrow.list_(self.pyarrow.float32())} if self.vectors else {}
        for table, rows in self.rows.items():
            (folder / table).mkdir()
            made = arrow_table(table, rows, vector if table == "entities" else None)
            self.parquet.write_table(made, folder / table / f"{name}.parquet", compression="zstd")


class Docs:
    """A DocBin."""

    def __init__(self, vectors: bool) -> None:
        self.bin = DocBin(store_user_data=True)

    def add(self, doc: Doc) -> None:
        """See `Sink.add`."""
        srsly.msgpack_dumps(doc.user_data)  # what fails here would leave half a document in the bin
        self.bin.add(doc)

    def write(self, folder: Path, name: str) -> None:
        """See `Sink.write`."""
        self.bin.to_disk(folder / f"{name}.spacy")


MakeSink = Callable[[bool], Sink]  # with vectors or without
SINKS: dict[str, MakeSink] = {
    ".jsonl": JsonLines,
    ".parquet": Tables,
    ".spacy": Docs,
}


def sink_for(out: Path) -> MakeSink:
    """out (Path): The output.
    RETURNS (Callable): Makes what holds its documents. RAISES (ValueError): If its name doesn't tell."""
    if out.suffix not in SINKS:
        raise ValueError(Errors.L612.format(path=out, allowed=" or ".join(SINKS)))
    return SINKS[out.suffix]
