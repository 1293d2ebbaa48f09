"""WNUT 2017: new and rare names in tweets and posts (Derczynski et al., 2017, https://aclanthology.org/W17-4418)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.pipeline import EntityRuler
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config

from scripts.partition import drop_leaks
from spacy_luke.training.converters.conll import convert_conll

from .task import Annotate, Pipeline, Splits, Task, on_sentences, preset

FILES = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")


def read(data: Path) -> Splits:
    """RETURNS (Splits): The published parts, a sentence a document; without training sentences that recur in others."""
    vocab = spacy.blank("en").vocab
    train, dev, test = (list(convert_conll(data / "wnut17" / name, vocab)) for name in FILES)
    return Splits(drop_leaks(train, [*dev, *test])[0], drop_leaks(dev, test)[0], test)


def candidate_spans() -> Config:
    """RETURNS (Config): `configs/luke_ner.cfg` with the other architecture, for sentences on tokens of their own."""
    config = on_sentences("luke_ner", mentions=False)()
    model = {"@architectures": "spacy-luke.CandidateSpans.v1", "context": "sentence"}
    config["components"]["luke_ner"]["model"] = model
    return config


def seen_names(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Finds the names of the training documents, each with its commonest type."""
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for doc in train:
        for ent in doc.ents:
            types[ent.text][ent.label_] += 1
    nlp = spacy.blank("en")
    ruler = EntityRuler(nlp)
    ruler.add_patterns(
        [
            {"label": counts.most_common(1)[0][0], "pattern": [{"ORTH": token.text} for token in nlp(text)]}
            for text, counts in types.items()
        ]
    )

    def annotate(doc: Doc) -> None:
        for label in ruler.labels:
            doc.vocab.strings.add(label)
        ruler(doc)

    return annotate


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): Exact places and types, over all names."""
    scores = Scorer.score_spans(examples, "ents")
    names = {"f1": "ents_f", "precision": "ents_p", "recall": "ents_r"}
    return {name: scores[key] or 0.0 for name, key in names.items()}


TASK = Task(
    name="wnut17",
    data="WNUT 2017: the published training, development and test sentences",
    read=read,
    score=score,
    metric="f1",
    ours=Pipeline(
        "luke_ner, candidate spans",
        candidate_spans,
        {
            "components.luke_ner.model.max_span_width": 5,
            "components.luke_ner.model.mixed_precision": True,
            "training.batcher.size": 400,
            "training.max_steps": 260,
            "training.eval_frequency": 130,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={"names of the training sentences": seen_names},
    rivals=(Pipeline("spaCy's ner on tok2vec", preset("ner"), {"training.max_steps": 1600}),),
)
