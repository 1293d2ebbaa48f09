"""What half of the names being unknown costs: `luke_ner` trained on all gold entities of a sample, on half of them with
the others missing, and on half of them with the others as "outside".

`python -m benchmarks.unknown wikigold.conll.txt --out metrics/unknown.json` (four minutes on one core)

Labels that the default model doesn't have get a new head on its encoder. All are scored on the same other sentences.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from thinc.api import Adam
from wasabi import table

from scripts.machine import describe_machine
from spacy_luke.annotation import span_as_doc
from spacy_luke.training.converters.conll import convert_conll
from spacy_luke.training.schedules import warmup_linear

WAYS = {"all": None, "half, others missing": "missing", "half, others outside": "outside"}


def run(path: Path, checkpoint: str | None, n_train: int, n_test: int, steps: int) -> dict[str, Any]:
    """Train and score all ways.

    path (Path): A file in CoNLL's columns.
    checkpoint (str | None): A joint checkpoint; None for the default model.
    n_train, n_test (int): How many sentences to train on, and to score.
    steps (int): Steps of 16 sentences.
    RETURNS (dict[str, Any]): The F1 of each way.
    """
    vocab = spacy.blank("en").vocab
    docs = [span_as_doc(sent) for doc in convert_conll(path, vocab) for sent in doc.sents]
    random.Random(0).shuffle(docs)
    train, test = docs[:n_train], docs[n_train : n_train + n_test]
    scores = {
        name: _train([hide(doc, way) for doc in train], test, checkpoint, steps) for name, way in WAYS.items()
    }
    return {
        "train": len(train),
        "test": len(test),
        "steps": steps,
        "f1": scores,
        "machine": describe_machine(),
    }


def hide(doc: Doc, way: str | None) -> Doc:
    """doc (Doc): A gold document. way (str | None): What half of its entities become; None for what they are.
    RETURNS (Doc): A copy."""
    copy = _words(doc)
    ents = [copy[ent.start : ent.end] for ent in doc.ents]
    for span, ent in zip(ents, doc.ents, strict=True):
        span.label_ = ent.label_
    chosen = random.Random(doc.text)
    hidden = [way is not None and chosen.random() < 0.5 for _ in ents]
    gone = [span for span, is_hidden in zip(ents, hidden, strict=True) if is_hidden]
    kept = [span for span, is_hidden in zip(ents, hidden, strict=True) if not is_hidden]
    copy.set_ents(kept, missing=gone if way == "missing" else [])
    return copy


def _words(doc: Doc) -> Doc:
    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    starts = [token.is_sent_start for token in doc]
    return Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts)


def _train(train: Sequence[Doc], test: Sequence[Doc], checkpoint: str | None, steps: int) -> float:
    fix_random_seed(0)
    nlp = Language(train[0].vocab)
    nlp.add_pipe("luke_ner", config={"model": {"checkpoint": checkpoint}})
    examples = [Example(_words(doc), doc) for doc in train]
    nlp.initialize(lambda: examples)
    sgd, done = Adam(warmup_linear(0.0001, steps // 10, steps), L2=0.01, grad_clip=1.0, use_averages=False), 0
    while done < steps:
        random.shuffle(examples)
        for batch in minibatch(examples, 16):
            nlp.update(batch, sgd=sgd, drop=0.1)
            sgd.step_schedules()
            done += 1
            if done == steps:
                break
    return float(nlp.evaluate([Example(_words(doc), doc) for doc in test])["ents_f"])


def main(args: Sequence[str] | None = None) -> None:
    """Measure, print a table and write JSON.

    args (Sequence[str] | None): Command line; None for that of the process.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="a file in CoNLL's columns, such as wikigold.conll.txt")
    parser.add_argument("--checkpoint", help="a joint checkpoint; the default model")
    parser.add_argument("--train", type=int, default=800, help="sentences to train on")
    parser.add_argument("--test", type=int, default=400, help="sentences to score")
    parser.add_argument("--steps", type=int, default=100, help="steps of 16 sentences")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args(args)
    report = run(options.path, options.checkpoint, options.train, options.test, options.steps)
    print(
        table([(name, f"{f1:.3f}") for name, f1 in report["f1"].items()], header=("gold", "F1"), divider=True)
    )
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(options.out, report)


if __name__ == "__main__":
    main()
