"""The figures that are reported, as plain functions of sets and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors

T = TypeVar("T", bound=Hashable)
Triple = tuple[Hashable, Hashable, str]


def ratio(part: float, whole: float) -> float:
    """A share, 0 where there is nothing to share, as in spaCy's scores.

    part (float): The part.
    whole (float): The whole.
    RETURNS (float): part / whole, or 0.0.
    """
    return part / whole if whole else 0.0


def f_score(precision: float, recall: float) -> float:
    """F1.

    precision (float): Precision.
    recall (float): Recall.
    RETURNS (float): Their harmonic mean.
    """
    return ratio(2 * precision * recall, precision + recall)


@dataclass(frozen=True)
class Counts:
    """Right, wrong and missed answers.

    tp (int): Predicted and gold.
    fp (int): Predicted only.
    fn (int): Gold only.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the predicted that is right."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the gold that was predicted."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """F1 of precision and recall."""
        return f_score(self.precision, self.recall)

    def to_dict(self) -> dict[str, float]:
        """RETURNS (dict[str, float]): Precision, recall and F1 as "p", "r" and "f", spaCy's form."""
        return {"p": self.precision, "r": self.recall, "f": self.f1}


def count(predicted: AbstractSet[T], gold: AbstractSet[T]) -> Counts:
    """Compare two sets of answers: exact NER, mention-pair relations, facts.

    predicted (Set): E.g. {(start, end, label)}.
    gold (Set): The same.
    RETURNS (Counts): Their counts.
    """
    both = len(predicted & gold)
    return Counts(both, len(predicted) - both, len(gold) - both)


def total(counts: Iterable[Counts]) -> Counts:
    """Sum over documents or labels; its F1 is the micro-F1.

    counts (Iterable[Counts]): Any number of counts.
    RETURNS (Counts): Their sum.
    """
    return sum(counts, Counts())


def count_by_label(predicted: AbstractSet[Any], gold: AbstractSet[Any]) -> dict[str, Counts]:
    """Compare two sets of answers by label.

    predicted (Set[tuple]): Tuples whose last element is the label.
    gold (Set[tuple]): The same.
    RETURNS (dict[str, Counts]): Counts of each label that occurs, sorted.
    """
    right = Counter(answer[-1] for answer in predicted & gold)
    wrong = Counter(answer[-1] for answer in predicted - gold)
    missed = Counter(answer[-1] for answer in gold - predicted)
    return {
        label: Counts(right[label], wrong[label], missed[label]) for label in sorted(right | wrong | missed)
    }


def macro_f1(by_label: Mapping[str, Counts]) -> float:
    """Mean F1 over the labels that have gold answers.

    by_label (Mapping[str, Counts]): Counts by label, over all documents.
    RETURNS (float): 0.0 where no label has gold answers.
    """
    scores = [counts.f1 for counts in by_label.values() if counts.tp + counts.fn]
    return ratio(sum(scores), len(scores))


def accuracy(predicted: Sequence[Hashable], gold: Sequence[Hashable]) -> float:
    """Share of equal answers, e.g. the type of each gold mention.

    predicted (Sequence): One answer for each question; "" or None for none given.
    gold (Sequence): The right ones.
    RETURNS (float): 0.0 where there are none.
    RAISES (ValueError): If the lengths differ.
    """
    if len(predicted) != len(gold):
        raise ValueError(Errors.L437.format(predicted=len(predicted), gold=len(gold)))
    return ratio(sum(p == g for p, g in zip(predicted, gold, strict=True)), len(gold))


# --- Relations of a document's entities --------------------------------------------------


class DocumentScore(NamedTuple):
    """Relations over entity pairs, as DocRED's evaluation counts them.

    counts (Counts): All triples.
    known (int): Right predictions whose names are related the same way in the training data.
    """

    counts: Counts
    known: int = 0

    @property
    def ign_precision(self) -> float:
        """Precision without right predictions that the training data tells."""
        return ratio(self.counts.tp - self.known, self.counts.tp + self.counts.fp - self.known)

    @property
    def ign_f1(self) -> float:
        """Ign F1: of that precision and the full recall."""
        return f_score(self.ign_precision, self.counts.recall)


def score_document(
    predicted: AbstractSet[Triple],
    gold: AbstractSet[Triple],
    names: Mapping[Hashable, Collection[str]],
    train_facts: AbstractSet[tuple[str, str, str]],
) -> DocumentScore:
    """Score one document's relations between entities, with and without facts known from training.

    Yao et al., 2019: https://github.com/thunlp/DocRED, evaluation.py. A right triple is known if any name of
    its head, any name of its tail and the relation are a fact of the training data.

    predicted (Set[tuple]): Triples (head entity, tail entity, relation).
    gold (Set[tuple]): The same.
    names (Mapping[Hashable, Collection[str]]): The texts of each entity's mentions.
    train_facts (Set[tuple[str, str, str]]): (head name, tail name, relation) of the training data.
    RETURNS (DocumentScore): The document's score; sum them with `total_documents`.
    """
    known = sum(
        any(
            (head_name, tail_name, label) in train_facts
            for head_name in names[head]
            for tail_name in names[tail]
        )
        for head, tail, label in predicted & gold
    )
    return DocumentScore(count(predicted, gold), known)


