from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from scripts.lookup import Lookup, TypeLookup, fit_lookup, lookup_answers, lookup_facts, see
from spacy_luke.annotation import set_extensions

set_extensions()
VOCAB = spacy.blank("en").vocab


def sentence(text: str, *labels: str, types: str = "PER LOC") -> Doc:
    """A sentence whose first and last word are related by the labels."""
    words = text.split()
    doc = Doc(VOCAB, words=words, sent_starts=[True, *[False] * (len(words) - 1)])
    first, last = types.split()
    doc.ents = [Span(doc, 0, 1, first), Span(doc, len(words) - 1, len(words), last)]
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], label) for label in labels]
    return doc


def labels(lookup: Lookup, doc: Doc) -> set[str]:
    return {label for *_, label in lookup_answers(lookup, doc).predicted}


def learned(*docs: Doc, share: float = 0.5, least: int = 1) -> Lookup:
    lookup = Lookup(share, least)
    for doc in docs:
        lookup.learn(see(doc))
    return lookup


def test_the_words_between_decide() -> None:
    lookup = learned(sentence("Ada left Rome", "left"), sentence("Bob likes Rome", "likes"))
    assert labels(lookup, sentence("Eve LEFT Oslo")) == {"left"}
    assert labels(lookup, sentence("Eve likes Oslo")) == {"likes"}


def test_types_and_order_where_the_words_are_new() -> None:
    lookup = learned(*[sentence("Ada left Rome", "left")] * 2, sentence("Bob likes Rome", "likes"))
    assert labels(lookup, sentence("Eve fled Oslo")) == {"left"}
    assert labels(lookup, sentence("Oslo fled Eve", types="LOC PER")) == set()
    assert labels(lookup, sentence("Eve fled Nato", types="PER ORG")) == set()


def test_words_between_have_to_be_common_enough() -> None:
    seen = [sentence("Ada left Rome", "left")] * 3 + [sentence("Bob likes Rome", "likes")]
    assert labels(learned(*seen, least=1), sentence("Eve likes Oslo")) == {"likes"}
    assert labels(learned(*seen, least=2), sentence("Eve likes Oslo")) == {"left"}


def test_gold_is_never_looked_at() -> None:
    lookup = learned(sentence("Ada left Rome", "left"))
    answers = lookup_answers(lookup, sentence("Eve left Oslo", "likes"))
    assert {label for *_, label in answers.predicted} == {"left"}
    assert {label for *_, label in answers.gold} == {"likes"}


def test_overlapping_mentions_have_no_words_between() -> None:
    doc = sentence("New York fell")
    doc.ents = [Span(doc, 0, 2, "LOC")]
    doc.spans["luke_nested"] = [Span(doc, 1, 2, "LOC")]
    assert [pair.exact for pair in see(doc)] == [("LOC", "LOC", True, ()), ("LOC", "LOC", False, ())]


def test_settings_come_from_cross_validation() -> None:
    """Each verb is seen once, so held-out documents have to go by the types, and "likes" by its words."""
    docs = [sentence(f"Ada {verb} Rome", "left") for verb in "abcdef"]
    docs += [sentence("Ada likes Rome") for _ in range(4)]
    lookup = fit_lookup(docs)
    assert labels(lookup, sentence("Eve likes Oslo")) == set()
    assert labels(lookup, sentence("Eve fled Oslo")) == {"left"}


def test_without_relations_there_is_nothing_to_learn() -> None:
    doc = sentence("Ada left Rome")
    doc._.luke_relations = None
    with pytest.raises(ValueError, match="nothing to look up"):
        fit_lookup([doc])


def test_facts_are_what_two_mentions_say() -> None:
    lookup = learned(sentence("Ada left Rome", "left"))
    doc = sentence("Eve left Oslo", "left", "hates")
    doc.ents = [
        Span(doc, e.start, e.end, e.label_, span_id=name) for e, name in zip(doc.ents, "ab", strict=True)
    ]
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], label) for label in ("left", "hates")]
    facts = lookup_facts(lookup, doc)
    assert facts.predicted == {("a", "b", "left")}
    assert facts.gold == {("a", "b", "left"), ("a", "b", "hates")}
    doc.ents = [Span(doc, e.start, e.end, e.label_, span_id="a") for e in doc.ents]
    assert lookup_facts(lookup, doc).predicted == set()  # nothing is related to itself


def test_types_by_text_or_the_commonest() -> None:
    train = [
        sentence("Ada left Rome"),
        sentence("Ada left Oslo"),
        sentence("rome left Bonn", types="ORG LOC"),
    ]
    lookup = TypeLookup(train)
    types = lookup.answers(sentence("ADA left Paris", types="PER ORG"))
    assert (types.predicted, types.gold) == (["PER", "LOC"], ["PER", "ORG"])
