"""Pronouns and the like lend their pairs to the entity of their coreference cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc
from tiny import TEXTS, make_pipeline

Make = Callable[..., str]


@pytest.fixture
def nlp(make_checkpoint: Make) -> Language:
    nlp = make_pipeline(make_checkpoint(loud=True))
    nlp.get_pipe("luke").thresholds.update({"ner": 0.0, "relations": 0.0, "facts": 0.0})
    return nlp


def said(doc: Doc) -> list[Any]:
    """All but the facts."""
    relations = [(r.head.start, r.tail.start, *r[2:]) for r in doc._.luke_relations]
    return [
        [(e.start, e.end, e.label_, e._.luke_label, e._.luke_labels) for e in doc.ents],
        np.array([e._.luke_vector for e in doc.ents]),
        relations,
    ]


def test_lent_mentions_support_facts_and_show_nowhere_else(nlp: Language) -> None:
    plain = nlp(" ".join(TEXTS))
    name, *others = plain.ents
    taken = {token.i for ent in plain.ents for token in ent}
    stand_in = next(token.i for token in plain if token.i not in taken)
    doc = nlp.make_doc(plain.text)
    doc.spans["coref_clusters_1"] = [doc[name.start : name.end], doc[stand_in : stand_in + 1]]
    doc = nlp(doc)
    before, after = said(plain), said(doc)
    assert after[0] == before[0]
    assert after[1] == pytest.approx(before[1], abs=1e-4)
    assert after[2] == before[2]
    lent = [
        (fact, pair)
        for fact in doc._.luke_facts
        for pair in fact.pairs
        if stand_in in (pair.head.start, pair.tail.start)
    ]
    assert lent
    for fact, pair in lent:
        side, text = ("head", fact.head) if pair.head.start == stand_in else ("tail", fact.tail)
        assert getattr(pair, side).label_ == name.label_
        assert text == name.text
        assert fact.score == max(pair.score for pair in fact.pairs)
    assert len(doc._.luke_facts) >= len(plain._.luke_facts)
    assert others


def test_two_mentions_of_one_entity_make_no_fact(nlp: Language) -> None:
    plain = nlp(" ".join(TEXTS))
    assert plain._.luke_facts
    doc = nlp.make_doc(plain.text)
    doc.spans["coref_clusters_1"] = [doc[ent.start : ent.end] for ent in plain.ents]
    assert nlp(doc)._.luke_facts == ()
