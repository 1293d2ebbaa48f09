"""Universal Dependencies, English Web Treebank: universal parts of speech, on gold tokens (Silveira et al., 2014,
https://aclanthology.org/L14-1067)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.converters import conllu_to_docs
from spacy.vocab import Vocab

from spacy_luke.annotation import get_tag

from .task import Annotate, Pipeline, Splits, Task, preset, shipped

HELD_OUT = 200


def read(data: Path) -> Splits:
    """RETURNS (Splits): Sentences of the dev file, the last 200 of them held out, and of the test file."""
    vocab = spacy.blank("en").vocab
    dev, test = (list(_docs(data / "ud-ewt" / f"en_ewt-ud-{part}.conllu", vocab)) for part in ("dev", "test"))
    return Splits(dev[:-HELD_OUT], dev[-HELD_OUT:], test)


def _docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Without spaces, so that readers keep these tokens; the part of speech as tag, which spaCy's tagger learns."""
    for doc in conllu_to_docs(path.read_text(encoding="utf8"), n_sents=1, no_print=True):
        yield Doc(vocab, words=[token.text for token in doc], tags=[token.pos_ for token in doc])


def most_frequent(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives every token the most frequent tag."""
    best = Counter(token.tag_ for doc in train for token in doc).most_common(1)[0][0]

    def annotate(doc: Doc) -> None:
        for token in doc:
            token.tag_ = best

    return annotate


def most_frequent_of_word(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Gives every token the tag that the word has most often, regardless of case; a
    new word gets the most frequent tag of words that occur once."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for doc in train:
        for token in doc:
            counts[token.lower_][token.tag_] += 1
    rare = Counter(tag for tags in counts.values() if tags.total() == 1 for tag in tags) or Counter("X")
    best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}

    def annotate(doc: Doc) -> None:
        for token in doc:
            token.tag_ = best.get(token.lower_, rare.most_common(1)[0][0])

    return annotate


def collect(doc: Doc) -> None:
    """doc (Doc): A document whose tokens get what `luke_tagger` said as `token.tag_`."""
    for token in doc:
        token.tag_ = get_tag(token)


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): Share of tokens with the right tag."""
    return {"accuracy": Scorer.score_token_attr(examples, "tag")["tag_acc"]}


TASK = Task(
    name="ud-ewt",
    data="UD English EWT: sentences of its dev file, the last 200 held out; its test file",
    read=read,
    score=score,
    metric="accuracy",
    ours=Pipeline(
        "luke_tagger",
        shipped("luke_tagger"),
        {
            "components.luke_tagger.gold": "tag",
            "components.luke_tagger.model.mixed_precision": True,
            "training.batcher.size": 600,
            "training.max_steps": 400,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
        collect,
    ),
    rules={"most frequent tag": most_frequent, "most frequent tag of the word": most_frequent_of_word},
    rivals=(Pipeline("spaCy's tagger", preset("tagger"), {"training.max_steps": 2000}),),
)
