"""What `luke` writes on documents, and that it doesn't depend on how they are batched."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from thinc.api import Ragged
from tiny import TEXTS, make_pipeline, summary

ATTENTION = [(False, False), (False, True), (True, True), (True, False)]


def with_attention(words: bool, entities: bool) -> dict[str, bool]:
    return {"words_attend_to_entities": words, "entities_attend_to_entities": entities}


def assert_same(first: Doc, second: Doc) -> None:
    """Equal but for rounding."""
    a, b = summary(first), summary(second)
    assert a["ents"] == b["ents"]
    for ours, theirs in zip(first.ents, second.ents, strict=True):
        np.testing.assert_allclose(ours._.luke_vector, theirs._.luke_vector, atol=1e-4)
        assert ours._.luke_labels == pytest.approx(theirs._.luke_labels, abs=1e-4)
        assert ours._.luke_label == theirs._.luke_label
    relations = [{r[:4]: r[4] for r in side["relations"]} for side in (a, b)]
    assert relations[0] == pytest.approx(relations[1], abs=2e-3)
    facts = [{f[:3]: f[3] for f in side["facts"]} for side in (a, b)]
    assert facts[0] == pytest.approx(facts[1], abs=2e-3)


@pytest.mark.parametrize("attention", ATTENTION, ids=str)
def test_a_document_reads_the_same_alone_in_any_order_and_in_any_batch(
    checkpoint: str, attention: tuple[bool, bool]
):
    nlp = make_pipeline(checkpoint, model=with_attention(*attention))
    alone = [nlp(text) for text in TEXTS]
    assert sum(len(doc.ents) for doc in alone) > 10
    assert sum(len(doc._.luke_relations) for doc in alone) > 10
    for docs in (list(nlp.pipe(TEXTS)), list(nlp.pipe(TEXTS[::-1]))[::-1]):
        for one, other in zip(alone, docs, strict=True):
            assert_same(one, other)
    # So small that each document is a batch of its own and the long one several, whose words are read twice.
    nlp.get_pipe("luke").max_batch_pieces = 70
    for one, other in zip(alone, nlp.pipe(TEXTS), strict=True):
        assert_same(one, other)


def test_long_documents_take_several_windows(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    doc = nlp(TEXTS[3])
    assert len(doc) > 80
    assert {ent.start // 20 for ent in doc.ents} >= {0, 1, 2, 3}
    assert all(ent._.luke_vector is not None for ent in doc.ents)


def test_vectors_are_float32_copies(checkpoint: str):
    doc = make_pipeline(checkpoint)(TEXTS[1])
    vector = doc.ents[0]._.luke_vector
    assert vector.shape == (32,)
    assert vector.dtype == np.float32
    vector[:] = 0
    assert doc.ents[0]._.luke_vector.any()


def test_a_vector_comes_from_the_window_with_most_context(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"window": 12, "overlap": 8}, find_entities=False)
    text = "tea and the old Ana likes tea in Rome and the old Bob from Oslo was born in Lima and Kyiv"
    words = text.split()
    doc = Doc(nlp.vocab, words=words)
    doc.ents = [Span(doc, 9, 10, label="X")]
    vector = nlp.get_pipe("luke")(doc).ents[0]._.luke_vector
    # Windows are 0-12, 4-16, 8-20; the second shows five tokens before and six behind.
    part = Doc(nlp.vocab, words=words[4:16])
    part.ents = [Span(part, 5, 6, label="X")]
    np.testing.assert_allclose(vector, nlp.get_pipe("luke")(part).ents[0]._.luke_vector, atol=1e-5)


# --- which entities ------------------------------------------------------------------------


def test_auto_finds_entities_only_where_none_are_annotated(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    assert nlp(TEXTS[1]).ents
    annotated = nlp.make_doc(TEXTS[1])
    annotated.ents = [Span(annotated, 9, 10, label="PET")]
    assert [(e.start, e.label_) for e in nlp(annotated).ents] == [(9, "PET")]
    assert annotated.ents[0]._.luke_labels
    nothing = nlp.make_doc(TEXTS[1])
    nothing.ents = []  # an earlier component has looked and found none
    assert nothing.has_annotation("ENT_IOB")
    assert nlp(nothing).ents == ()


def test_true_adds_entities_and_overwrites_none(checkpoint: str):
    nlp = make_pipeline(checkpoint, find_entities=True)
    free = nlp(TEXTS[1])
    taken = nlp.make_doc(TEXTS[1])
    first = free.ents[0]
    taken.ents = [Span(taken, first.start, first.end + 1, label="PET", kb_id="Q1")]
    ents = nlp(taken).ents
    assert (ents[0].start, ents[0].end, ents[0].label_, ents[0].kb_id_) == (
        first.start,
        first.end + 1,
        "PET",
        "Q1",
    )
    assert len(ents) > 1
    assert all(ent._.luke_labels for ent in ents)
    again = nlp.get_pipe("luke")(taken)
    assert [(e.start, e.end, e.label_) for e in again.ents] == [(e.start, e.end, e.label_) for e in ents]


def test_blocked_tokens_stay_free(checkpoint: str):
    nlp = make_pipeline(checkpoint, find_entities=True)
    free = nlp(TEXTS[1])
    doc = nlp.make_doc(TEXTS[1])
    doc.set_ents([], blocked=[Span(doc, free.ents[0].start, free.ents[0].end)], default="missing")
    taken = range(free.ents[0].start, free.ents[0].end)
    nlp(doc)
    assert doc.ents
    assert all(doc[i].ent_type_ == "" for i in taken)


def test_the_pipeline_knows_what_luke_writes(checkpoint: str):
    attributes = make_pipeline(checkpoint).analyze_pipes()["attrs"]
    for name in ("doc.ents", "doc._.luke_relations", "span._.luke_vector"):
        assert attributes[name]["assigns"] == ["luke"]


def test_false_finds_and_claims_nothing(checkpoint: str):
    nlp = make_pipeline(checkpoint, find_entities=False, spans_key="found")
    doc = nlp(TEXTS[1])
    assert doc.ents == ()
    assert not doc.has_annotation("ENT_IOB")
    assert "found" not in doc.spans
    assert doc._.luke_relations == ()
    nlp.get_pipe("luke").find_entities = "auto"
    assert nlp.get_pipe("luke")(doc).ents


def test_found_nothing_is_annotated_as_nothing(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    nlp.get_pipe("luke").suggester = lambda docs, ops: Ragged(ops.alloc2i(0, 2), ops.alloc1i(len(docs)))
    doc = nlp(TEXTS[1])
    assert doc.ents == ()
    assert doc.has_annotation("ENT_IOB")


def test_entities_from_a_span_group(checkpoint: str):
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    nlp = make_pipeline(checkpoint, entities=getter, thresholds={"relations": 0.0})
    doc = nlp.make_doc(TEXTS[1])
    doc.spans["mine"] = [Span(doc, 0, 1, label="A"), Span(doc, 0, 4, label="B"), Span(doc, 0, 1, label="B")]
    nlp(doc)
    assert doc.ents == ()
    a, nested, twin = doc.spans["mine"]
    assert all(span._.luke_labels for span in doc.spans["mine"])
    np.testing.assert_allclose(a._.luke_vector, twin._.luke_vector, atol=1e-5)
    assert not np.allclose(a._.luke_vector, nested._.luke_vector)
    pairs = {(r.head.end, r.head.label_, r.tail.end, r.tail.label_) for r in doc._.luke_relations}
    assert (1, "A", 4, "B") in pairs
    assert (1, "B", 1, "A") not in pairs  # two labels of one mention are not related
    assert len(pairs) == 4


def only_upper(doc: Doc) -> list[Span]:
    return [doc[t.i : t.i + 1] for t in doc if t.text[0].isupper()]


def make_only_upper():
    return only_upper


def test_entities_from_a_getter_of_ones_own(checkpoint: str):
    spacy.registry.misc("test.only_upper.v1", func=make_only_upper)
    nlp = make_pipeline(checkpoint, entities={"@misc": "test.only_upper.v1"})
    doc = nlp("Ana likes tea from Rome .")
    assert doc.ents == ()
    assert doc[0:1]._.luke_labels
    assert doc[4:5]._.luke_vector is not None
    assert not doc[1:2]._.luke_labels


def test_candidates_with_scores_in_a_span_group(checkpoint: str):
    nlp = make_pipeline(checkpoint, spans_key="found")
    doc = nlp(TEXTS[3])
    group = doc.spans["found"]
    scores = group.attrs["scores"]
    assert len(group) == len(scores) > len(doc.ents)
    assert all(0 < s <= 1 for s in scores)
    places = {(s.start, s.end, s.label_): score for s, score in zip(group, scores, strict=True)}
    assert len(places) == len(group)
    assert all((e.start, e.end, e.label_) in places for e in doc.ents)
    covered = {t.i for e in doc.ents for t in e}
    assert all(covered & set(range(start, end)) for start, end, _ in places)  # each lost to a better one
    assert nlp.get_pipe("luke").cfg["thresholds"]["ner"] == 0.5


def test_a_registered_suggester_gives_the_candidates(checkpoint: str):
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [2]}
    nlp = make_pipeline(checkpoint, suggester=suggester, spans_key="found", thresholds={"ner": 0.0})
    for doc in nlp.pipe(TEXTS):
        assert [s.end - s.start for s in doc.spans["found"]] == [2] * max(len(doc) - 1, 0)


def test_ner_alone_writes_entities_and_nothing_else(checkpoint: str):
    nlp = make_pipeline(checkpoint, name="luke_ner")
    full = make_pipeline(checkpoint)(TEXTS[1])
    doc = nlp(TEXTS[1])
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(e.start, e.end, e.label_) for e in full.ents]
    assert not doc.user_data.get("spacy_luke")
    before = summary(full)
    assert summary(nlp.get_pipe("luke_ner")(full)) == before


# --- thresholds and limits -----------------------------------------------------------------


def test_thresholds_act_after_training_for_all_and_by_label(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    pipe = nlp.get_pipe("luke")
    before = nlp(TEXTS[3])
    assert {e.label_ for e in before.ents} >= {"LOC", "PER"}
    pipe.thresholds["ner"] = {"PER": 1.0}  # what is certain counts still
    labels = [[e.label_ for e in doc.ents] for doc in (before, nlp(TEXTS[3]))]
    assert labels[1].count("PER") < labels[0].count("PER")
    pipe.thresholds["ner"] = 0.5
    assert len(nlp(TEXTS[3]).ents) == len(before.ents)

    pipe.thresholds["relations"] = {"born in": 1.0}
    after = nlp(TEXTS[3])
    assert {r.label for r in before._.luke_relations} == {"born in", "works for"}
    assert {r.label for r in after._.luke_relations} == {"works for"}
    assert len(after._.luke_facts) == len(before._.luke_facts)
    pipe.thresholds["facts"] = 0.95
    kept = nlp(TEXTS[3])._.luke_facts
    assert 0 < len(kept) < len(before._.luke_facts)
    assert all(f.score >= 0.95 for f in kept)

    assert all(e._.luke_label for e in before.ents)
    middle = float(np.median([max(e._.luke_labels.values()) for e in before.ents]))
    pipe.thresholds["labels"] = middle
    labels = [(e._.luke_label, max(e._.luke_labels.values())) for e in nlp(TEXTS[3]).ents]
    assert all(bool(label) == (score >= middle) for label, score in labels)
    assert {bool(label) for label, _ in labels} == {True, False}


def test_thresholds_of_the_weights_and_of_the_config(make_checkpoint):
    folder = make_checkpoint(joint={"thresholds": {"ner": 0.3, "facts": {"born in": 0.2}}})
    pipe = make_pipeline(folder, thresholds={"ner": 0.7}).get_pipe("luke")
    assert pipe.thresholds == {"ner": 0.7, "facts": {"born in": 0.2}, "relations": 0.5, "labels": 0.0}
    multi = make_pipeline(make_checkpoint(joint={"multi_label": True})).get_pipe("luke")
    assert multi.thresholds["labels"] == 0.5


def test_relations_within_a_sentence_and_facts_across(checkpoint: str):
    nlp = make_pipeline(checkpoint, find_entities=False, thresholds={"relations": 0.0, "facts": 0.0})
    pipe = nlp.get_pipe("luke")

    def read(sentences: bool = True) -> Doc:
        doc = nlp.make_doc("Ana likes tea . Bob likes Oslo . ana was old .")
        doc.ents = [Span(doc, i, i + 1, label="X") for i in (0, 4, 6, 8)]
        if sentences:
            nlp.get_pipe("sentencizer")(doc)
        return pipe(doc)

    def pairs(doc: Doc) -> set[tuple[int, int]]:
        return {(r.head.start, r.tail.start) for r in doc._.luke_relations}

    everything = {(i, j) for i in (0, 4, 6, 8) for j in (0, 4, 6, 8) if i != j}
    doc = read()
    assert pairs(doc) == {(4, 6), (6, 4)}
    assert [(r.head.start, r.tail.start, -r.score) for r in doc._.luke_relations] == sorted(
        (r.head.start, r.tail.start, -r.score) for r in doc._.luke_relations
    )
    assert {(f.head.lower(), f.tail.lower()) for f in doc._.luke_facts} == {
        (a, b) for a in ("ana", "bob", "oslo") for b in ("ana", "bob", "oslo") if a != b
    }
    ana_oslo = next(
        f for f in doc._.luke_facts if (f.head.lower(), f.tail, f.label) == ("ana", "Oslo", "born in")
    )
    assert {p.head.start for p in ana_oslo.pairs} == {0, 8}
    assert ana_oslo.score == max(p.score for p in ana_oslo.pairs)
    assert ana_oslo.id == "P19"
    # Without sentence boundaries the distance decides.
    assert pairs(read(sentences=False)) == everything
    limits = pipe.limits
    pipe.limits = type(limits)(True, 1)
    assert pairs(read(sentences=False)) == {(4, 6), (6, 4), (6, 8), (8, 6)}
    assert pairs(read()) == {(4, 6), (6, 4)}
    pipe.limits = type(limits)(False, 3)
    assert pairs(read()) == everything - {(0, 6), (6, 0), (0, 8), (8, 0)}
    pipe.limits = type(limits)(False, None)
    assert pairs(read()) == everything


def test_allowed_relations(checkpoint: str):
    limits = {"born in": [["PER", "LOC"]]}
    settings = {"find_entities": False, "thresholds": {"relations": 0.0, "facts": 0.0}}
    nlp = make_pipeline(checkpoint, allowed_relations=limits, **settings)
    doc = nlp.make_doc("Ana was born in Rome for Acme .")
    doc.ents = [Span(doc, 0, 1, label="PER"), Span(doc, 4, 5, label="LOC"), Span(doc, 6, 7, label="ORG")]
    nlp(doc)
    assert {(r.head.text, r.tail.text) for r in doc._.luke_relations if r.label == "born in"} == {
        ("Ana", "Rome")
    }
    assert {(f.head, f.tail) for f in doc._.luke_facts if f.label == "born in"} == {("Ana", "Rome")}
    assert len([r for r in doc._.luke_relations if r.label == "works for"]) == 6


def test_relations_point_to_the_entities_themselves(checkpoint: str):
    doc = make_pipeline(checkpoint)(TEXTS[1])
    for relation in doc._.luke_relations:
        assert relation.head in doc.ents
        assert relation.head.label_
        assert relation.id == ("P19" if relation.label == "born in" else "")
        assert 0.5 < relation.score <= 1
