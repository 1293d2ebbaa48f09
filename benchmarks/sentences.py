"""Relations in single sentences of other texts than the default model's: KnowledgeNet's, which it isn't trained on.

    python -m benchmarks.sentences corpus/second/check.spacy [--checkpoint FOLDER] [--out FILE]

reads each sentence as raw text. A property was looked for in it, and told of certain mentions or not at all; a
relation that says the same of two named entities is right or wrong by that. Two figures:

    pairs        precision, recall and F1 over pairs of named entities. What the source tells of pronouns can't be
                 answered and doesn't count; nor does what is said of an entity that a pronoun stands for.
    false alarm  share of the sentences without the property in which some pair is given its relation.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc, DocBin, Span
from wasabi import table

import spacy_luke
from scripts.looked_for import PROPERTIES, Property
from scripts.metrics import ratio
from spacy_luke.annotation import RELATIONS_LOOKED_FOR, get_relations
from spacy_luke.training.metrics import count
from spacy_luke.training.outcomes import Offsets, char_offsets

THRESHOLDS = (0.3, 0.5, 0.7, 0.9)
PRONOUNS = {"i", "he", "she", "it", "his", "her", "its", "they", "their", "we", "our", "who", "my", "this"}
Pairs = set[tuple[Any, ...]]


def measure(nlp: Language, golds: Iterable[Doc]) -> list[dict[str, float]]:
    """Compare what a pipeline says of sentences with what was looked for in them.

    nlp (Language): A pipeline with `luke`.
    golds (Iterable[Doc]): From `convert_knowledgenet`.
    RETURNS (list[dict[str, float]]): One row a threshold.
    """
    golds = list(golds)
    nlp.get_pipe("luke").thresholds["relations"] = min(THRESHOLDS)
    read = list(zip(nlp.pipe(gold.text for gold in golds), golds, strict=True))
    return [_row(read, threshold) for threshold in THRESHOLDS]


def _row(read: Iterable[tuple[Doc, Doc]], threshold: float) -> dict[str, float]:
    total = PRFScore()
    silent = alarms = 0
    for doc, gold in read:
        told, blurred = _told(gold)
        labels = {label for name in gold.user_data[RELATIONS_LOOKED_FOR] for label in _labels(name)}
        said = {
            (char_offsets(r.head), char_offsets(r.tail), r.label)
            for r in get_relations(doc)
            if r.score > threshold and r.label in labels
        }
        if told or blurred:
            counted = {(h, t, label) for h, t, label in said if not {(h, label), (t, label)} & blurred}
            total += count(counted, told)
        else:
            silent += 1
            alarms += bool(said)
            total += count(said, told)
    return {"threshold": threshold, **total.to_dict(), "false_alarm": ratio(alarms, silent), "silent": silent}


def _told(gold: Doc) -> tuple[Pairs, set[tuple[Offsets, str]]]:
    """What is told of named entities; and where one end is a pronoun, the other end with the relation."""
    told: Pairs = set()
    blurred: set[tuple[Offsets, str]] = set()
    for subject, object_, name, *_ in get_relations(gold):
        prop = PROPERTIES.get(name, Property())
        pairs = [(subject, object_, label) for label in prop.same]
        pairs += [(object_, subject, label) for label in prop.inverse]
        for head, tail, label in pairs:
            if _named(head) and _named(tail):
                told.add((char_offsets(head), char_offsets(tail), label))
            else:
                blurred |= {(char_offsets(head), label), (char_offsets(tail), label)}
    return told, blurred


def _named(span: Span) -> bool:
    return span.text.lower() not in PRONOUNS and not span.text.islower()


def _labels(name: str) -> set[str]:
    prop = PROPERTIES.get(name, Property())
    return {*prop.same, *prop.inverse}


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args(args)
    nlp = spacy_luke.load(options.checkpoint)
    golds = list(DocBin(store_user_data=True).from_disk(options.corpus).get_docs(nlp.vocab))
    rows = measure(nlp, golds)
    header = ("threshold", "precision", "recall", "F1", "false alarm")
    cells = [[f"{row[key]:.3f}" for key in ("threshold", "p", "r", "f", "false_alarm")] for row in rows]
    print(table(cells, header=header, divider=True, aligns=("r",) * 5))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, {"sentences": len(golds), "rows": rows})


if __name__ == "__main__":
    main()
