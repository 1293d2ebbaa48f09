"""Time and memory of the default model as documents, entities and corpora grow.

`python -m benchmarks.growth corpus/train.spacy --out metrics/growth.json`

Documents are made of the corpus' texts. Each size has a process of its own, which has read something before; its
time and its memory are those of the work alone (Linux). In how far it matters how documents are ordered and batched is
measured in one process, in turn.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, Span
from wasabi import table

import spacy_luke
from scripts.machine import describe_machine

from .baselines.data import read_golds
from .elsewhere import forget_peak, peak, resident, run_elsewhere
from .speed import measure

WINDOW = 300  # tokens; with these the word pieces of English text fit in one window
WARM = "Ada Lovelace was born in London. She worked with Charles Babbage."
ORDERS = ("random", "sorted", "reversed")
Point = dict[str, float]


def run(corpus: Path, sizes: Mapping[str, Sequence[int]], n_docs: int, rounds: int) -> dict[str, Any]:
    """Measure all sizes and orders.

    corpus (Path): A `.spacy` file; only its texts are used.
    sizes (Mapping[str, Sequence[int]]): What to measure of each of `KINDS`, and the sizes of batches ("batches").
    n_docs (int): How many documents to read in several orders.
    rounds (int): How often to read them.
    RETURNS (dict[str, Any]): For each kind and size seconds and megabytes; words a second by order and batch size.
    """
    command = ["-m", "benchmarks.growth", str(corpus), "--point"]
    points: dict[str, list[Point]] = {}
    for kind in KINDS:
        points[kind] = []
        for size in sizes[kind]:
            points[kind].append({"size": size, **run_elsewhere([*command, kind, str(size)])})
            print(f"{kind} {size:,}: {points[kind][-1]}", flush=True)  # the whole takes long
    orders = order(corpus, sizes["batches"], n_docs, rounds)
    return {**points, "documents": n_docs, "rounds": rounds, "orders": orders, "machine": describe_machine()}


# --- one size ------------------------------------------------------------------------------


def read_length(texts: Sequence[str], n_tokens: int) -> Point:
    """texts (Sequence[str]): Of documents. n_tokens (int): Of one document.
    RETURNS (dict[str, float]): What it took."""
    nlp = _load()
    tokens = islice((token.text for text in cycle(texts) for token in nlp.make_doc(text)), n_tokens)
    text = " ".join(tokens)
    return _take(lambda: nlp(text))


def read_entities(texts: Sequence[str], n_entities: int) -> Point:
    """texts (Sequence[str]): Of documents. n_entities (int): Given in one window, of one to four tokens, over all
    of it. RETURNS (dict[str, float]): What it took."""
    nlp = _load(find_entities=False, entities={"@misc": "spacy-luke.doc_spans.v1", "key": "given"})
    words = islice((token.text for text in cycle(texts) for token in nlp.make_doc(text)), WINDOW)
    doc = nlp.get_pipe("sentencizer")(Doc(nlp.vocab, words=list(words)))
    every = [Span(doc, i, i + width, "X") for width in range(1, 5) for i in range(WINDOW - width)]
    doc.spans["given"] = random.Random(0).sample(every, n_entities)
    return _take(lambda: nlp.get_pipe("luke")(doc))


def read_words(texts: Sequence[str], n_words: int) -> Point:
    """texts (Sequence[str]): Of documents. n_words (int): Read by `nlp.pipe`, at least. RETURNS (dict[str, float]):
    What it took."""
    nlp = _load()
    lengths = cycle([len(nlp.make_doc(text)) for text in texts])
    n_texts = next(i for i, n in enumerate(accumulate(lengths), start=1) if n >= n_words)
    # Of no more texts: the pipe takes as many as its batch size at once.
    return _take(lambda: deque(nlp.pipe(islice(cycle(texts), n_texts)), maxlen=0))


KINDS: dict[str, Callable[[Sequence[str], int], Point]] = {
    "length": read_length,
    "entities": read_entities,
    "words": read_words,
}


def _load(**settings: Any) -> Language:
    """The default pipeline, which has read something."""
    nlp = spacy_luke.load()
    if settings:
        nlp.remove_pipe("luke")
        nlp.add_pipe("luke", config=settings)
    nlp(WARM)
    return nlp


def _take(work: Callable[[], object]) -> Point:
    before = resident()
    forget_peak()
    start = perf_counter()
    work()
    return {"seconds": perf_counter() - start, "megabytes": peak() - before}


# --- orders --------------------------------------------------------------------------------


def order(corpus: Path, batch_sizes: Sequence[int], n_docs: int, rounds: int) -> list[dict[str, Any]]:
    """Read the same documents in several orders and batches.

    corpus (Path): A `.spacy` file.
    batch_sizes (Sequence[int]): Of `nlp.pipe`.
    n_docs (int): How many documents.
    rounds (int): How often to read them in each way.
    RETURNS (list[dict[str, Any]]): Words a second, and the time as a multiple of that of the first way.
    """
    nlp = _load()
    texts = _texts(corpus)[:n_docs]
    words = sum(map(len, map(nlp.make_doc, texts)))
    ways = {
        (name, size): partial(_read, nlp, ordered, size)
        for name, ordered in zip(ORDERS, _orders(texts), strict=True)
        for size in batch_sizes
    }
    times = dict(measure({str(i): way for i, way in enumerate(ways.values())}, rounds))
    first = times["0"]
    return [
        {
            "order": name,
            "batch_size": size,
            "words_per_second": words / median(seconds),
            "times_the_first": median(a / b for a, b in zip(seconds, first, strict=True)),
        }
        for (name, size), seconds in zip(ways, times.values(), strict=True)
    ]


def _orders(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    yield random.Random(0).sample(texts, len(texts))
    yield sorted(texts, key=len)
    yield sorted(texts, key=len, reverse=True)


def _read(nlp: Language, texts: Sequence[str], batch_size: int) -> None:
    for _ in nlp.pipe(texts, batch_size=batch_size):
        pass


def _texts(corpus: Path) -> list[str]:
    return [doc.text for doc in read_golds(spacy.blank("en"), corpus)]


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print tables and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    if options.point is not None:
        kind, size = options.point
        print(json.dumps(KINDS[kind](_texts(options.corpus), int(size))))
        return
    sizes = {name: getattr(options, name) for name in (*KINDS, "batches")}
    result = run(options.corpus, sizes, options.docs, options.rounds)
    for kind in KINDS:
        rows = [(f"{p['size']:,}", f"{p['seconds']:.2f}", f"{p['megabytes']:.0f}") for p in result[kind]]
        print(table(rows, header=(kind, "seconds", "MB"), divider=True, aligns=("r", "r", "r")))
    orders = [
        (
            way["order"],
            str(way["batch_size"]),
            f"{way['words_per_second']:.0f}",
            f"{way['times_the_first']:.2f}",
        )
        for way in result["orders"]
    ]
    header = ("order", "batch size", "words/s", "time")
    print(table(orders, header=header, divider=True, aligns=("l", "r", "r", "r")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file whose texts to read")
    sizes: dict[str, Any] = {"nargs": "+", "type": int}
    parser.add_argument(
        "--length", default=[100, 1000, 10_000, 100_000], **sizes, help="tokens of a document"
    )
    parser.add_argument("--entities", default=[1, 10, 100, 500], **sizes, help="entities given in a window")
    parser.add_argument("--words", default=[10_000, 100_000, 1_000_000], **sizes, help="words of a corpus")
    parser.add_argument("--batches", default=[1, 8, 64, 1000], **sizes, help="batch sizes of nlp.pipe")
    parser.add_argument("--docs", type=int, default=100, help="documents read in several orders")
    parser.add_argument("--rounds", type=int, default=3, help="how often to read them")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
