"""Streams of documents in batches that fill the model, however the caller batches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.tokens import Doc


# Word pieces and entities of a padded batch. Of twice as many, the keys and values that are kept of the words come from
# fresh memory each time, which costs a processor a twentieth of the word pass.
BATCH_PIECES = 4096

# Padded batches that a small `batch_size` is filled up to. The documents of a single one seldom make as many batches of
# equal size as are read at the same time, and what is left over is read on its own.
FILL = 4


class Streamed:
    """What pipes that read padded batches of at most `max_batch_pieces` have in common."""

    name: str
    max_batch_pieces: int

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of documents.

        stream (Iterable[Doc]): The documents.
        batch_size (int): How many to read at once at least. Short ones are read together until they fill four padded
            batches, unless it is 1: then each comes back before the next one is taken.
        YIELDS (Doc): The documents, in order. Those of a batch that fails go to the pipeline's error handler.
        """
        pipe: Any = self
        handle_error = pipe.get_error_handler()
        for docs in fill_batches(stream, batch_size, FILL * self.max_batch_pieces):
            try:
                pipe.set_annotations(docs, pipe.predict(docs))
            except Exception as error:  # whatever it is, it is for the handler to judge
                handle_error(self.name, self, docs, error)
            else:
                yield from docs


def fill_batches(docs: Iterable[Doc], n_docs: int, n_tokens: int) -> Iterator[list[Doc]]:
    """Cut a stream into batches.

    docs (Iterable[Doc]): The documents.
    n_docs (int): The fewest of a batch; the last one may have fewer. 1 makes each document a batch.
    n_tokens (int): The fewest tokens of a batch of more than one document.
    YIELDS (list[Doc]): The batches.
    """
    batch: list[Doc] = []
    tokens = 0
    for doc in docs:
        batch.append(doc)
        tokens += len(doc)
        if n_docs == 1 or (len(batch) >= n_docs and tokens >= n_tokens):
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch
