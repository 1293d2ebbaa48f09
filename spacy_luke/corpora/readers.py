"""Files to records, one after another: no file of lines or rows is in memory as a whole."""

from __future__ import annotations

import gzip
import json
import lzma
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from spacy.tokens import DocBin
from spacy.vocab import Vocab

from ..annotation import SCHEMA, get_id
from ..errors import Errors
from ..export.extras import need
from ..files import read_text, reading
from .records import Record
from .sources import STDIN, Fields, Source

_PACKED: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}
_ROWS = 256  # of a Parquet file that are read at once


def read_records(sources: Sequence[Source], fields: Fields, vocab: Vocab) -> Iterator[Record]:
    """Read all documents.

    sources (Sequence[Source]): The files.
    fields (Fields): Names of the fields with ids and texts.
    vocab (Vocab): Vocabulary of documents of DocBins.
    YIELDS (Record): Each document. One that can't be read has an error; so has what is left of a file that breaks off.
    """
    before = 0
    for source in sources:
        try:
            for record in _READERS[source.kind](source, fields, vocab):
                record.done += before
                yield record
        except (ValueError, OSError, EOFError, lzma.LZMAError) as error:
            yield Record(source.path, error=str(error), done=before + source.size)
        before += source.size


def _read_text(source: Source, fields: Fields, vocab: Vocab) -> Iterator[Record]:
    yield Record(source.path, read_text(source.path), done=source.size)


def _read_lines(source: Source, fields: Fields, vocab: Vocab) -> Iterator[Record]:
    with _opened(source) as (lines, raw):
        for number, line in enumerate(lines, start=1):
            if line.strip():
                id_ = f"{source.path}:{number}"
                done = 0 if raw is None else raw.tell()
                try:
                    row = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
                    record = _record(row, id_, fields)
                except (ValueError, RecursionError) as error:
                    record = Record(id_, error=str(error))
                record.done = done
                yield record


@contextmanager
def _opened(source: Source) -> Iterator[tuple[IO[bytes], IO[bytes] | None]]:
    """The lines, and the file, whose place tells how much is read."""
    if source.path == STDIN:
        yield sys.stdin.buffer, None
        return
    unpack = _PACKED.get(Path(source.path).suffix.lower())
    with open(source.path, "rb") as raw:
        if unpack is None:
            yield raw, raw
        else:
            with unpack(raw) as lines:
                yield lines, raw


def _read_parquet(source: Source, fields: Fields, vocab: Vocab) -> Iterator[Record]:
    parquet = need("pyarrow.parquet", "Reading Parquet")
    with reading(source.path):
        file = parquet.ParquetFile(source.path)
        total, number = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                number += 1
                id_ = f"{source.path}:{number}"
                try:
                    record = _record({name: _plain(value) for name, value in row.items()}, id_, fields)
                except ValueError as error:
                    record = Record(id_, error=str(error))
                record.done = source.size * number // total
                yield record


def _read_docs(source: Source, fields: Fields, vocab: Vocab) -> Iterator[Record]:
    with reading(source.path, Exception):  # of zlib and msgpack
        docs = DocBin(store_user_data=True).from_disk(Path(source.path))
        total = max(1, len(docs))
        for number, doc in enumerate(docs.get_docs(vocab), start=1):
            id_ = get_id(doc) or f"{source.path}:{number}"
            yield Record(id_, doc.text, doc=doc, done=source.size * number // total)


_READERS = {"text": _read_text, "json lines": _read_lines, "parquet": _read_parquet, "docs": _read_docs}


def _record(row: Any, id_: str, fields: Fields) -> Record:
    if not isinstance(row, Mapping):
        raise ValueError(Errors.L620.format(found=type(row).__name__))
    named, text = row.get(fields.id), row.get(fields.text)
    id_ = id_ if named is None or named == "" else str(named)
    if not isinstance(text, str):
        found = f"of type {type(text).__name__}" if fields.text in row else "missing"
        return Record(id_, error=Errors.L619.format(field=fields.text, found=found))
    if row.get("schema") == SCHEMA:
        return Record(id_, text, row)
    return Record(id_, text, {k: v for k, v in row.items() if k not in (fields.id, fields.text)})


def _refuse(constant: str) -> None:
    raise ValueError(Errors.L604.format(what="It", value=constant, type="float"))


def _plain(value: Any) -> Any:
    """What JSON can hold of a value in a Parquet file. NaN is pandas' way to say that there is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
