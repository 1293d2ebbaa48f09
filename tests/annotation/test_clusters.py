"""Which mentions are of one entity: names, ids, coreference clusters."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_luke.annotation import entities_of, facts_from_relations, full_names, lent_mentions
from spacy_luke.types import Relation

NLP = spacy.blank("en")


def read(text: str, **ids: str) -> Doc:
    """A document whose entities are marked: "[PER Marie Curie] left"; ids are those of the n-th, "kb0" or "id0"."""
    words, ents = list[str](), list[tuple[int, int, str]]()
    for part in re.findall(r"\[\w+ [^\]]+\]|[^\s\[]+", text):
        if part.startswith("["):
            label, *inside = part[1:-1].split()
            ents.append((len(words), len(words) + len(inside), label))
            words += inside
        else:
            words.append(part)
    doc = Doc(NLP.vocab, words=words)
    doc.ents = [
        Span(doc, *ent, kb_id=ids.get(f"kb{i}", ""), span_id=ids.get(f"id{i}", ""))
        for i, ent in enumerate(ents)
    ]
    return doc


def groups(doc: Doc) -> list[list[str]]:
    """Texts of the mentions of each entity that has several."""
    found: dict[int, list[str]] = {}
    for span, entity in zip(doc.ents, entities_of(doc.ents), strict=True):
        found.setdefault(entity, []).append(span.text)
    return [texts for texts in found.values() if len(texts) > 1]


def cluster(doc: Doc, name: str, *extents: tuple[int, int]) -> None:
    doc.spans[name] = [doc[start:end] for start, end in extents]


@pytest.mark.parametrize(
    "text",
    [
        "[PER Marie Curie] left . [PER Curie] came",
        "[PER Curie] left . [PER Marie Curie] came",
        "[PERSON Marie Curie] left . [PERSON Marie] came",
        "[PER Marie Skłodowska Curie] left . [PER M. Curie] came",
        "[PER W. E. B. Du Bois] left . [PER Du Bois] came",
        "[PER J.R. Smith] left . [PER J. R. Smith] came",
        "[ORG International Business Machines] grew . [ORG IBM] grew",
        "[ORG Islamist Virtue Party] ( [ORG FP] )",
        "[ORG Bank of England] fell ; [ORG BoE] fell ; [ORG B.E.] fell".replace("; [ORG BoE] fell ", ""),
        "[LOC United States] , [LOC US]",
        "[GPE the U.S.] , [GPE US]",
        "[LOC New York City] ( [LOC NYC] )",
        "[ORG Apple Inc.] and [ORG Apple]",
        "[ORG Apple] and [ORG APPLE]",
        "[ORG Apple] and [MISC apple]",
    ],
)
def test_these_are_one(text: str) -> None:
    doc = read(text)
    assert groups(doc) == [[ent.text for ent in doc.ents]]


@pytest.mark.parametrize(
    "text",
    [
        "[PER Marie Curie] and [PER Pierre Curie] left . [PER Curie] came",
        "[PER Marie] left . [PER Marie Curie] came",  # a first name that came before
        "[PER Henry VI] came after [PER Henry V]",
        "[PER William Plumer Jr.] and [PER William Plumer]",
        "[PER Gohar Ayub Khan] and [PER Ayub Khan]",
        "[PER Ada and Bob Smith] and [PER Smith]",
        "[ORG Curie Institute] and [PER Curie]",
        "[ORG Labour Party] and [ORG Irish Labour Party]",
        "[LOC Quebec] and [LOC Quebec City]",
        "[LOC London] ( [LOC UK] )",
        "[LOC Springfield] ( [LOC IL] )",
        "[ORG Central Military Commission] , [ORG Canadian Medical Congress] , [ORG CMC]",
        "[PER Paris Hilton] in [LOC Paris] , [PER Paris]",
        "[TIME 1993] and [TIME May 1993]",
        "[NUM 1] and [NUM one]",
    ],
)
def test_these_are_not(text: str) -> None:
    doc = read(text)
    assert [texts for texts in groups(doc) if len(set(texts)) > 1] == []


def test_equal_ids_join_and_different_ones_keep_apart() -> None:
    names = "[ORG Big Blue] , [ORG IBM] , [ORG IBM]"
    assert groups(read(names)) == [["IBM", "IBM"]]
    assert groups(read(names, kb0="Q1", kb1="Q1")) == [["Big Blue", "IBM", "IBM"]]
    assert groups(read(names, id0="ibm", id1="ibm")) == [["Big Blue", "IBM", "IBM"]]
    assert groups(read(names, kb1="Q1", kb2="Q2")) == []
    assert groups(read(names, id1="e1", id2="e2")) == []
    assert groups(read(names, kb0="NIL", kb1="NIL")) == [["IBM", "IBM"]]
    # An id of two things of the knowledge base says nothing.
    assert groups(read(names, id0="x", id1="x", kb0="Q1", kb1="Q2")) == [["IBM", "IBM"]]


def test_a_name_of_two_entities_joins_none() -> None:
    doc = read("[PER Ada Lee] , [PER Ada Lee] , [PER Ada Lee] , [PER Lee]", kb0="Q1", kb1="Q2")
    assert groups(doc) == []


@pytest.mark.parametrize("form", ["spans", "heads", "extension"])
def test_clusters_win_over_names(form: str, coref_extension: None) -> None:
    doc = read("[PER Ada] met the other [PER Ada] . [PER Ada Lovelace] left .")
    assert groups(doc) == [["Ada", "Ada"]]
    if form == "extension":
        doc._.coref_clusters = [[(0, 3), (24, 36)], [(18, 21)]]
        assert [doc.text[a:b] for row in doc._.coref_clusters for a, b in row] == [
            "Ada",
            "Ada Lovelace",
            "Ada",
        ]
    else:
        key = "coref_clusters" if form == "spans" else "coref_head_clusters"
        cluster(doc, f"{key}_1", (0, 1), (6, 8) if form == "spans" else (6, 7))
        cluster(doc, f"{key}_2", (4, 5))
    found = entities_of(doc.ents)
    assert found[0] != found[1]
    assert (found[0] == found[2]) == (form != "heads")  # "Ada" heads nothing without a parse


@pytest.fixture
def coref_extension() -> Iterator[None]:
    """What fastcoref registers."""
    Doc.set_extension("coref_clusters", default=None)
    yield
    Doc.remove_extension("coref_clusters")


def test_a_cluster_knows_an_entity_by_its_syntactic_head() -> None:
    words = ["The", "chemist", "Marie", "Curie", "left", ".", "She", "smiled"]
    doc = Doc(NLP.vocab, words=words, heads=[3, 3, 3, 4, 4, 4, 7, 7], deps=["dep"] * 8)
    doc.ents = [Span(doc, 2, 4, "PER")]
    cluster(doc, "coref_clusters_1", (0, 4), (6, 7))
    assert [(span.text, span.label_) for span in lent_mentions(doc.ents)] == [("She", "PER")]


def test_what_clusters_lend() -> None:
    doc = read("[ORG IBM] grew . It paid . The company hired [PER Ada] . He left .")
    assert lent_mentions(doc.ents) == []
    cluster(doc, "coref_clusters_1", (0, 1), (3, 4), (6, 8))
    cluster(doc, "coref_clusters_2", (11, 12), (5, 6))  # without an entity
    lent = lent_mentions(doc.ents)
    assert [(span.text, span.label_) for span in lent] == [("It", "ORG"), ("The company", "ORG")]
    entities = entities_of(doc.ents, lent)
    assert entities == [0, 1, 0, 0]
    assert full_names(doc.ents, entities) == {0: "IBM"}


def test_a_contradictory_cluster_says_nothing() -> None:
    doc = read("[PER Ada] , [PER Bob] , she", kb0="Q1", kb1="Q2")
    cluster(doc, "coref_clusters_1", (0, 1), (2, 3), (4, 5))
    assert entities_of(doc.ents) == [0, 1]
    assert lent_mentions(doc.ents) == []


def test_facts_have_the_fullest_name() -> None:
    doc = read("[PER Marie Curie] left [LOC Rome] . [PER Curie] hates [LOC ROME] she said", kb1="Q220")
    marie, rome, curie, again = doc.ents
    she = Span(doc, 8, 9, "PER")
    cluster(doc, "coref_clusters_1", (5, 6), (8, 9))
    assert she.text == "she"
    relations = [
        Relation(curie, again, "left", 0.9),
        Relation(marie, rome, "left", 0.5),
        Relation(she, rome, "left", 0.95),
    ]
    (fact,) = facts_from_relations(relations)
    assert (fact.head, fact.tail, fact.score) == ("Marie Curie", "Rome", 0.95)
    assert fact.pairs == (relations[2], relations[0], relations[1])
    (fact,) = facts_from_relations(relations[:1])
    assert (fact.head, fact.tail) == ("Marie Curie", "ROME")


WORDS = [
    "Ada",
    "Bob",
    "Lee",
    "A.",
    "IBM",
    "the",
    "Inc.",
    "V",
    "of",
    "(",
    ")",
    "International",
    "Business",
    "Machines",
]


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.sampled_from(["PER", "ORG", "X"])
        )
    ),
    st.data(),
)
def test_any_mentions_get_entities(parts: list[tuple[list[str], str]], data: st.DataObject) -> None:
    """Equal texts without ids are one, different `kb_id_` never are, the order of mentions changes nothing."""
    doc = Doc(NLP.vocab, words=[word for words, _ in parts for word in words])
    spans, start = list[Span](), 0
    for words, label in parts:
        ids = data.draw(
            st.tuples(st.sampled_from(["", "", "Q1", "Q2", "NIL"]), st.sampled_from(["", "", "", "e"]))
        )
        spans.append(Span(doc, start, start + len(words), label, kb_id=ids[0], span_id=ids[1]))
        start += len(words)
    if len(doc) and data.draw(st.booleans()):
        cluster(doc, "coref_clusters_1", (0, 1), (len(doc) - 1, len(doc)))
    found = entities_of(spans)
    assert len(found) == len(spans)
    bases: dict[int, set[str]] = {}
    texts: dict[str, set[int]] = {}
    for span, entity in zip(spans, found, strict=True):
        bases.setdefault(entity, set()).add(span.kb_id_)
        if not span.kb_id_ and not span.id_ and not doc.spans:
            texts.setdefault(" ".join(span.text.casefold().split()), set()).add(entity)
    assert all(len(ids - {"", "NIL"}) < 2 for ids in bases.values())
    assert all(len(entities) == 1 for entities in texts.values())


def test_hundreds_of_mentions_take_milliseconds() -> None:
    names = [
        f"[PER Name{i % 150} Last{i % 40}] , [PER Last{i % 60}] , [ORG Big Small Thing{i % 30}] , [ORG BST] ,"
        for i in range(300)
    ]
    doc = read(" ".join(names))
    entities_of(doc.ents)
    begin = time.perf_counter()
    entities_of(doc.ents)
    assert time.perf_counter() - begin < 0.5
