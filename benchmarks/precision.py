"""What lower precision changes in what the default model says.

`python -m benchmarks.precision corpus/test.spacy --out metrics/precision.json`

reads raw texts in each precision and counts the decisions that differ from those in float32, in either direction:
entities, relations in a sentence and facts. The gold entities are read, too: how far the logits of their labels lie
from those in float32 at most, and how many get another best label. Gold isn't compared with: nothing is tuned here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import spacy
import srsly
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from torch import Tensor, nn
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.annotation import get_facts, get_relations
from spacy_luke.nn.precision import PRECISIONS
from spacy_luke.pipeline.entities import EntityPipe
from spacy_luke.training.mentions import given_tokens
from spacy_luke.training.outcomes import char_offsets

from .baselines.data import read_golds

EXACT = PRECISIONS[0]


class Told(NamedTuple):
    """What a pipeline says of all texts."""

    decisions: dict[str, set[tuple[Any, ...]]]  # by kind; each with the number of its document
    logits: list[NDArray[Any]]  # of the gold entities, in the order of the documents


def run(corpus: Path, checkpoint: str | None, n_docs: int | None) -> dict[str, Any]:
    """Compare all precisions.

    corpus (Path): A `.spacy` file with entities.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    n_docs (int | None): How many documents to read; None for all.
    RETURNS (dict[str, Any]): For each precision and kind of decision how many there are in float32 and how many
        differ, and what is said of the logits.
    """
    golds = read_golds(spacy.blank("en"), corpus)[:n_docs]
    told = {precision: tell(load(checkpoint, precision), golds) for precision in PRECISIONS}
    rows = {name: _compare(told[EXACT], other) for name, other in told.items() if name != EXACT}
    return {"documents": len(golds), "precisions": rows, "machine": describe_machine()}


def load(checkpoint: str | None, precision: str) -> Language:
    """RETURNS (Language): A sentence splitter and `luke` that predicts in a precision."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke", config={"model": {"checkpoint": checkpoint, "dtype": precision}})
    return nlp


def tell(nlp: Language, golds: Sequence[Doc]) -> Told:
    """Read raw texts, and then the same documents with their gold entities.

    nlp (Language): From `load`.
    golds (Sequence[Doc]): The documents.
    RETURNS (Told): What it says.
    """
    decisions: dict[str, set[tuple[Any, ...]]] = {"entities": set(), "relations": set(), "facts": set()}
    for i, doc in enumerate(nlp.pipe(gold.text for gold in golds)):
        decisions["entities"] |= {(i, *char_offsets(ent), ent.label_) for ent in doc.ents}
        for relation in get_relations(doc) or ():
            decisions["relations"].add(
                (i, char_offsets(relation.head), char_offsets(relation.tail), relation.label)
            )
        for fact in get_facts(doc) or ():
            decisions["facts"].add((i, fact.head, fact.tail, fact.label))
    pipe: EntityPipe = nlp.get_pipe("luke")
    logits: list[NDArray[Any]] = []

    def keep(head: nn.Module, read: object, found: Tensor) -> None:
        logits.append(found.numpy())

    head = pipe.model.shims[0].predictor.entity_head
    if head is not None:
        hook = head.register_forward_hook(keep)
        given = (given_tokens(nlp.vocab, gold, mentions=True) for gold in golds)
        for _ in pipe.pipe(given, batch_size=1):  # several are read in threads of their own, in any order
            pass
        hook.remove()
    return Told(decisions, logits)


def _compare(exact: Told, other: Told) -> dict[str, Any]:
    decisions = {
        kind: {"float32": len(found), "changed": len(found ^ other.decisions[kind])}
        for kind, found in exact.decisions.items()
    }
    pairs = list(zip(exact.logits, other.logits, strict=True))
    return {
        **decisions,
        "label_logits": max((float(np.abs(a - b).max()) for a, b in pairs if a.size), default=0.0),
        "best_labels": {
            "float32": sum(a.shape[0] * a.shape[1] for a, _ in pairs),
            "changed": sum(int((a.argmax(-1) != b.argmax(-1)).sum()) for a, b in pairs),
        },
    }


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    options = _parser().parse_args(args)
    result = run(options.corpus, options.checkpoint, options.docs)
    kinds = ("entities", "relations", "facts", "best_labels")
    rows = [
        (
            name,
            f"{found['label_logits']:.2g}",
            *(f"{found[kind]['changed']:,} of {found[kind]['float32']:,}" for kind in kinds),
        )
        for name, found in result["precisions"].items()
    ]
    header = ("precision", "logits by", *(f"{kind.replace('_', ' ')} changed" for kind in kinds))
    print(table(rows, header=header, divider=True, aligns=("l", *"rrrrr")))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.precision", description=__doc__)
    parser.add_argument("corpus", type=Path, help=".spacy file with entities")
    parser.add_argument("--checkpoint", help="joint checkpoint; the default model if not given")
    parser.add_argument("--docs", type=int, help="how many documents to read; all if not given")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


if __name__ == "__main__":
    main()