def total_documents(scores: Iterable[DocumentScore]) -> DocumentScore:
    """Sum over documents.

    scores (Iterable[DocumentScore]): One for each document.
    RETURNS (DocumentScore): Their sum.
    """
    scores = list(scores)
    return DocumentScore(total(score.counts for score in scores), sum(score.known for score in scores))


class MatchScore(NamedTuple):
    """Answers that may be right in several ways: right predictions and found gold may differ in number.

    right (int): Predicted answers that match any gold answer.
    predicted (int): All predicted answers.
    found (int): Gold answers that any predicted answer matches.
    gold (int): All gold answers.
    """

    right: int
    predicted: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted that is right."""
        return ratio(self.right, self.predicted)

    @property
    def recall(self) -> float:
        """Share of the gold that was found."""
        return ratio(self.found, self.gold)

    @property
    def f1(self) -> float:
        """F1 of precision and recall."""
        return f_score(self.precision, self.recall)


def match(predicted: Iterable[AbstractSet[T]], gold: Iterable[AbstractSet[T]]) -> MatchScore:
    """Score facts read from raw text, strictly: one is right if it shares one of its forms with a gold fact.

    The forms of a gold fact are all pairs of mentions of its entities, with the relation: by offsets, or by
    normalized text. Those of a predicted fact are the pairs that support it.

    predicted (Iterable[Set]): Each predicted answer's forms.
    gold (Iterable[Set]): Each gold answer's forms.
    RETURNS (MatchScore): Counts of one document; sum them with `total_matches`.
    """
    predicted, gold = list(predicted), list(gold)
    told = {form for forms in predicted for form in forms}
    true = {form for forms in gold for form in forms}
    return MatchScore(
        right=sum(not true.isdisjoint(forms) for forms in predicted),
        predicted=len(predicted),
        found=sum(not told.isdisjoint(forms) for forms in gold),
        gold=len(gold),
    )


def total_matches(scores: Iterable[MatchScore]) -> MatchScore:
    """Sum over documents.

    scores (Iterable[MatchScore]): One for each document.
    RETURNS (MatchScore): Their sum.
    """
    sums = [sum(column) for column in zip(*scores, strict=True)]
    return MatchScore(*sums) if sums else MatchScore(0, 0, 0, 0)


# --- Certainty ---------------------------------------------------------------------------


def bootstrap_interval(
    items: Sequence[Any],
    statistic: Callable[[list[Any]], float],
    *,
    n_samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """How far a figure would move with other documents: the percentile bootstrap over documents.

    items (Sequence): What each document gives, e.g. its `Counts`.
    statistic (Callable[[list], float]): The figure of such a list, e.g. `lambda counts: total(counts).f1`.
    n_samples (int): How many lists to draw, each as long as `items`, with replacement.
    level (float): Share of the drawn figures inside the interval.
    seed (int): Equal seeds give equal intervals.
    RETURNS (tuple[float, float]): Lower and upper end.
    RAISES (ValueError): If there are no items, or the level is not between 0 and 1.
    """
    if not items:
        raise ValueError(Errors.L436.format(name="items", allowed="one item or more", value=items))
    if not 0 < level < 1:
        raise ValueError(Errors.L436.format(name="level", allowed="between 0 and 1", value=level))
    drawn = np.random.default_rng(seed).integers(len(items), size=(n_samples, len(items)))
    figures: NDArray[np.float64] = np.array([statistic([items[i] for i in row]) for row in drawn])
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class Operating(NamedTuple):
    """What a threshold would give.

    threshold (float): Answers with this score or more are given.
    precision (float): Share of them that is right.
    recall (float): Share of the gold answers among them.
    f1 (float): F1 of both.
    answers (int): How many are given.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    answers: int


def threshold_table(
    scored: Iterable[tuple[float, bool]], n_gold: int, thresholds: Iterable[float]
) -> list[Operating]:
    """Precision and recall by threshold.

    scored (Iterable[tuple[float, bool]]): Score of each possible answer, and whether it is right.
    n_gold (int): How many gold answers there are, given or not.
    thresholds (Iterable[float]): The thresholds to try.
    RETURNS (list[Operating]): One row each, in the order given.
    """
    scored = list(scored)
    table = []
    for threshold in thresholds:
        given = [right for score, right in scored if score >= threshold]
        precision, recall = ratio(sum(given), len(given)), ratio(sum(given), n_gold)
        table.append(Operating(threshold, precision, recall, f_score(precision, recall), len(given)))
    return table
