"""Persons, organizations and places in texts that the default model never trained on.

    python -m benchmarks.entities ../shared/data [--pipeline en_core_web_sm] [--out FILE]

reads the tokens of CrossNER (five fields), WNUT 2017, WikiGold, the Broad Twitter Corpus and the English Web Treebank.
Nothing was trained on these parts of them. It scores exact places and types. Types other than these three are left out
on both sides, so that pipelines with other labels can be compared: `TYPES` says which of theirs are which.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab
from wasabi import table

import spacy_luke
from scripts.figures import micro_figure
from scripts.readers import read_three_types
from spacy_luke.training.answers import Comparison
from spacy_luke.training.converters.conll import convert_conll
from spacy_luke.training.mentions import given_tokens
from spacy_luke.training.outcomes import char_offsets

TYPES = {
    **dict.fromkeys(("PER", "PERSON", "person", "politician", "scientist", "researcher", "writer"), "PER"),
    **dict.fromkeys(("musicalartist",), "PER"),
    **dict.fromkeys(
        ("ORG", "organisation", "politicalparty", "university", "band", "corporation", "group"), "ORG"
    ),
    **dict.fromkeys(("LOC", "GPE", "FAC", "location", "country"), "LOC"),
}
FIELDS = ("ai", "literature", "music", "politics", "science")
Read = Callable[[Path, Vocab], Iterable[Doc]]
SOURCES: dict[str, tuple[tuple[str, ...], Read]] = {
    **{
        f"crossner {field}": (
            tuple(f"crossner/{field}/{part}.txt" for part in ("dev", "test")),
            convert_conll,
        )
        for field in FIELDS
    },
    "wnut17": (("wnut17/emerging.dev.conll", "wnut17/emerging.test.annotated"), convert_conll),
    "wikigold": (("wikigold/wikigold.conll.txt",), convert_conll),
    "btc.dev": (("btc/btc.dev",), read_three_types),
    "uner-ewt": (("uner-ewt/en_ewt-ud-dev.iob2",), read_three_types),
}


def read_source(data: Path, name: str, vocab: Vocab) -> Iterator[Doc]:
    """data (Path): Folder of all sources. name (str): One of `SOURCES`. vocab (Vocab): Of the documents.
    YIELDS (Doc): Gold documents."""
    files, read = SOURCES[name]
    for file in files:
        yield from read(data / file, vocab)


def compare(nlp: Language, golds: Sequence[Doc]) -> list[Comparison]:
    """Find entities in the tokens of gold documents.

    nlp (Language): A pipeline that writes `doc.ents`.
    golds (Sequence[Doc]): Gold documents.
    RETURNS (list[Comparison]): (start, end, type) of the three types, by document.
    """
    docs = nlp.pipe(given_tokens(nlp.vocab, gold, mentions=False) for gold in golds)
    return [Comparison(_three(doc), _three(gold)) for doc, gold in zip(docs, golds, strict=True)]


def _three(doc: Doc) -> set[tuple[int, int, str]]:
    return {(*char_offsets(span), TYPES[span.label_]) for span in doc.ents if span.label_ in TYPES}


def measure(nlp: Language, data: Path) -> dict[str, dict[str, Any]]:
    """nlp (Language): A pipeline. data (Path): Folder of all sources.
    RETURNS (dict[str, dict]): F1 with its interval, precision and recall, by source."""
    figures = {}
    for name in SOURCES:
        golds = list(read_source(data, name, nlp.vocab))
        figures[name] = {**micro_figure(name, compare(nlp, golds)).to_dict(), "documents": len(golds)}
    return figures


def main(args: Sequence[str] | None = None) -> None:
    """Measure one or two pipelines, print a table, write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(
        "python -m benchmarks.entities",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--pipeline", help="another pipeline to compare with, by its name for spacy.load")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    options = parser.parse_args(args)
    ours = {"spacy_luke": partial(spacy_luke.load, options.checkpoint)}
    others = {options.pipeline: partial(spacy.load, options.pipeline)} if options.pipeline else {}
    result = {name: measure(load(), options.data) for name, load in {**ours, **others}.items()}
    names = list(result)
    rows = [
        (source, str(result[names[0]][source]["documents"]), *(_cell(result[name][source]) for name in names))
        for source in SOURCES
    ]
    print(
        table(
            rows, header=("source", "documents", *names), divider=True, aligns=("l", *"r" * (1 + len(names)))
        )
    )
    if options.out is not None:
        srsly.write_json(options.out, result)


def _cell(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


if __name__ == "__main__":
    main()
