"""DocRED's figures: relations of a document's entities, with and without those that the training data tell.

Yao et al., 2019: https://github.com/thunlp/DocRED, evaluation.py.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from spacy_luke.annotation import get_told
from spacy_luke.training.answers import Comparison
from spacy_luke.training.metrics import count
from spacy_luke.training.outcomes import entity

from .metrics import f_score

Triple = tuple[Hashable, Hashable, str]
NameTriple = tuple[str, str, str]


class DocumentScore(NamedTuple):
    """Relations over entity pairs.

    counts (PRFScore): All triples.
    known (int): Right predictions whose names are related the same way in the training data.
    """

    counts: PRFScore
    known: int = 0

    @property
    def ign_precision(self) -> float:
        """Precision without right predictions that the training data tells."""
        return float(PRFScore(tp=self.counts.tp - self.known, fp=self.counts.fp).precision)

    @property
    def ign_f1(self) -> float:
        """Ign F1: of that precision and the full recall."""
        return f_score(self.ign_precision, self.counts.recall)


def score_document(
    predicted: AbstractSet[Triple],
    gold: AbstractSet[Triple],
    names: Mapping[Hashable, Collection[str]],
    train_facts: AbstractSet[NameTriple],
) -> DocumentScore:
    """Score one document's relations between entities.

    A right triple is known if any name of its head, any name of its tail and the relation are a fact of the training
    data.

    predicted (Set[tuple]): Triples (head entity, tail entity, relation).
    gold (Set[tuple]): The same.
    names (Mapping[Hashable, Collection[str]]): The texts of each entity's mentions.
    train_facts (Set[tuple[str, str, str]]): (head name, tail name, relation) of the training data.
    RETURNS (DocumentScore): The document's score.
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


def known_score(facts: Comparison, gold: Doc, train_facts: AbstractSet[NameTriple]) -> DocumentScore:
    """One document's part in the figures.

    facts (Comparison): From `fact_answers`, decided.
    gold (Doc): The gold document.
    train_facts (Set[tuple[str, str, str]]): What the training data tell by name, see `name_triples`.
    RETURNS (DocumentScore): Counts, and how many right answers the training data tell.
    """
    names: Any = entity_names(gold)
    predicted: Any = facts.predicted
    expected: Any = facts.gold
    return score_document(predicted, expected, names, train_facts)


def entity_names(doc: Doc) -> dict[str, set[str]]:
    """The texts of each entity's mentions, nested ones too.

    doc (Doc): The gold document.
    RETURNS (dict[str, set[str]]): Texts by entity.
    """
    names: dict[str, set[str]] = {}
    for group in (doc.ents, *doc.spans.values()):
        for span in group:
            names.setdefault(entity(span), set()).add(span.text)
    return names


def name_triples(doc: Doc) -> set[NameTriple]:
    """What a training document tells by name: the facts that Ign F1 leaves out.

    doc (Doc): A document with gold relations.
    RETURNS (set[tuple[str, str, str]]): (head text, tail text, label).
    """
    return {(r.head.text, r.tail.text, r.label) for r in get_told(doc)}
