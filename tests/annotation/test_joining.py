"""Documents joined to one keep their annotation, and so do entities that get another label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span, Token

from spacy_luke import Relation, set_extensions
from spacy_luke.annotation import facts_from_relations, join_docs, span_as_doc, stored, write_entities
from spacy_luke.annotation.kinds import KINDS, Kind

set_extensions()
NLP = spacy.blank("en")


def make(text: str, score: float = 0.5) -> Doc:
    """A sentence "X met Y ." with all that can be stored."""
    doc = NLP(text)
    doc[0].is_sent_start = True
    name = doc[0].lower_
    doc.ents = [Span(doc, 0, 1, "PER", kb_id=f"Q{name}", span_id=f"e{name}"), Span(doc, 2, 3, "PER")]
    doc.spans["luke_nested"] = [Span(doc, 0, 3, "X", span_id="n")]
    write_entities(doc, doc.ents, [{"PER": score}, {}], ["PER", ""], np.full((2, 3), score))
    doc.ents[0]._.luke_candidates = [("Ada Lovelace", score)]
    doc._.luke_relations = [Relation(*doc.ents, "met", score, "P1")]
    doc._.luke_unsure_relations = doc._.luke_relations
    doc._.luke_facts = facts_from_relations(doc._.luke_relations)
    doc._.luke_text_pair, doc._.luke_question, doc._.luke_choices = "pair", ("Who?",), ("a", "b")
    doc._.luke_choice = "b"
    doc[1]._.luke_tag = "VERB"
    doc._.luke_id, doc._.luke_meta = "1", {"source": "news"}
    return doc


def said(doc: Doc, start: int = 0, end: int | None = None) -> list[Any]:
    """All that stands in a part of a document, by its first token."""
    part = doc[start : len(doc) if end is None else end]
    inside = [ent for ent in doc.ents if part.start <= ent.start and ent.end <= part.end]
    rows = [
        (
            (ent.start - start, ent.end - start, ent.label_, ent.kb_id_, ent.id_),
            (ent._.luke_label, ent._.luke_labels, ent._.luke_candidates),
            None if ent._.luke_vector is None else ent._.luke_vector.tolist(),
        )
        for ent in inside
    ]
    pairs = [
        (r.head.start - start, r.tail.start - start, *r[2:])
        for r in doc._.luke_relations
        if part.start <= r.head.start < part.end
    ]
    return [rows, pairs, [(t.text, t._.luke_tag, t.is_sent_start) for t in part]]


@pytest.mark.parametrize(
    "texts", [["Ada met Bob ."], ["Ada met Bob .", "", "Eve saw Kim", "\n", "Bob met Ada"]]
)
def test_joined_documents_say_what_each_said(texts: list[str]) -> None:
    docs = [make(text, i / 10 + 0.25) if len(text) > 2 else NLP(text) for i, text in enumerate(texts)]
    before = [said(doc) for doc in docs]
    with pytest.warns(UserWarning, match="never annotated") if "\n" in texts else _no_warning():
        joined = join_docs(docs)
    start = 0
    for doc, expected in zip(docs, before, strict=True):
        assert said(joined, start, start + len(doc)) == expected == said(doc)
        start += len(doc)
    again = next(iter(DocBin(docs=[joined], store_user_data=True).get_docs(NLP.vocab)))
    assert said(again) == said(joined)


class _no_warning:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_is_joined(kind: Kind) -> None:
    docs = [make("Ada met Bob ."), make("Eve saw Kim .")]
    joined = join_docs(docs)
    assert kind.name in stored(joined)
    for doc, at in zip(docs, (0, 4), strict=True):
        theirs = joined[at : at + 4]
        owners = {Doc: (joined, doc), Span: (joined.ents[at // 2], doc.ents[0]), Token: (theirs[1], doc[1])}
        ours, own = (getattr(owner._, kind.attribute) for owner in owners[kind.owner])
        if kind.name not in ("relations", "unsure", "facts"):
            assert repr(ours) == repr(own)
        else:
            assert len(ours) == 2


def test_facts_of_the_same_names_are_one() -> None:
    joined = join_docs([make("Ada met Bob .", 0.25), make("Eve saw Kim ."), make("ada met Bob .", 0.75)])
    facts = [(f.head, f.tail, f.score, [p.score for p in f.pairs]) for f in joined._.luke_facts]
    assert facts == [("ada", "Bob", 0.75, [0.75, 0.25]), ("Eve", "Kim", 0.5, [0.5])]
    assert [f.label for f in joined._.luke_facts] == ["met", "met"]
    assert joined._.luke_facts == facts_from_relations(joined._.luke_relations)


def test_joining_undoes_cutting() -> None:
    whole = join_docs([make("Ada met Bob ."), make("Eve saw Kim .")])
    parts = [span_as_doc(sent) for sent in whole.sents]
    assert said(join_docs(parts)) == said(whole)


def test_what_does_not_fit_together_is_told() -> None:
    one, two = make("Ada met Bob ."), make("Eve saw Kim .")
    two._.luke_question = "Where?"
    two.ents[0]._.luke_vector = two.ents[1]._.luke_vector = None
    two.ents[0]._.luke_vector = [1.0]
    one.user_data["title"], two.user_data["title"] = "A", "B"
    one.user_data["source"] = two.user_data["source"] = "C"
    one.user_data["luke_relations_looked_for"] = ["met", "knows"]
    two.user_data["luke_relations_looked_for"] = ["met", "left"]
    with pytest.warns(UserWarning, match=r"has no user_data\['title'\], luke_vector, luke_question, because"):
        joined = join_docs([one, two])
    assert joined._.luke_question is None
    assert joined.user_data["source"] == "C"
    assert joined.user_data["luke_relations_looked_for"] == ["met"]
    with pytest.raises(ValueError, match="no documents to join"):
        join_docs([])


@given(st.lists(st.sampled_from(["Ada met Bob .", "Eve saw Kim", "Ö👩‍🔬 met x  "]), min_size=1, max_size=5))
@settings(deadline=None, max_examples=30)
def test_any_documents(texts: list[str]) -> None:
    docs = [make(text) for text in texts]
    joined = join_docs(docs)
    assert [r.head.text for r in joined._.luke_relations] == [doc.ents[0].text for doc in docs]
    assert [e._.luke_labels for e in joined.ents[::2]] == [doc.ents[0]._.luke_labels for doc in docs]


# --- entities that got another label -------------------------------------------------------


def relabel(doc: Doc) -> Doc:
    doc.ents = [
        Span(doc, ent.start, ent.end, "Person", kb_id=ent.kb_id_, span_id=ent.id_) for ent in doc.ents
    ]
    return doc


def test_another_label_keeps_what_is_known() -> None:
    doc = make("Ada met Bob .")
    before = said(doc)
    after = said(relabel(doc))
    assert [row[1:] for row in after[0]] == [row[1:] for row in before[0]]
    (relation,) = doc._.luke_relations
    assert (relation.head, relation.tail) == doc.ents
    assert doc._.luke_facts[0].pairs[0].head.label_ == "Person"
    part = span_as_doc(doc[:])
    assert said(part) == said(doc)
    doc.ents[0]._.luke_label = "scientist"
    assert doc.ents[0]._.luke_label == "scientist"


def test_two_at_one_place_keep_their_own() -> None:
    doc = make("Ada met Bob .")
    doc.spans["sc"] = [Span(doc, 0, 1, "PER")]  # whose row it is
    relabel(doc)
    assert doc.spans["sc"][0]._.luke_label == "PER"
    assert (doc.ents[0]._.luke_label, doc.ents[0]._.luke_vector) == ("", None)
    assert doc._.luke_relations[0].head == doc.spans["sc"][0]
    two = make("Ada met Bob .")
    two.spans["sc"] = [Span(two, 0, 1, "A")]
    relabel(two)  # neither of them is called as the row is
    assert {span._.luke_label for span in (two.ents[0], two.spans["sc"][0])} == {""}
    three = NLP("Ada met Bob .")
    for label in ("A", "B"):
        Span(three, 0, 1, label)._.luke_label = label
    assert Span(three, 0, 1, "C")._.luke_label == ""
