"""The small parts: decoding, limits, gold arrays, labels."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from tiny import annotate, make_corpus, make_pipeline, make_tokenizer

from spacy_luke.inputs.batch import TOLD, window_batch
from spacy_luke.inputs.entities import doc_ents
from spacy_luke.inputs.pieces import encode_docs
from spacy_luke.inputs.windows import Window
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.pipeline.decode import ScoredSpan, label_spans, threshold_of, without_overlap
from spacy_luke.pipeline.gold import gold_of
from spacy_luke.pipeline.joint.targets import gold_pairs, label_targets, relation_targets, span_targets
from spacy_luke.pipeline.label_data import LabelData, check_labels, collect_labels, with_labels
from spacy_luke.pipeline.pairs import PairLimits

JOINT = JointConfig(
    ner_labels=("PER", "LOC"), entity_labels=("PER", "LOC"), relation_labels=("born in",), max_span_width=3
)

# --- decoding ------------------------------------------------------------------------------

spans = st.builds(
    lambda start, length, score: ScoredSpan(start, start + length, "X", score, score),
    st.integers(0, 15),
    st.integers(1, 5),
    st.floats(0, 1),
)


@given(st.lists(spans, max_size=12), st.lists(st.tuples(st.integers(0, 18), st.integers(1, 2)), max_size=2))
def test_chosen_spans_never_touch_and_none_better_was_left(
    candidates: list[ScoredSpan], blocks: list[tuple[int, int]]
):
    taken = [(start, start + length) for start, length in blocks]
    chosen = without_overlap(candidates, taken, 20)
    covered = [t for span in chosen for t in range(span.start, span.end)]
    blocked = {t for start, end in taken for t in range(start, end)}
    assert len(covered) == len(set(covered))
    assert not blocked & set(covered)
    assert chosen == sorted(chosen)
    for span in candidates:
        rivals = [c for c in chosen if c.start < span.end and span.start < c.end]
        assert (
            span in chosen
            or blocked & set(range(span.start, span.end))
            or any(c.score >= span.score for c in rivals)
        )


def test_spans_above_the_threshold_of_their_label():
    probabilities = np.array([[0.3, 0.5, 0.2], [0.45, 0.2, 0.35], [0.9, 0.06, 0.04]], dtype=np.float32)
    places = np.array([[0, 1], [1, 3], [2, 3]])
    found = label_spans(places, probabilities, ["A", "B"], 0.5)
    assert [(s.start, s.end, s.label) for s in found] == [(0, 1, "A"), (1, 3, "B")]
    assert found[0].score == pytest.approx(0.5)
    assert [s.label for s in label_spans(places, probabilities, ["A", "B"], {"A": 0.8})] == ["B"]
    assert label_spans(places[:0], probabilities[:0], ["A", "B"], 0.5) == []
    assert threshold_of({"A": 0.2}, "B") == 0.5


def test_allowed_pairs_of_labels():
    limits = PairLimits(allowed={"born in": [("PER", "LOC")]})
    assert limits.allows("born in", "PER", "LOC")
    assert not limits.allows("born in", "LOC", "PER")
    assert limits.allows("works for", "LOC", "PER")
    with pytest.raises(ValueError, match=r"pairs \(label of the head, label of the tail\)"):
        PairLimits(allowed={"born in": ["PERLOC"]})


# --- gold ----------------------------------------------------------------------------------


def make_gold(example: Example):
    limits = PairLimits()
    return gold_of(
        example, doc_ents(), lambda s: limits.near(example.reference, [(x.start, x.end) for x in s])
    )


def test_gold_arrays():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana was born in Rome . ana", {"Ana": "PER", "Rome": "LOC", "ana": "PER"}, None)
    doc = example.reference
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "born in"), (doc.ents[1], doc.ents[0], "unknown")]
    gold, tokenizer = make_gold(example), make_tokenizer()
    pieces = encode_docs([example.predicted], tokenizer)
    windows = [Window(0, 0, 7)]
    words = window_batch(windows, pieces, tokenizer)
    pairs = np.array([[0, 1], [1, 0], [0, 2], [2, 1]])
    words = words.with_mentions([np.arange(3)], [np.array([[0, 1], [4, 5], [6, 7]])], [pairs])
    targets, open_types = span_targets(words, [gold], JOINT)
    assert targets.shape == (1, 7, 3)
    assert not open_types.any()
    assert {tuple(p): int(targets[tuple(p)]) for p in np.argwhere(targets)} == {
        (0, 0, 0): 1,
        (0, 4, 0): 2,
        (0, 6, 0): 1,
    }
    assert label_targets(words, [gold], JOINT).tolist() == [[[1, 0], [0, 1], [1, 0]]]
    relations, near, groups = relation_targets(words, [gold], JOINT)
    assert relations.tolist() == [[1], [-100], [0], [0]]
    assert near.tolist() == [True, True, False, False]  # the last "ana" begins a sentence
    assert groups[0].tolist() == groups[3].tolist() != groups[1].tolist()  # Ana and ana are one entity
    assert groups[2].tolist() == [-1, -1, -1]
    # Not the second, of which nothing is known, nor the third, which is far and of one entity.
    assert gold_pairs(relations, near, groups).tolist() == [1, -1, -1, 0]


def cells(gold, predicted: Doc) -> tuple[dict[tuple[int, int], int], list[bool]]:
    """Gold of the spans of a document in one window, by first and last-plus-one token, and its open types."""
    tokenizer = make_tokenizer()
    pieces = encode_docs([predicted], tokenizer)
    words = window_batch([Window(0, 0, len(pieces[0]))], pieces, tokenizer)
    targets, open_types = span_targets(words, [gold], JOINT)
    n, tokens = targets.shape[1], words.tokens[0].tolist()
    told = {
        (tokens[i], tokens[i + w] + 1): int(targets[0, i, w]) for i in range(n) for w in range(3) if i + w < n
    }
    return told, open_types[0].tolist()


def test_gold_that_does_not_fall_on_the_predicted_tokens_is_unknown():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome", {"Ana": "PER", "Rome": "LOC"}, [("Ana", "Rome", "likes")])
    predicted = Doc(nlp.vocab, words=["Ana", "likes R", "ome"], spaces=[True, False, False])
    gold = make_gold(Example(predicted, example.reference))
    assert gold.mentions == [(0, 1)]
    assert gold.relations == {}
    assert gold.entities == {(0, 1): "PER"}
    assert gold.unknown.tolist() == [False, True, True]
    assert gold.off_tokens == ["Rome"]
    assert [relation.label for relation in gold.unplaced] == ["likes"]
    told, _ = cells(gold, predicted)
    assert {place for place, label in told.items() if label != -100} == {(0, 1)}


def test_missing_entities_leave_what_touches_them_unknown():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome and Oslo", {}, None)
    doc = example.reference
    doc.set_ents([Span(doc, 0, 1, "PER")], missing=[doc[2:3]], default="outside")
    told, _ = cells(make_gold(example), example.predicted)
    for (start, end), label in told.items():
        assert label == (-100 if start <= 2 < end else (start, end) == (0, 1)), (start, end)
    doc.set_ents([], default="missing")
    assert make_gold(example).entities is None  # nothing at all is known


def test_missing_tokens_are_found_on_other_tokens():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome", {}, None)
    example.reference.set_ents([], missing=[example.reference[2:3]], default="outside")
    predicted = Doc(nlp.vocab, words=["Ana", "likes", "Ro", "me"], spaces=[True, True, False, False])
    assert make_gold(Example(predicted, example.reference)).unknown.tolist() == [False, False, True, True]
    predicted = Doc(nlp.vocab, words=["Ana", "likes Rome"], spaces=[True, False])
    assert make_gold(Example(predicted, example.reference)).unknown.tolist() == [False, True]


def test_whitespace_at_the_ends_of_gold_does_not_matter():
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Ana \n likes\n\nRome\n")
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 3, 6, "LOC")]
    doc._.luke_relations = [(doc.ents[0], doc[4:5], "born in")]
    gold = make_gold(Example(nlp.make_doc(doc.text), doc))
    assert [doc[start:end].text for start, end in gold.mentions] == ["Ana", "Rome"]
    assert gold.entities == {(0, 1): "PER", (4, 5): "LOC"}
    assert gold.relations == {(0, 1): {"born in"}}
    assert not gold.unknown.any()


def test_gold_that_is_too_long_or_of_another_label_is_unknown():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana and Bob and Eve from Rome likes Oslo", {"Oslo": "PET"}, None)
    doc = example.reference
    doc.ents = [Span(doc, 0, 5, "PER"), Span(doc, 6, 7, "LOC"), *doc.ents]
    told, _ = cells(make_gold(example), example.predicted)
    known = {(5, 6): 0, (6, 7): 2, (7, 8): 0, (5, 7): 0, (6, 8): 0, (5, 8): 0}
    assert {place: label for place, label in told.items() if label != -100} == known


def test_types_that_were_not_looked_for_are_open():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes the old Rome", {"Ana": "PER"}, None)
    example.reference.user_data["luke_entities_looked_for"] = ["PER"]
    told, open_types = cells(make_gold(example), example.predicted)
    assert open_types == [False, True]
    assert told[0, 1] == 1
    assert told[0, 2] == told[0, 3] == 0  # entities don't overlap
    assert {label for (start, _), label in told.items() if start} == {-1}


def test_relations_are_found_by_place_and_those_without_a_mention_are_unsure():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana and old Rome likes Oslo", {"Ana": "PER", "Oslo": "LOC"}, None)
    doc = example.reference
    doc.ents = [*doc.ents, Span(doc, 2, 4, "LOC")]
    other = Span(doc, 5, 6, "CITY")
    doc._.luke_relations = [
        (doc[0:1], other, "born in"),
        (doc[3:4], doc[0:1], "likes"),
        (other, doc[4:5], "x"),
    ]
    gold = make_gold(example)
    assert gold.relations == {(0, 2): {"born in"}}
    assert gold.unsure == {(1, 0): {"likes"}}
    assert [relation.label for relation in gold.unplaced] == ["likes", "x"]
    assert gold.unsure_labels((1, 0), ["born in", "likes"]) == {"likes"}
    assert gold.unsure_labels((0, 2), ["likes"]) == {
        "likes"
    }  # of a pair with an unknown label nothing is known
    assert gold.unsure_labels((2, 0), ["born in", "likes"]) == set()


def test_gold_that_is_not_sure_is_neither_right_nor_wrong():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome and Oslo", {"Ana": "PER", "Rome": "LOC", "Oslo": "LOC"}, None)
    doc = example.reference
    ana, rome, oslo = doc.ents
    doc._.luke_relations = [(ana, rome, "born in")]
    doc._.luke_unsure_relations = [
        (ana, rome, "born in"),
        (ana, oslo, "born in"),
        (oslo, ana, "born in", 0.0),
        (rome, oslo, "unknown"),
    ]
    (copy,) = DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)  # it survives the way to disk
    gold, tokenizer = make_gold(Example(example.predicted, copy)), make_tokenizer()
    pieces = encode_docs([example.predicted], tokenizer)
    words = window_batch([Window(0, 0, len(pieces[0]))], pieces, tokenizer)
    pairs = np.array([[0, 1], [0, 2], [2, 0], [1, 2], [2, 1]])
    words = words.with_mentions([np.arange(3)], [np.array([[0, 1], [2, 3], [4, 5]])], [pairs])
    # Stated; told of the two entities; unknown; a relation that the head doesn't know; known to be none.
    assert relation_targets(words, [gold], JOINT)[0].tolist() == [[1], [TOLD], [-100], [0], [0]]


def test_twins_with_different_labels_keep_their_relations():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome", {}, None)
    doc = example.reference
    doc.spans["all"] = [Span(doc, 0, 1, label="A"), Span(doc, 0, 1, label="B"), Span(doc, 2, 3, label="C")]
    _, second, third = doc.spans["all"]
    doc._.luke_relations = [(second, third, "likes")]
    gold = gold_of(example, lambda d: list(d.spans["all"]), lambda s: None)
    assert gold.relations == {(1, 2): {"likes"}}
    assert gold.labels == [{"A"}, {"B"}, {"C"}]


def test_known_to_have_no_label_teaches_only_independent_labels():
    nlp = spacy.blank("en")
    example = annotate(nlp, "Ana likes Rome", {"Ana": "PER", "Rome": "LOC"}, None)
    example.reference.ents[0]._.luke_labels = {}
    gold, tokenizer = make_gold(example), make_tokenizer()
    windows = [Window(0, 0, 3)]
    words = window_batch(windows, encode_docs([example.predicted], tokenizer), tokenizer)
    words = words.with_mentions([np.arange(2)], [np.array([[0, 1], [2, 3]])])
    assert label_targets(words, [gold], JOINT)[0, 0].tolist() == [-100, -100]
    several = JOINT.with_changes(multi_label=True)
    assert label_targets(words, [gold], several)[0].tolist() == [[0, 0], [0, 1]]
    gold.labels[:] = [
        {"PET"},
        {"LOC", "PET"},
    ]  # beside a label that it doesn't know, it knows nothing of the others
    assert label_targets(words, [gold], JOINT)[0].tolist() == [[-100, -100], [0, 1]]
    assert label_targets(words, [gold], several)[0].tolist() == [[-100, -100], [-100, 1]]


# --- labels --------------------------------------------------------------------------------


def test_labels_of_a_corpus():
    nlp = spacy.blank("en")
    corpus = make_corpus(nlp)
    doc = corpus[0].reference
    doc.ents[0]._.luke_labels = {"person": 1.0, "ghost": 0.1}
    doc._.luke_relations = [(doc.ents[0], doc.ents[1], "born in", 1.0, "P19")]
    data = collect_labels(corpus, doc_ents())
    assert data == LabelData(
        ["LOC", "ORG", "PER"], ["LOC", "ORG", "PER", "person"], {"born in": "P19", "works for": ""}
    )


def test_heads_follow_the_labels():
    same = LabelData(["LOC", "PER"], [], {})
    every = ["ner", "labels", "relations"]
    assert with_labels(JOINT, same, every, True) == JOINT
    tuned = JOINT.with_changes(thresholds={"ner": 0.3}, relation_ids={"born in": "P19"})
    more = with_labels(tuned, LabelData([], ["A"], {"new": "P1"}), every, True)
    assert (more.ner_labels, more.entity_labels, more.relation_labels) == (("PER", "LOC"), ("A",), ("new",))
    assert more.relation_ids == {"new": "P1"}
    assert more.multi_label
    assert more.thresholds == {}
    less = with_labels(tuned, LabelData(), ["ner"], False)
    assert (less.ner_labels, less.entity_labels, less.relation_labels) == (("PER", "LOC"), (), ())
    named = with_labels(tuned, LabelData([], [], {"born in": "P20"}), every, False)
    assert named.relation_ids == {"born in": "P20"}
    assert named.thresholds == {"ner": 0.3}


def test_labels_that_are_given():
    assert check_labels({"ner": ("A",), "relations": ["r"]}) == LabelData(["A"], [], {"r": ""})
    with pytest.raises(ValueError, match="allowed are"):
        check_labels({"entities": ["A"]})


# --- scores --------------------------------------------------------------------------------


def test_scores_of_found_and_of_gold_entities(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    scores = nlp.evaluate(make_corpus(nlp))
    for key in ("luke_labels", "luke_relations", "gold_luke_labels", "gold_luke_relations"):
        assert {f"{key}_micro_p", f"{key}_micro_r", f"{key}_micro_f", f"{key}_per_type"} <= set(scores)
    assert "ents_per_type" in scores
    nlp.get_pipe("luke").scorer = None
    assert not any("luke" in key for key in nlp.evaluate(make_corpus(nlp)))
