"""Start a pipeline, annotate a document, then many: for `benchmarks.start`, by an interpreter of any environment.

`python benchmarks/first_document.py WAY TEXTS.json [MODEL]` prints a JSON object. It needs nothing but spaCy and what
the way is made of. WAY `floor` reads nothing: it is what any pipeline with torch takes.
`python benchmarks/first_document.py make FOLDER WORDS` makes a span-marker of the size of RoBERTa's base model with
random weights; WORDS is a folder with RoBERTa's vocab.json and merges.txt. `make_ner` instead of `make` makes a spaCy
pipeline of such a `transformer` and an `ner` on it.
"""

from __future__ import annotations

from time import perf_counter

START = perf_counter()  # before anything else is imported

import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402


def _luke(_: str) -> Any:
    import spacy_luke

    return spacy_luke.load()


def _luke_ner(_: str) -> Any:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner")
    return nlp


def _spacy(model: str) -> Any:
    import spacy

    return spacy.load(model)


def _spacy_ner(model: str) -> Any:
    import spacy

    others = (
        "tok2vec",
        "tagger",
        "parser",
        "senter",
        "attribute_ruler",
        "lemmatizer",
    )  # ner has its own tok2vec
    return spacy.load(model, exclude=others)


def _span_marker(model: str) -> Any:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("span_marker", config={"model": model})
    return nlp


LABELS = ("PER", "ORG", "LOC", "MISC")
LOADERS: dict[str, Callable[[str], Any]] = {
    "luke": _luke,
    "luke_ner": _luke_ner,
    "spacy": _spacy,
    "spacy_ner": _spacy_ner,
    "span_marker": _span_marker,
}


def annotate(way: str, texts: list[str], model: str) -> dict[str, float]:
    """Start, and read.

    way (str): One of `LOADERS`.
    texts (list[str]): The first is the first document; then all are read.
    model (str): What some loaders load.
    RETURNS (dict[str, float]): Seconds from the beginning to the first document, megabytes that the process holds
        then, and words a second after it.
    """
    nlp = LOADERS[way](model)
    nlp(texts[0])
    start = _since_start()
    begin = perf_counter()
    words = sum(len(doc) for doc in nlp.pipe(texts))
    return {**start, "words_per_second": words / (perf_counter() - begin)}


def floor() -> dict[str, float]:
    """Import spaCy and torch, and multiply once.

    RETURNS (dict[str, float]): Seconds from the beginning, and megabytes that the process holds.
    """
    import spacy  # noqa: F401
    import torch

    square = torch.ones(64, 64)
    square.mm(square)
    return _since_start()


def _since_start() -> dict[str, float]:
    seconds = perf_counter() - START
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"seconds": seconds, "megabytes": pages * 4096 / 1e6}


def make_span_marker(folder: Path, words: Path) -> None:
    """Make a span-marker with random weights.

    folder (Path): Where to.
    words (Path): A folder with vocab.json and merges.txt.
    """
    import span_marker  # type: ignore[import-not-found]

    encoder = _make_encoder(folder / "encoder", words)
    model = span_marker.SpanMarkerModel.from_pretrained(encoder, labels=["O", *LABELS])
    model.save_pretrained(folder)


def make_ner(folder: Path, words: Path) -> None:
    """Make a pipeline of spaCy's `transformer` and `ner` with random weights.

    folder (Path): Where to.
    words (Path): A folder with vocab.json and merges.txt.
    """
    import spacy
    from spacy.training import Example

    encoder = _make_encoder(folder / "encoder", words)
    nlp = spacy.blank("en")
    reads = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": encoder, "get_spans": reads}
    nlp.add_pipe("transformer", config={"model": {**model, "tokenizer_config": {"use_fast": True}}})
    pooling = {"@layers": "reduce_mean.v1"}
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": pooling,
    }
    ner = nlp.add_pipe("ner", config={"model": {"tok2vec": listener}})
    for label in LABELS:
        ner.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("Ada left"), {"entities": [(0, 3, "PER")]})])
    nlp.to_disk(folder)


def _make_encoder(folder: Path, words: Path) -> str:
    """RETURNS (str): The folder, with an encoder of the size of RoBERTa's base model."""
    import transformers  # type: ignore[import-not-found]

    hub: Any = transformers
    files = [str(words / name) for name in ("vocab.json", "merges.txt")]
    hub.RobertaTokenizerFast(*files, add_prefix_space=True).save_pretrained(folder)
    config = hub.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)
    hub.RobertaModel(config).save_pretrained(folder)
    return str(folder)


MAKERS = {"make": make_span_marker, "make_ner": make_ner}

if __name__ == "__main__":
    if sys.argv[1] in MAKERS:
        MAKERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1] == "floor":
        print(json.dumps(floor()))
    else:
        found = annotate(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf8")), sys.argv[3])
        print(json.dumps(found))
