"""Which mentions the rules for names take for one entity, against gold clusters, in pairs of mentions; equal text alone
is beside them.

`python -m benchmarks.clusters corpus/dev.spacy --out metrics/clusters.json` (seconds)

Gold clusters are `span.id_`, which the rules are not shown. Documents of which a mention has none are left out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Hashable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.scorer import PRFScore
from spacy.tokens import Doc, DocBin, Span
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.annotation import entities_of, normalize, set_extensions
from spacy_luke.training.mentions import all_mentions

Pairs = set[tuple[int, int]]


def run(docs: Sequence[Doc]) -> dict[str, Any]:
    """docs (Sequence[Doc]): Documents with gold clusters. RETURNS (dict[str, Any]): The figures of both ways."""
    counts = {"equal text": PRFScore(), "rules": PRFScore()}
    read = [
        mentions for doc in docs if (mentions := all_mentions(doc)) and all(span.id_ for span in mentions)
    ]
    seconds = 0.0
    for mentions in read:
        gold = _pairs([span.id_ for span in mentions])
        bare = [Span(span.doc, span.start, span.end, label=span.label_) for span in mentions]
        begin = time.perf_counter()
        entities = entities_of(bare)
        seconds += time.perf_counter() - begin
        counts["rules"].score_set(_pairs(entities), gold)
        counts["equal text"].score_set(_pairs([normalize(span.text) for span in mentions]), gold)
    n_mentions = sum(map(len, read))
    return {
        "documents": len(read),
        "documents_left_out": len(docs) - len(read),
        "mentions": n_mentions,
        "pairs": {
            way: {"precision": round(c.precision, 4), "recall": round(c.recall, 4), "f1": round(c.fscore, 4)}
            for way, c in counts.items()
        },
        "microseconds_per_mention": round(1e6 * seconds / max(n_mentions, 1), 1),
        "machine": describe_machine(),
    }


def _pairs(entities: Sequence[Hashable]) -> Pairs:
    """Pairs of mentions of one entity."""
    return {(a, b) for a, b in combinations(range(len(entities)), 2) if entities[a] == entities[b]}


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, help=".spacy file with gold mentions")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args(args)
    set_extensions()
    report = run(list(DocBin().from_disk(options.corpus).get_docs(spacy.blank("en").vocab)))
    rows = [(way, *map("{:.3f}".format, figures.values())) for way, figures in report["pairs"].items()]
    print(table(rows, header=("way", "precision", "recall", "F1"), divider=True))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, report)


if __name__ == "__main__":
    main()
