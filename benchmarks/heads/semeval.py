"""SemEval 2010 task 8: relations of two nominals (Hendrickx et al., 2010, https://aclanthology.org/S10-1006)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config

from benchmarks.baselines import relation_tutorial  # noqa: F401  registers the component
from scripts.metrics import macro_f1
from scripts.partition import drop_leaks
from spacy_luke.annotation import get_relations, write_relations
from spacy_luke.training.converters.semeval import convert_semeval
from spacy_luke.training.metrics import count, count_by_label

from .split import tenths
from .task import Annotate, Pipeline, Splits, Task, on_sentences


class Answer(NamedTuple):
    """What is said of a sentence.

    label (str): The relation; "" for Other.
    forward (bool): Whether its first argument is the nominal that comes first.
    """

    label: str = ""
    forward: bool = True


def read(data: Path) -> Splits:
    """RETURNS (Splits): A tenth of the training sentences held out by the text, and the test sentences."""
    make_doc = spacy.blank("en").make_doc
    folder = data / "semeval2010-8"
    test = list(convert_semeval(folder / "TEST_FILE_FULL.TXT", make_doc))
    safe, _ = drop_leaks(convert_semeval(folder / "TRAIN_FILE.TXT", make_doc), test)
    held_out, *others = tenths(safe, key=lambda doc: doc.text)
    return Splits([doc for part in others for doc in part], held_out, test)


def tutorial() -> Config:
    """RETURNS (Config): The same documents for the relation component of spaCy's tutorial."""
    config = on_sentences("luke_relations", mentions=True)()
    config["nlp"]["pipeline"] = ["relation_tutorial"]
    config["components"] = {"relation_tutorial": {"factory": "relation_tutorial"}}
    config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 0.001}
    config["training"]["batcher"] = {"@batchers": "spacy.batch_by_sequence.v1", "size": 16}
    return config


def answer(doc: Doc) -> Answer:
    """RETURNS (Answer): The best relation of a document; Other if it has none."""
    best = max(get_relations(doc), key=lambda relation: relation.score, default=None)
    return Answer() if best is None else Answer(best.label, best.head.start < best.tail.start)


def score(examples: Sequence[Example]) -> dict[str, float]:
    """Score as the task's organizers do.

    examples (Sequence[Example]): Sentences, each with one relation or none.
    RETURNS (dict[str, float]): Mean F1 of the nine relations, right only with the right direction; F1 over all of
        their answers; share of right answers, with Other.
    """
    pairs = [(answer(example.predicted), answer(example.reference)) for example in examples]
    sides = [[{(i, a.forward, a.label)} if a.label else set() for a in pair] for i, pair in enumerate(pairs)]
    found, right = (set().union(*column) for column in zip(*sides, strict=True))
    return {
        "macro_f1": macro_f1(count_by_label(found, right)),
        "micro_f1": count(found, right).fscore,
        "accuracy": sum(predicted == gold for predicted, gold in pairs) / len(pairs),
    }


def commonest(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives every sentence the commonest relation, which isn't Other."""
    best = Counter(found for doc in train if (found := answer(doc)).label).most_common(1)[0][0]
    return lambda doc: _write(doc, best)


def words_between(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives a sentence the commonest answer of the training sentences with the same
    words between the nominals; where these are new, of all."""
    seen: defaultdict[tuple[str, ...], Counter[Answer]] = defaultdict(Counter)
    everything: Counter[Answer] = Counter()
    for doc in train:
        seen[_between(doc)][answer(doc)] += 1
        everything[answer(doc)] += 1

    def annotate(doc: Doc) -> None:
        _write(doc, seen.get(_between(doc), everything).most_common(1)[0][0])

    return annotate


def _between(doc: Doc) -> tuple[str, ...]:
    first, second = doc.ents
    return tuple(token.lower_ for token in doc[first.end : second.start])


def _write(doc: Doc, found: Answer) -> None:
    head, tail = doc.ents if found.forward else reversed(doc.ents)
    write_relations(doc, [(head, tail, found.label)] if found.label else [])


TASK = Task(
    name="semeval",
    data="SemEval 2010 task 8: a tenth of the training sentences held out, the test sentences",
    read=read,
    score=score,
    metric="macro_f1",
    ours=Pipeline(
        "luke_relations, marked pairs",
        on_sentences("luke_relations", mentions=True),
        {
            "components.luke_relations.model.mixed_precision": True,
            "training.batcher.size": 400,
            "training.max_steps": 450,
            "training.eval_frequency": 150,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={"commonest relation": commonest, "words between the nominals": words_between},
    rivals=(Pipeline("relation component of spaCy's tutorial", tutorial, {"training.max_steps": 2000}),),
    given_entities=True,
)
