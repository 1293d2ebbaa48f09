"""Records through a pipeline: each comes out as an annotated document, or with what went wrong, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from .records import Record

Outcome = tuple[Record, "Doc | None", str]


def annotate_records(
    nlp: Language, records: Iterable[Record], batch_size: int | None = None, n_process: int = 1
) -> Iterator[Outcome]:
    """Run a pipeline over records. A document that fails, or whose batch fails, is tried again on its own.

    nlp (Language): The pipeline. It gets an error handler.
    records (Iterable[Record]): The records.
    batch_size (int | None): As for `nlp.pipe`.
    n_process (int): As for `nlp.pipe`.
    YIELDS (tuple[Record, Doc | None, str]): Each record with its document, or with None and what went wrong.
    """
    return _Stream(nlp).run(records, batch_size, n_process)


class _Stream:
    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self.waiting: deque[tuple[int, Record, str]] = deque()  # went in and didn't come out yet
        self.failures = _Failures()
        nlp.set_error_handler(self.failures)

    def run(self, records: Iterable[Record], batch_size: int | None, n_process: int) -> Iterator[Outcome]:
        docs = self._make_docs(records)
        for doc, number in self.nlp.pipe(docs, as_tuples=True, batch_size=batch_size, n_process=n_process):
            yield from self._missing(before=number)
            _, record, _ = self.waiting.popleft()
            yield record, doc, ""
        yield from self._missing(before=None)

    def _make_docs(self, records: Iterable[Record]) -> Iterator[tuple[Doc, int]]:
        for number, record in enumerate(records):
            try:
                doc = record.make_doc(self.nlp)
            except Exception as error:  # whatever a tokenizer raises
                self.waiting.append((number, record, _tell(error)))
            else:
                self.waiting.append((number, record, ""))
                yield doc, number

    def _missing(self, before: int | None) -> Iterator[Outcome]:
        """What didn't come out, though something after it did."""
        while self.waiting and (before is None or self.waiting[0][0] < before):
            _, record, error = self.waiting.popleft()
            yield (record, None, error) if error else self._again(record)

    def _again(self, record: Record) -> Outcome:
        self.failures.last = ""
        try:
            docs = list(self.nlp.pipe([record.make_doc(self.nlp)], batch_size=1))
        except Exception as error:
            return record, None, _tell(error)
        return (record, docs[0], "") if docs else (record, None, self.failures.last)


class _Failures:
    """Remembers the last error. A class of a module, because other processes get a copy."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, name: str | None, proc: Any, docs: Any, error: Exception) -> None:
        self.last = f"{name}: {_tell(error)}" if name else _tell(error)


def _tell(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
