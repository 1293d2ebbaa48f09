"""The `luke_qa` component: answers to questions, as spans of the document."""

from __future__ import annotations

import re
import string
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..annotation import check_text, get_questions
from ..errors import Errors, Warnings
from ..inputs.pieces import DocPieces, Extent
from ..inputs.texts import TextRow
from ..types import Answer
from .answers import AnswerTable, answer_table, best_spans
from .gold import align
from .probabilities import softmax
from .settings import make_factory, require, setting
from .text import DocScores, TextItems, TextPipe

if TYPE_CHECKING:
    from torch import Tensor

_ARTICLES = re.compile(r"\b(a|an|the)\b")
UNKNOWN = (-1, -1)  # a gold answer that doesn't fall on the document's tokens


@dataclass(eq=False, repr=False)
class LukeQuestionAnswering(TextPipe):
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
    """

    reads = "LukeForQuestionAnswering"
    architecture = "spacy-luke.QuestionAnswering.v1"
    doc_first = False

    questions: list[str] = setting(make=list)
    n_best: int = setting(1)
    max_answer_length: int = setting(30)
    no_answer_margin: float | None = setting(0.0)
    spans_key: str = setting("luke_answers")

    def __post_init__(self) -> None:
        super().__post_init__()
        questions = self.questions
        fits = not isinstance(questions, str) and all(isinstance(q, str) and q.strip() for q in questions)
        require(self.name, fits, "questions", questions, "a list of questions, none of them empty")
        for question in questions:
            check_text(question, "question")
        for name in ("n_best", "max_answer_length"):
            require(self.name, getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(self.name, bool(self.spans_key), "spans_key", self.spans_key, "a name in doc.spans")

    # --- asking ----------------------------------------------------------------------------

    def beside(self, doc: Doc) -> Sequence[str]:
        """RETURNS (Sequence[str]): The questions of a document, each once; a blank one asks nothing."""
        questions = dict.fromkeys(get_questions(doc) or self.questions)
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
        shares, order = softmax(scores), np.argsort(-scores, kind="stable")
        return [Answer(question, members[i], float(shares[i])) for i in order]

    def _ask(self, doc: Doc, question: str) -> AnswerTable | None:
        asks = bool(check_text(question, "question").strip())
        require(self.name, asks, "question", question, "a text that isn't empty")
        if not self.speaks:
            warnings.warn(Warnings.W302.format(name=self.name, task=self.reads), stacklevel=3)
            return None
        (scores,) = self.logits([doc], [(question,)])
        return answer_table(scores.texts[0], scores.pieces)

    # --- answering -------------------------------------------------------------------------

    def decode_doc(self, doc: Doc, scores: DocScores) -> list[list[Answer]] | None:
        """RETURNS (list[list[Answer]] | None): The answers to each question; None if there are no questions."""
        asked = zip(self.beside(doc), scores.texts, strict=True)
        tables = [(question, answer_table(rows, scores.pieces)) for question, rows in asked]
        return [self._best(doc, question, table, self.n_best) for question, table in tables] or None

    def _best(self, doc: Doc, question: str, table: AnswerTable, n_best: int) -> list[Answer]:
        """The best spans, and among them that there is none: first if it wins, else by its probability."""
        scores = table.spans(len(doc), self.max_answer_length)
        best, margin = float(scores.max(initial=-np.inf)), self.no_answer_margin
        highest = max(best, table.none)
        weights = np.exp(scores - highest)  # of spans that aren't there: 0
        nothing = float(np.exp(table.none - highest))
        total = float(weights.sum(dtype=np.float64)) + nothing
        answers = [
            Answer(question, doc[start:end], float(weights[start, end - start - 1]) / total)
            for start, end in best_spans(scores, n_best)
        ]
        none = Answer(question, None, nothing / total)
        if not answers or (margin is not None and table.none > best + margin):
            return [none, *answers]
        return [answers[0], *sorted([*answers[1:], none], key=lambda answer: -answer.score)]

    def annotate(self, doc: Doc, prediction: list[list[Answer]]) -> None:
        """Write the spans; none where no answer is the best one."""
        group = SpanGroup(doc, name=self.spans_key)
        answered = [answer for answers in prediction if answers[0].span is not None for answer in answers]
        found = [(answer, answer.span) for answer in answered if answer.span is not None]
        group.extend([Span(doc, span.start, span.end, label=answer.question) for answer, span in found])
        group.attrs["scores"] = [answer.score for answer, _ in found]
        group.attrs["questions"] = [answers[0].question for answers in prediction]
        group.attrs["no_answer"] = [a.score for answers in prediction for a in answers if a.span is None]
        doc.spans[self.spans_key] = group

    # --- training --------------------------------------------------------------------------

    def gold_place(self) -> str:
        """See `Task.gold_place`."""
        return f"doc.spans[{self.spans_key!r}], with questions in doc._.luke_question or in the config"

    def gold_answers(self, doc: Doc) -> dict[str, list[Span]] | None:
        """doc (Doc): A reference document, with its questions and with its answers in `doc.spans`, labelled with their
            question; with one question any label will do.
        RETURNS (dict[str, list[Span]] | None): Answers by question, empty for questions without one; None if the
            group of spans isn't there.
        RAISES (ValueError): If an answer is to none of several questions."""
        if self.spans_key not in doc.spans:
            return None
        questions = self.beside(doc)
        gold: dict[str, list[Span]] = {question: [] for question in questions}
        if not questions:
            return gold
        for span in doc.spans[self.spans_key]:
            question = questions[0] if len(questions) == 1 else span.label_
            if question not in gold:
                told = {"answer": span.text, "label": span.label_, "questions": list(gold)}
                text, key = doc[:10].text, self.spans_key
                raise ValueError(Errors.L316.format(name=self.name, text=text, key=key, **told))
            gold[question].append(span)
        return gold

    def gold_of(self, example: Example) -> list[Extent | None] | None:
        """RETURNS (list | None): The token extent of each question's first answer, None for questions without
        one; None if the reference isn't annotated."""
        gold = self.gold_answers(example.reference)
        if not gold:
            return None
        first = [spans[0] if spans else None for spans in gold.values()]
        places = [None if span is None else align(span, example.predicted) or UNKNOWN for span in first]
        off = [span.text for span, place in zip(first, places, strict=True) if span and place == UNKNOWN]
        self.unused.count(Warnings.W304, "answers", len(first) - first.count(None), off)
        return places

    def row_loss(self, logits: Tensor, items: TextItems, golds: Sequence[Any]) -> Tensor | None:
        """RETURNS (Tensor | None): Cross entropy of starts and of ends. A window that doesn't show the answer has
        none, which is the first place of its row."""
        docs = [row.window.doc for row in items.rows]
        asked = zip(items.rows, docs, strict=True)
        targets = [_target(row, items.pieces[doc], golds[doc][row.beside]) for row, doc in asked]
        places = np.array(targets, dtype=np.int64)
        if not (places >= 0).any():
            return None
        allowed = np.zeros(logits.shape[:2], dtype=np.bool_)
        for number, row in enumerate(items.rows):
            allowed[number, [0, *range(row.at, row.at + len(row.window))]] = True
        loss: Tensor = self.network.answer_loss(logits, allowed, places)
        return loss


