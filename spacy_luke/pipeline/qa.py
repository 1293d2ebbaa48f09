"""The `luke_qa` component: answers to questions, as spans of the document."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from ..annotation import read_questions
from ..errors import Warnings
from ..inputs.pieces import DocPieces, Ints
from ..inputs.texts import TextBatch, TextRow
from ..types import Answer
from .frame import DocScores, HeadPipe, RowScores
from .gold import Extent, align
from .probabilities import Floats

if TYPE_CHECKING:
    from torch import Tensor

UNKNOWN = (-1, -1)  # a gold answer that doesn't fall on the document's tokens


@dataclass(frozen=True)
class AnswerTable:
    """The logits of all answers to one question, each span as the window says it that likes it best.

    starts_ends (list[tuple[ndarray, ndarray, ndarray]]): For each window its tokens, and their logits as the first
        and as the last token of an answer.
    none (float): The logit of no answer: the least of all windows, each of which may lack it.
    """

    starts_ends: list[tuple[Ints, Floats, Floats]]
    none: float

    def spans(self, n_tokens: int, most: int) -> Floats:
        """RETURNS (ndarray): Logits of spans by first token and length - 1. Shape: (n_tokens, most)"""
        table = np.full((n_tokens, most), -np.inf, dtype=np.float32)
        for tokens, start, end in self.starts_ends:
            last = np.full(n_tokens, -np.inf, dtype=np.float32)
            last[tokens] = end
            for extra in range(min(most, n_tokens)):
                fits = tokens[tokens + extra < n_tokens]
                scores = start[: len(fits)] + last[fits + extra]
                table[fits, extra] = np.maximum(table[fits, extra], scores)
        return table

    def of(self, spans: Sequence[Extent]) -> Floats:
        """spans (Sequence[tuple[int, int]]): Token extents.
        RETURNS (ndarray): Their logits; -inf for spans that no window shows whole. Shape: (n_spans,)"""
        scores = np.full(len(spans), -np.inf, dtype=np.float32)
        for tokens, start, end in self.starts_ends:
            first = dict(zip(tokens.tolist(), start.tolist(), strict=True))
            last = dict(zip(tokens.tolist(), end.tolist(), strict=True))
            for i, (begin, stop) in enumerate(spans):
                if begin in first and stop - 1 in last:
                    scores[i] = max(scores[i], first[begin] + last[stop - 1])
        return scores


class LukeQuestionAnswering(HeadPipe):
    """Writes answers to `doc.spans`, labelled with their question, best first for each question.

    The questions are those of `doc._.luke_question`, or else `questions`; `answer` asks another one. The group's
    attributes tell the answers' probabilities ("scores"), and the questions with the probability that the text does
    not answer them ("questions", "no_answer").

    questions (Sequence[str]): What is asked of documents that bring no question.
    n_best (int): Most answers to a question; they don't overlap.
    max_answer_length (int): Most tokens of an answer.
    no_answer_margin (float | None): There is no answer if its logit exceeds that of the best span by more than this;
        None to answer always, for checkpoints that were trained on questions with answers alone.
    spans_key (str): Where answers are written, and gold answers are.
    **settings (Any): As for `HeadPipe`.
    """

    task = "LukeForQuestionAnswering"
    architecture = "spacy-luke.QuestionAnswering.v1"
    doc_first = False

    def __init__(
        self,
        vocab: Vocab,
        model: Model[TextBatch, Tensor],
        name: str = "luke_qa",
        *,
        questions: Sequence[str] = (),
        n_best: int = 1,
        max_answer_length: int = 30,
        no_answer_margin: float | None = 0.0,
        spans_key: str = "luke_answers",
        **settings: Any,
    ) -> None:
        super().__init__(vocab, model, name, **settings)
        fits = not isinstance(questions, str) and all(isinstance(q, str) and q.strip() for q in questions)
        self.require(name, fits, "questions", questions, "a list of questions, none of them empty")
        self.require(name, n_best >= 1, "n_best", n_best, "1 or more")
        self.require(name, max_answer_length >= 1, "max_answer_length", max_answer_length, "1 or more")
        self.require(name, bool(spans_key), "spans_key", spans_key, "a name in doc.spans")
        self.questions = list(questions)
        self.n_best = n_best
        self.max_answer_length = max_answer_length
        self.no_answer_margin = no_answer_margin
        self.spans_key = spans_key

    # --- asking ----------------------------------------------------------------------------

    def beside(self, doc: Doc) -> Sequence[str]:
        """RETURNS (Sequence[str]): The questions of a document, each once; a blank one asks nothing."""
        questions = dict.fromkeys(read_questions(doc) or self.questions)
        return [question for question in questions if question.strip()]

    def answer(self, doc: Doc, question: str, n_best: int = 1) -> list[Answer]:
        """Ask one question, without writing anything.

        doc (Doc): The document.
        question (str): The question.
        n_best (int): Most spans.
        RETURNS (list[Answer]): The best spans, which don't overlap, and among them, with None for the span, that
            there is no answer. Empty if the head isn't trained.
        """
        table = self._ask(doc, question)
        return [] if table is None else self._best(doc, question, table, n_best)

    def choose(self, doc: Doc, question: str, spans: Iterable[Span] | None = None) -> list[Answer]:
        """Ask a cloze question, such as "X was born in Warsaw": which of the text's entities is meant.

        doc (Doc): The document.
        question (str): The question.
        spans (Iterable[Span] | None): The answers to choose from; None for `doc.ents`.
        RETURNS (list[Answer]): All of them by probability among each other. Empty if the head isn't trained.
        """
        table = self._ask(doc, question)
        members = list(doc.ents if spans is None else spans)
        if table is None or not members:
            return []
        scores = table.of([(span.start, span.end) for span in members])
        if not np.isfinite(scores).any():
            return []
        weights = np.exp(scores - scores.max())
        order = np.argsort(-scores, kind="stable")
        return [Answer(question, members[i], float(weights[i] / weights.sum())) for i in order]

    def _ask(self, doc: Doc, question: str) -> AnswerTable | None:
        self.require(self.name, bool(question.strip()), "question", question, "a text that isn't empty")
        if not self.speaks:
            warnings.warn(Warnings.W302.format(name=self.name, task=self.task), stacklevel=3)
            return None
        (scores,) = self.read([doc], [(question,)])
        return _table(scores.texts[0], scores.pieces)

    # --- answering -------------------------------------------------------------------------

    def decode(self, doc: Doc, scores: DocScores) -> list[list[Answer]] | None:
        """RETURNS (list[list[Answer]] | None): The answers to each question; None if there are no questions."""
        tables = [_table(rows, scores.pieces) for rows in scores.texts]
        questions = self.beside(doc)
        return [
            self._best(doc, q, table, self.n_best) for q, table in zip(questions, tables, strict=True)
        ] or None

    def _best(self, doc: Doc, question: str, table: AnswerTable, n_best: int) -> list[Answer]:
        """The best spans, and among them that there is none: first if it wins, else by its probability."""
        scores = table.spans(len(doc), self.max_answer_length)
        highest = max(float(scores.max(initial=-np.inf)), table.none)
        weights = np.exp(scores - highest)  # of spans that aren't there: 0
        nothing = float(np.exp(table.none - highest))
        total = float(weights.sum(dtype=np.float64)) + nothing
        answers = [
            Answer(question, doc[start:end], float(weights[start, end - start - 1]) / total)
            for start, end in _without_overlap(scores, n_best)
        ]
        best = float(scores.max(initial=-np.inf))
        margin = self.no_answer_margin
        none = Answer(question, None, nothing / total)
        if not answers or (margin is not None and table.none > best + margin):
            return [none, *answers]
        return [answers[0], *sorted([*answers[1:], none], key=lambda answer: -answer.score)]

    def annotate(self, doc: Doc, prediction: list[list[Answer]]) -> None:
        """Write the spans; none where no answer is the best one."""
        group = SpanGroup(doc, name=self.spans_key)
        scores: list[float] = []
        for answer in (answer for answers in prediction if answers[0].span is not None for answer in answers):
            if answer.span is not None:
                group.append(Span(doc, answer.span.start, answer.span.end, label=answer.question))
                scores.append(answer.score)
        group.attrs["scores"] = scores
        group.attrs["questions"] = [answers[0].question for answers in prediction]
        group.attrs["no_answer"] = [a.score for answers in prediction for a in answers if a.span is None]
        doc.spans[self.spans_key] = group

    # --- training --------------------------------------------------------------------------

    def gold_answers(self, doc: Doc) -> dict[str, list[Span]] | None:
        """The gold answers of a reference document.

        doc (Doc): The document, with its questions and with its answers in `doc.spans`, labelled with their
            question; with one question they need no label.
        RETURNS (dict[str, list[Span]] | None): Answers by question, empty for questions without one; None if the
            group of spans isn't there.
        """
        if self.spans_key not in doc.spans:
            return None
        questions = self.beside(doc)
        gold: dict[str, list[Span]] = {question: [] for question in questions}
        for span in doc.spans[self.spans_key]:
            question = questions[0] if len(questions) == 1 and not span.label_ else span.label_
            if question in gold:
                gold[question].append(span)
        return gold

    def read_gold(self, example: Example) -> list[Extent | None] | None:
        """RETURNS (list | None): The token extent of each question's first answer, None for questions without
        one; None if the reference isn't annotated."""
        gold = self.gold_answers(example.reference)
        if not gold:
            return None
        first = [spans[0] if spans else None for spans in gold.values()]
        return [None if span is None else align(span, example.predicted) or UNKNOWN for span in first]

    def loss(
        self, logits: Tensor, rows: Sequence[TextRow], pieces: Sequence[DocPieces], golds: Sequence[Any]
    ) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy of starts and of ends. A window that doesn't show the answer has
        none, which is the first place of its row."""
        from ..layers.head_loss import answer_loss

        places = np.array(
            [_target(row, pieces[row.window.doc], golds[row.window.doc][row.beside]) for row in rows],
            dtype=np.int64,
        )
        if not (places >= 0).any():
            return None
        allowed = np.zeros(logits.shape[:2], dtype=np.bool_)
        for number, row in enumerate(rows):
            allowed[number, [0, *range(row.at, row.at + len(row.window))]] = True
        return answer_loss(logits, allowed, places)


def _target(row: TextRow, pieces: DocPieces, gold: Extent | None) -> tuple[int, int]:
    """First and last place of the answer in a row; -100 where it is unknown."""
    if gold == UNKNOWN:
        return -100, -100
    first, last = (0, 0) if gold is None else pieces.extent(*gold)
    if not row.window.start <= first < last <= row.window.end:
        return 0, 0
    return first - row.window.start + row.at, last - 1 - row.window.start + row.at


def _table(rows: Sequence[RowScores], pieces: DocPieces) -> AnswerTable:
    """Answers begin and end with tokens, so only the first and the last piece of each token count."""
    windows = []
    for scored in rows:
        window, shift = scored.row.window, scored.row.at - scored.row.window.start
        first, last = pieces.starts[:-1], pieces.starts[1:]
        tokens = np.flatnonzero((first >= window.start) & (last <= window.end) & (first < last))
        start, end = scored.logits[first[tokens] + shift, 0], scored.logits[last[tokens] - 1 + shift, 1]
        windows.append((tokens, start, end))
    none = min((float(scored.logits[0].sum()) for scored in rows), default=0.0)
    return AnswerTable(windows, none)


def _without_overlap(scores: Floats, n_best: int) -> list[Extent]:
    """The best spans that don't overlap. scores (ndarray): Shape: (n_tokens, most)
    RETURNS (list[tuple[int, int]]): Best first."""
    taken = np.zeros(len(scores), dtype=np.bool_)
    spans: list[Extent] = []
    for flat in np.argsort(-scores, axis=None, kind="stable"):
        start, extra = divmod(int(flat), scores.shape[1])
        if len(spans) == n_best or not np.isfinite(scores[start, extra]):
            break
        if not taken[start : start + extra + 1].any():
            taken[start : start + extra + 1] = True
            spans.append((start, start + extra + 1))
    return spans
