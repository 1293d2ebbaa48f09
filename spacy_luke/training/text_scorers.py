"""Scores of the pipes on whole texts. Each scorer is given the pipe that made the predictions."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..annotation import read_choice, read_choices, read_tag
from .metrics import count_by_label, total

Scores = dict[str, Any]
_ARTICLES = re.compile(r"\b(a|an|the)\b")


class _Categorizer(Protocol):
    labels: Sequence[str]
    problem: str


class _Tagger(Protocol):
    outside: str

    def gold_tags(self, example: Example) -> list[str]: ...


class _Answering(Protocol):
    spans_key: str

    def gold_answers(self, doc: Doc) -> dict[str, list[Span]] | None: ...


def make_textcat_scorer() -> Callable[..., Scores]:
    """RETURNS (Callable): `score_texts`."""
    return score_texts


def make_tagger_scorer() -> Callable[..., Scores]:
    """RETURNS (Callable): `score_tags`."""
    return score_tags


def make_qa_scorer() -> Callable[..., Scores]:
    """RETURNS (Callable): `score_answers`."""
    return score_answers


def make_choice_scorer() -> Callable[..., Scores]:
    """RETURNS (Callable): `score_choices`."""
    return score_choices


def score_texts(
    examples: Iterable[Example], *, pipe: _Categorizer, threshold: float = 0.5, **_: Any
) -> Scores:
    """Registered as `spacy-luke.textcat_scorer.v1`: spaCy's scores of `doc.cats`, or for a regression the mean
    absolute error (`cats_mae`) and Pearson's correlation (`cats_score`). References without `cats` don't count.

    examples (Iterable[Example]): The examples.
    pipe (LukeTextCategorizer): The pipe.
    threshold (float): From which probability an independent label counts.
    RETURNS (dict[str, Any]): The scores.
    """
    if pipe.problem == "regression":
        return _score_numbers(examples, pipe.labels[0])
    annotated = [example for example in examples if example.reference.cats]
    # spaCy's scorer fails where nothing is predicted, as for a text without words: there all labels are as unlikely.
    silent = {id(example.predicted) for example in annotated if not example.predicted.cats}
    nothing = dict.fromkeys(pipe.labels, 0.0)
    multi_label = pipe.problem == "multi_label_classification"
    return Scorer.score_cats(
        annotated,
        "cats",
        getter=lambda doc, _: nothing if id(doc) in silent else doc.cats,
        labels=pipe.labels,
        multi_label=multi_label,
        threshold=threshold if multi_label else None,
    )


def _score_numbers(examples: Iterable[Example], label: str) -> Scores:
    pairs = [
        (example.predicted.cats[label], example.reference.cats[label])
        for example in examples
        if label in example.predicted.cats and label in example.reference.cats
    ]
    if not pairs:
        return {"cats_mae": None, "cats_score": None}
    found, gold = np.array(pairs, dtype=np.float64).T
    varies = found.std() > 0 and gold.std() > 0
    return {
        "cats_mae": float(np.abs(found - gold).mean()),
        "cats_score": float(np.corrcoef(found, gold)[0, 1]) if varies else 0.0,
    }


def score_tags(examples: Iterable[Example], *, pipe: _Tagger, **_: Any) -> Scores:
    """Registered as `spacy-luke.tagger_scorer.v1`: accuracy of all tokens with gold (`luke_tag_acc`), and precision,
    recall and F1 of those whose label is not the outside label, of all (`luke_tag_micro_p`, `_r`, `_f`) and by label
    (`luke_tag_per_type`).

    examples (Iterable[Example]): The examples.
    pipe (LukeTagger): The pipe.
    RETURNS (dict[str, Any]): The scores; None where there is no gold.
    """
    pairs: list[tuple[str, str]] = []
    for example in examples:
        found = [read_tag(token) for token in example.predicted]
        pairs += [(tag, gold) for tag, gold in zip(found, pipe.gold_tags(example), strict=True) if gold]
    names = ("acc", "micro_p", "micro_r", "micro_f", "per_type")
    if not pairs:
        return {f"luke_tag_{name}": None for name in names}
    by_label = count_by_label(*(_inside(tags, pipe.outside) for tags in zip(*pairs, strict=True)))
    micro = total(by_label.values())
    per_type = {label: score.to_dict() for label, score in by_label.items()}
    figures = (_accuracy(pairs), micro.precision, micro.recall, micro.fscore, per_type)
    return {f"luke_tag_{name}": figure for name, figure in zip(names, figures, strict=True)}


def _accuracy(pairs: Sequence[tuple[Any, Any]]) -> float:
    return sum(found == gold for found, gold in pairs) / len(pairs)


def _inside(tags: Sequence[str], outside: str) -> set[tuple[int, str]]:
    """tags (Sequence[str]): A tag for each token. RETURNS (set[tuple[int, str]]): Those that say something."""
    return {(i, tag) for i, tag in enumerate(tags) if tag not in ("", outside)}


def score_answers(examples: Iterable[Example], *, pipe: _Answering, **_: Any) -> Scores:
    """Registered as `spacy-luke.qa_scorer.v1`: the share of questions whose best answer is a gold one
    (`luke_answers_em`), and the mean F1 of its words (`luke_answers_f`), both as in SQuAD. Documents that were asked
    nothing don't count: `spacy-luke.Corpus.v1` gives them their questions, spaCy's own reader doesn't.

    examples (Iterable[Example]): The examples.
    pipe (LukeQuestionAnswering): The pipe.
    RETURNS (dict[str, Any]): The scores; None where there is no gold, or nothing was asked.
    """
    exact: list[float] = []
    overlap: list[float] = []
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


def score_choices(examples: Iterable[Example], **_: Any) -> Scores:
    """Registered as `spacy-luke.choice_scorer.v1`: the share of right choices (`luke_choice_acc`). Documents without
    choices don't count, see `score_answers`.

    examples (Iterable[Example]): The examples.
    RETURNS (dict[str, Any]): The score; None where there is no gold, or nothing to choose from.
    """
    asked = [example for example in examples if read_choices(example.predicted)]
    pairs = [(read_choice(example.predicted), read_choice(example.reference)) for example in asked]
    known = [(found and found.number, gold.number) for found, gold in pairs if gold is not None]
    return {"luke_choice_acc": _accuracy(known) if known else None}