make_qa = make_factory(
    "luke_qa",
    LukeQuestionAnswering,
    scorer="spacy-luke.qa_scorer.v1",
    assigns=["doc.spans"],
    score_weights={"luke_answers_f": 1.0, "luke_answers_em": 0.0},
)


def _target(row: TextRow, pieces: DocPieces, gold: Extent | None) -> tuple[int, int]:
    """First and last place of the answer in a row; -100 where it is unknown."""
    if gold == UNKNOWN:
        return -100, -100
    first, last = (0, 0) if gold is None else pieces.extent(*gold)
    if not row.window.start <= first < last <= row.window.end:
        return 0, 0
    return first - row.window.start + row.at, last - 1 - row.window.start + row.at


# --- scoring -------------------------------------------------------------------------------


def make_qa_scorer() -> Callable[..., dict[str, Any]]:
    """RETURNS (Callable): `score_answers`."""
    return score_answers


def score_answers(examples: Iterable[Example], *, pipe: LukeQuestionAnswering, **_: Any) -> dict[str, Any]:
    """Registered as `spacy-luke.qa_scorer.v1`: the share of questions whose best answer is a gold one
    (`luke_answers_em`), and the mean F1 of its words (`luke_answers_f`), both as in SQuAD. Documents that were asked
    nothing don't count: `spacy-luke.Corpus.v1` gives them their questions, spaCy's own reader doesn't.

    examples (Iterable[Example]): The examples.
    pipe (LukeQuestionAnswering): The pipe.
    RETURNS (dict[str, Any]): The scores; None where there is no gold, or nothing was asked.
    """
    exact, overlap = list[float](), list[float]()
    for example in examples:
        if pipe.spans_key not in example.predicted.spans:
            continue
        best: dict[str, str] = {}
        for span in example.predicted.spans[pipe.spans_key]:
            best.setdefault(span.label_, span.text)
        for question, spans in (pipe.gold_answers(example.reference) or {}).items():
            answer = _words(best.get(question, ""))
            golds = [_words(span.text) for span in spans] or [[]]
            exact.append(float(answer in golds))
            overlap.append(max(_word_f1(answer, gold) for gold in golds))
    if not exact:
        return {"luke_answers_em": None, "luke_answers_f": None}
    return {"luke_answers_em": sum(exact) / len(exact), "luke_answers_f": sum(overlap) / len(overlap)}


def _words(text: str) -> list[str]:
    """Words without case, punctuation and articles: SQuAD's way to compare answers."""
    plain = "".join(c for c in text.lower() if c not in string.punctuation)
    return _ARTICLES.sub(" ", plain).split()


def _word_f1(answer: list[str], gold: list[str]) -> float:
    if not answer or not gold:
        return float(answer == gold)
    common = sum((Counter(answer) & Counter(gold)).values())
    return float(PRFScore(tp=common, fp=len(answer) - common, fn=len(gold) - common).fscore)
