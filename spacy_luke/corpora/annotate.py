"""A corpus through a pipeline into a folder of parts."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language

from ..annotation import forget_vectors, set_extensions
from ..errors import Errors
from .fingerprint import describe_pipeline
from .parts import Progress, locked, open_parts, write_part, write_progress
from .readers import read_records
from .records import Record
from .sinks import MakeSink, Sink, sink_for
from .sources import Fields, Source, find_sources
from .stream import Outcome, annotate_records

PART_SIZE = 500_000  # characters
_LEAST = 50  # what a document counts beside its characters: there may be millions that can't be read
_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@dataclass(frozen=True)
class Settings:
    """How a corpus is annotated.

    fields (Fields): Names of the fields of the input with ids and texts.
    shard (str): "3/100" for the third of a hundred shards: of the documents those with the numbers 3, 103 and so on. It
        is written to a folder of its own in the output. "" for all.
    vectors (bool): Whether to write vectors of entities.
    part_size (int): Characters of the input after which a part is full. What isn't in a part yet is in memory, and
        lost if the process is killed.
    n_process (int): Processes, as for `nlp.pipe`.
    batch_size (int | None): Documents of a batch, as for `nlp.pipe`.
    """

    fields: Fields = field(default_factory=Fields)
    shard: str = ""
    vectors: bool = True
    part_size: int = PART_SIZE
    n_process: int = 1
    batch_size: int | None = None

    def place(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): Number of the shard, from 0 on, and how many there are."""
        found = _SHARD.fullmatch(self.shard or "1/1")
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError(Errors.L618.format(value=self.shard))
        return int(found[1]) - 1, int(found[2])

    def for_manifest(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Those that decide what is in the parts."""
        told = {"fields": asdict(self.fields), "shard": self.shard}
        return {**told, "vectors": self.vectors, "part_size": self.part_size}


@dataclass(frozen=True)
class Step:
    """How far annotation is.

    progress (Progress): What is in parts and what is about to be.
    done (int): Bytes of the input that are read and annotated.
    skipped (bool): Whether an earlier run did it.
    """

    progress: Progress
    done: int
    skipped: bool = False


def annotate(
    nlp: Language, inputs: Sequence[str], out: Path, settings: Settings | None = None, name: str | None = None
) -> tuple[int, Iterator[Step]]:
    """Annotate a corpus. If an earlier run with the same arguments was killed, this one goes on where its last part
    ends.

    nlp (Language): The pipeline. It gets an error handler, and writes no vectors if the settings say so.
    inputs (Sequence[str]): Files, folders, globs, or "-" for stdin.
    out (Path): Folder to write to; its name ends in ".jsonl", ".parquet" or ".spacy".
    settings (Settings | None): How; None for the defaults.
    name (str | None): What the pipeline was loaded by, for the manifest.
    RETURNS (tuple[int, Iterator[Step]]): Bytes of the input, 0 if nobody knows them, and the steps: the work is done
        while they are taken.
    RAISES (ValueError): If the input can't be found, or the output was begun with other arguments.
    """
    settings = settings or Settings()
    shard, n_shards = settings.place()
    if settings.part_size < 1:
        raise ValueError(Errors.L622.format(value=settings.part_size))
    sink_for(out)
    set_extensions()
    sources = find_sources(inputs, out)
    manifest = {
        "model": describe_pipeline(nlp, name),
        "settings": settings.for_manifest(),
        "input": [source.describe() for source in sources],
    }
    folder = out / f"shard-{shard + 1:0{len(str(n_shards))}d}-of-{n_shards}" if settings.shard else out
    total = sum(source.size for source in sources) if all(source.size for source in sources) else 0
    return total, _Run(nlp, folder, sink_for(out), settings).steps(sources, manifest)


class _Run:
    def __init__(self, nlp: Language, folder: Path, make_sink: MakeSink, settings: Settings) -> None:
        self.nlp, self.folder, self.settings = nlp, folder, settings
        self.make_sink = make_sink
        self.shard, self.n_shards = settings.place()
        self.progress = Progress()
        self.part: Sink = self.make_sink(self.settings.vectors)
        self.errors: list[dict[str, str]] = []
        self.size = 0  # characters of the part

    def steps(self, sources: Sequence[Source], manifest: dict[str, Any]) -> Iterator[Step]:
        with locked(self.folder):
            self.progress = open_parts(self.folder, manifest)
            yield Step(self.progress, 0, skipped=True)
            if self.progress.complete:
                return
            if not self.settings.vectors:
                _write_no_vectors(self.nlp)
            records = read_records(sources, self.settings.fields, self.nlp.vocab)
            yield from self._skip(records)
            yield from self._annotate(records)

    def _skip(self, records: Iterator[Record]) -> Iterator[Step]:
        """Pass over what is in parts already."""
        checksum, done = 0, 0
        for number in range(self.progress.read):
            record = next(records, None)
            if record is None:
                break
            checksum, done = record.checksum(checksum), record.done
            if number % 1000 == 0:
                yield Step(self.progress, done, skipped=True)
        if checksum != self.progress.checksum:
            raise ValueError(Errors.L616.format(folder=self.folder, n=self.progress.read))
        yield Step(self.progress, done, skipped=True)

    def _annotate(self, records: Iterator[Record]) -> Iterator[Step]:
        numbered = _Numbered(records, self.progress, self.shard, self.n_shards)
        outcomes = annotate_records(self.nlp, numbered, self.settings.batch_size, self.settings.n_process)
        for outcome in outcomes:
            read, checksum = numbered.marks.popleft()  # they come out in the order they went in
            self._take(outcome)
            self.progress.read, self.progress.checksum = read, checksum
            if self.size >= self.settings.part_size:
                self._write()
            yield Step(self.progress, outcome[0].done)
        self.progress.read, self.progress.checksum = numbered.read, numbered.checksum
        self.progress.complete = True
        if self.size or not self.progress.parts:  # a part without documents tells readers that there are none
            self._write()
        else:
            write_progress(self.folder, self.progress)
        yield Step(self.progress, numbered.done)

    def _take(self, outcome: Outcome) -> None:
        record, doc, error = outcome
        self.size += len(record.text) + _LEAST
        if doc is not None:
            try:
                if not self.settings.vectors:
                    forget_vectors(doc)
                self.part.add(doc)
            except Exception as problem:
                doc, error = None, f"{type(problem).__name__}: {problem}"
        if doc is None:
            self.progress.failed += 1
            self.errors.append({"id": record.id, "error": error})
        else:
            self.progress.documents += 1
            self.progress.words += len(doc)

    def _write(self) -> None:
        self.progress.parts += 1
        write_part(self.folder, self.part, self.errors, self.progress)
        self.part, self.errors, self.size = self.make_sink(self.settings.vectors), [], 0


class _Numbered:
    """The records of a shard. Of each it is known how many were read with it, and the checksum of these."""

    def __init__(self, records: Iterable[Record], progress: Progress, shard: int, n_shards: int) -> None:
        self.records, self.shard, self.n_shards = records, shard, n_shards
        self.read, self.checksum, self.done = progress.read, progress.checksum, 0
        self.marks: deque[tuple[int, int]] = deque()

    def __iter__(self) -> Iterator[Record]:
        for record in self.records:
            ours = self.read % self.n_shards == self.shard
            self.read, self.checksum, self.done = self.read + 1, record.checksum(self.checksum), record.done
            if ours:
                self.marks.append((self.read, self.checksum))
                yield record


def _write_no_vectors(nlp: Language) -> None:
    for _, pipe in nlp.pipeline:
        if hasattr(pipe, "vectors") and hasattr(pipe, "writes_vectors"):
            pipe.vectors = False
