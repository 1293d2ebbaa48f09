"""QAMR: questions about sentences of Wikipedia and Wikinews, with spans as answers (Michael et al., 2018,
https://aclanthology.org/N18-2089)."""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import spacy
from spacy.tokens import Doc, Span, Token
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_luke.annotation import get_questions, set_extensions, write_question
from spacy_luke.pipeline.qa import score_answers

from .split import tenths
from .task import Annotate, Pipeline, Splits, Task, shipped

KEY = "luke_answers"
_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "``": '"', "''": '"'}

Rows = list[list[str]]


def read(data: Path) -> Splits:
    """RETURNS (Splits): A document a question: of `dev.tsv` with a tenth of its pages held out, and of three tenths of
    the pages of `test.tsv`, which are others."""
    folder = data / "qamr"
    sentences = {row[0]: row[1].split() for row in _rows(folder / "wiki-sentences.tsv.xz")}
    held_out, *others = tenths(_rows(folder / "dev.tsv.xz"), key=_page)
    test = [row for part in tenths(_rows(folder / "test.tsv.xz"), key=_page)[:3] for row in part]
    parts = ([row for part in others for row in part], held_out, test)
    vocab = spacy.blank("en").vocab
    return Splits(*(list(_docs(rows, sentences, vocab)) for rows in parts))


def _rows(path: Path) -> Rows:
    with lzma.open(path, "rt", encoding="utf8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def _page(row: list[str]) -> str:
    """ "Wiki1k:wikipedia:16016" of "Wiki1k:wikipedia:16016:90:8"."""
    return row[0].rsplit(":", 2)[0]


def _docs(rows: Rows, sentences: dict[str, list[str]], vocab: Vocab) -> Iterator[Doc]:
    """Of the answers of three people, the asker's first, those that are one span. Questions without any are left out.

    Without spaces, so that readers keep these tokens."""
    set_extensions()
    for row in rows:
        words = [_BRACKETS.get(word, word) for word in sentences[row[0]]]
        answers = [row[6], *(judgment.partition(":")[2] for judgment in row[7:9])]
        extents = list(dict.fromkeys(extent for answer in answers if (extent := _extent(answer))))
        if extents:
            doc = Doc(vocab, words=words)
            write_question(doc, row[5])
            doc.spans[KEY] = [Span(doc, *extent, label=row[5]) for extent in extents]
            yield doc


def _extent(answer: str) -> tuple[int, int] | None:
    """First token and end of "3 4 5"; None where tokens are missing in between."""
    tokens = sorted(set(map(int, answer.split())))
    if not tokens or tokens[-1] - tokens[0] >= len(tokens):
        return None
    return tokens[0], tokens[-1] + 1


# --- rules -------------------------------------------------------------------------------


def whole_sentence(train: Sequence[Doc]) -> Annotate:
    """RETURNS (Callable[[Doc], None]): Answers with all words."""
    return lambda doc: _answer(doc, 0, len(doc))


def longest_run(fits: Callable[[Token], bool]) -> Callable[[Sequence[Doc]], Annotate]:
    """A rule that answers with the longest run of words that fit and that the question doesn't have.

    fits (Callable[[Token], bool]): Whether a word fits.
    RETURNS (Callable): The rule; it needs no training documents.
    """

    def annotate(doc: Doc) -> None:
        (question,) = get_questions(doc)
        asked = set(question.lower().rstrip("?").split())
        runs = _runs(fits(token) and token.lower_ not in asked for token in doc)
        _answer(doc, *max(runs, key=lambda run: run[1] - run[0], default=(0, len(doc))))

    return lambda train: annotate


def _runs(flags: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """Where flags are true without a gap."""
    start = None
    for i, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = i
        elif not flag and start is not None:
            yield start, i
            start = None


def _answer(doc: Doc, start: int, end: int) -> None:
    (question,) = get_questions(doc)
    doc.spans[KEY] = [Span(doc, start, end, label=question)]


def is_word(token: Token) -> bool:
    """RETURNS (bool): Whether a token is more than punctuation or a function word."""
    return not token.is_punct and not token.is_stop


# --- scores ------------------------------------------------------------------------------


class _Answers:
    """What the scorer asks a pipe for: where answers are, and the gold ones of a document."""

    spans_key = KEY

    def gold_answers(self, doc: Doc) -> dict[str, list[Span]]:
        (question,) = get_questions(doc)
        return {question: list(doc.spans[KEY])}


def score(examples: Sequence[Example]) -> dict[str, float]:
    """RETURNS (dict[str, float]): As in SQuAD, beside the nearest of the gold answers."""
    scores = score_answers(examples, pipe=_Answers())
    return {"exact_match": scores["luke_answers_em"], "word_f1": scores["luke_answers_f"]}


TASK = Task(
    name="qamr",
    data="QAMR: questions of dev.tsv, a tenth of the pages held out; of three tenths of test.tsv's pages",
    read=read,
    score=score,
    metric="word_f1",
    ours=Pipeline(
        "luke_qa",
        shipped("luke_qa"),
        {
            "components.luke_qa.no_answer_margin": None,  # every question has an answer
            "components.luke_qa.model.mixed_precision": True,
            "training.batcher.size": 1000,
            "training.max_steps": 400,
            "training.eval_frequency": 200,
            "training.optimizer.learn_rate.initial_rate": 2e-4,
        },
    ),
    rules={
        "the whole sentence": whole_sentence,
        "longest run of capitalized words that the question lacks": longest_run(lambda token: token.is_title),
        "longest run of content words that the question lacks": longest_run(is_word),
    },
)
