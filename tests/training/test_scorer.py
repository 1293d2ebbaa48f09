from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from spacy_luke.annotation import set_extensions, write_entities
from spacy_luke.inputs.entities import doc_ents
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.pipeline.entity_scorer import make_luke_scorer
from spacy_luke.training.outcomes import same_sentence

set_extensions()
NLP = spacy.blank("en")
WORDS = ["Ada", "met", "Bob", ".", "Rome", "fell", "."]
score = make_luke_scorer()


def gold() -> Doc:
    doc = Doc(NLP.vocab, words=WORDS, sent_starts=[i in (0, 4) for i in range(7)])
    doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "PER"), Span(doc, 4, 5, "LOC")]
    ada, bob, rome = doc.ents
    doc._.luke_relations = [(ada, bob, "met"), (bob, ada, "met"), (ada, rome, "left")]
    return doc


def predicted(ents: list[tuple[int, int, str]], labels: list[str] | None, relations: list | None) -> Doc:
    doc = Doc(NLP.vocab, words=WORDS)
    doc.ents = [Span(doc, *ent) for ent in ents]
    if labels is not None:
        write_entities(doc, doc.ents, best=labels)
    if relations is not None:
        doc._.luke_relations = [(doc.ents[h], doc.ents[t], label, 0.9) for h, t, label in relations]
    return doc


FOUND = [(0, 1, "PER"), (2, 3, "PER"), (5, 6, "LOC")]


def micro(scores: dict[str, Any], name: str) -> tuple[float, float, float]:
    return scores[f"{name}_micro_p"], scores[f"{name}_micro_r"], scores[f"{name}_micro_f"]


def test_what_the_gold_is_not_sure_of_does_not_count() -> None:
    reference = gold()
    ada, bob, rome = reference.ents
    reference._.luke_unsure_relations = [(bob, rome, "left"), (ada, bob, "met")]
    doc = predicted([(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")], None, [(0, 1, "met"), (1, 2, "left")])
    assert micro(score([Example(doc, reference)]), "luke_relations") == pytest.approx((1.0, 1 / 3, 0.5))


def test_end_to_end_by_hand() -> None:
    doc = predicted(FOUND, ["PER", "LOC", "LOC"], [(0, 1, "met"), (0, 2, "left")])
    scores = score([Example(doc, gold())])
    assert scores["ents_f"] == pytest.approx(2 / 3)
    # Labels: Ada right; Bob wrong; "fell" is no entity; Rome missed.
    assert micro(scores, "luke_labels") == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert scores["luke_labels_per_type"]["PER"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)}
    # Relations: one of two right, one of three found.
    assert micro(scores, "luke_relations") == pytest.approx((0.5, 1 / 3, 0.4))
    assert scores["luke_relations_per_type"] == {
        "left": {"p": 0.0, "r": 0.0, "f": 0.0},
        "met": {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)},
    }


def test_counts_add_up_over_documents() -> None:
    right = predicted([(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")], ["PER", "PER", "LOC"], [(0, 1, "met")])
    nothing = predicted([], [], [])
    scores = score([Example(right, gold()), Example(nothing, gold())])
    assert micro(scores, "luke_labels") == pytest.approx((1.0, 0.5, 2 / 3))
    assert micro(scores, "luke_relations") == pytest.approx((1.0, 1 / 6, 2 / 7))


def test_other_tokens_same_offsets() -> None:
    doc = Doc(NLP.vocab, words=["Ada met Bob", ".", "Rome fell."], spaces=[True, True, False])
    reference = gold()
    other = Doc(NLP.vocab, words=WORDS, spaces=[True] * 7)
    other.ents = [Span(other, e.start, e.end, e.label_) for e in reference.ents]
    write_entities(other, other.ents, best=["PER", "PER", "LOC"])
    other._.luke_relations = reference._.luke_relations
    assert doc.text.startswith("Ada met Bob . Rome")
    scores = score([Example(other, reference)])
    assert micro(scores, "luke_labels") == micro(scores, "luke_relations") == (1.0, 1.0, 1.0)


def test_scope_holds_for_both_sides() -> None:
    doc = predicted([(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")], None, [(0, 1, "met"), (1, 2, "left")])
    scores = score([Example(doc, gold())], pair_filter=same_sentence)
    # "left" crosses sentences, in the gold and in the prediction: out of scope.
    assert micro(scores, "luke_relations") == pytest.approx((1.0, 0.5, 2 / 3))
    assert "left" not in scores["luke_relations_per_type"]


def test_never_annotated_does_not_score() -> None:
    unannotated = gold()
    unannotated._.luke_relations = None
    doc = predicted(FOUND, ["PER", "PER", "LOC"], [(0, 1, "met")])
    scores = score([Example(doc, unannotated)])
    assert scores["luke_relations_micro_f"] is None
    assert scores["luke_relations_per_type"] is None
    silent = predicted(FOUND, None, None)
    scores = score([Example(silent, gold())])
    assert scores["luke_relations_micro_f"] is None
    assert scores["luke_labels_micro_f"] is None
    assert scores["ents_f"] is not None
    no_entities = Doc(NLP.vocab, words=WORDS)
    assert score([Example(doc, no_entities)])["luke_labels_micro_f"] is None
    assert score([])["luke_relations_micro_f"] is None


def test_none_found_is_not_silence() -> None:
    scores = score([Example(predicted([], [], []), gold())])
    assert scores["luke_relations_micro_r"] == 0.0
    none = gold()
    none._.luke_relations = ()
    doc = predicted(FOUND, None, [(0, 1, "met")])
    assert score([Example(doc, none)])["luke_relations_micro_p"] == 0.0


def test_several_labels_a_span() -> None:
    reference = gold()
    reference.ents[0]._.luke_labels = {"scientist": 1.0, "woman": 1.0}
    doc = predicted([(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")], None, None)
    labels = [{"scientist": 0.9, "singer": 0.7}, {"PER": 0.6, "woman": 0.4}, {"LOC": 0.2}]
    write_entities(doc, doc.ents, labels=labels)
    scores = score([Example(doc, reference)])
    # Given: scientist, singer, PER. Gold: scientist, woman, PER, LOC.
    assert micro(scores, "luke_labels") == pytest.approx((2 / 3, 0.5, 4 / 7))


class Pipe:
    """Labels every entity PER and relates each to the next as "met"; finds only the first word."""

    find_entities: bool | str = "auto"
    thresholds: dict[str, Any] = {"labels": {"woman": 0.3}}  # noqa: RUF012
    joint = JointConfig(entity_labels=("PER", "LOC"), multi_label=True)
    entities = staticmethod(doc_ents())

    class limits:
        @staticmethod
        def near(doc: Doc, mentions: Sequence[tuple[int, int]]) -> Any:
            starts = np.array(mentions)[:, 0]
            return lambda head, tail: abs(starts[head] - starts[tail]) < 3

    def __init__(self) -> None:
        self.calls = 0

    def pipe(self, stream: Iterable[Doc]) -> Iterator[Doc]:
        self.calls += 1
        for doc in stream:
            if not doc.has_annotation("ENT_IOB"):
                doc.ents = [Span(doc, 0, 1, "PER")]
            write_entities(doc, doc.ents, [{"PER": 0.9}] * len(doc.ents), ["PER"] * len(doc.ents))
            doc._.luke_relations = [(a, b, "met") for a, b in zip(doc.ents, doc.ents[1:], strict=False)]
            yield doc


def test_second_pass_over_gold_entities() -> None:
    pipe = Pipe()
    (doc,) = pipe.pipe([Doc(NLP.vocab, words=WORDS, sent_starts=[i in (0, 4) for i in range(7)])])
    scores = score([Example(doc, gold())], pipe=pipe)
    assert pipe.calls == 2
    assert micro(scores, "luke_labels") == pytest.approx((1.0, 1 / 3, 0.5))
    assert micro(scores, "luke_relations") == (0.0, 0.0, 0.0)
    assert micro(scores, "gold_luke_labels") == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    # Gold Ada-Bob and Bob-Ada, and Ada-Rome beyond the limits; given Ada-Bob and Bob-Rome.
    assert micro(scores, "gold_luke_relations") == pytest.approx((1 / 2, 1 / 3, 0.4))
    assert len(doc.ents) == 1, "the predicted documents are left as they are"


def test_gold_entities_need_no_second_pass() -> None:
    pipe = Pipe()
    blank = Doc(NLP.vocab, words=WORDS)
    blank.ents = [Span(blank, e.start, e.end, e.label_) for e in gold().ents]
    (doc,) = pipe.pipe([blank])
    scores = score([Example(doc, gold())], pipe=pipe)
    assert pipe.calls == 1
    assert micro(scores, "gold_luke_labels") == micro(scores, "luke_labels")


def test_pipe_that_finds_no_entities_has_no_such_figures() -> None:
    pipe = Pipe()
    pipe.find_entities = False
    (doc,) = pipe.pipe([Doc(NLP.vocab, words=WORDS)])
    assert "ents_f" not in score([Example(doc, gold())], pipe=pipe)


def test_sentences_of_the_copy_are_those_of_the_prediction() -> None:
    seen = []

    class Watching(Pipe):
        def pipe(self, stream: Iterable[Doc]) -> Iterator[Doc]:
            for doc in super().pipe(stream):
                seen.append([token.is_sent_start for token in doc])
                yield doc

    for starts in (None, [i in (0, 2) for i in range(7)]):
        doc = Doc(NLP.vocab, words=WORDS, sent_starts=starts)
        score([Example(doc, gold())], pipe=Watching())
        assert seen[-1] == [token.is_sent_start for token in doc]


def test_span_groups() -> None:
    reference = gold()
    reference.spans["sc"] = [Span(reference, 0, 3, "PAIR"), Span(reference, 0, 1, "PER")]
    doc = predicted([], None, None)
    doc.spans["sc"] = [Span(doc, 0, 3, "x"), Span(doc, 4, 5, "y")]
    write_entities(doc, list(doc.spans["sc"]), best=["PAIR", ""])
    scores = make_luke_scorer("sc")([Example(doc, reference)])
    assert micro(scores, "luke_labels") == pytest.approx((1.0, 0.5, 2 / 3))


def test_registered_and_picklable() -> None:
    scorer = registry.resolve({"s": {"@scorers": "spacy-luke.luke_scorer.v1"}})["s"]
    doc = predicted(FOUND, ["PER", "LOC", "LOC"], [(0, 1, "met")])
    examples = [Example(doc, gold())]
    assert pickle.loads(pickle.dumps(scorer))(examples) == scorer(examples)


def test_types_that_were_not_looked_for_are_neither_right_nor_wrong() -> None:
    """Of gold that only knows persons, a place is unknown; a person too many is wrong."""
    reference = gold()
    reference.ents = reference.ents[:2]
    doc = predicted([(0, 1, "PER"), (4, 5, "LOC"), (5, 6, "PER")], ["PER", "LOC", "PER"], None)
    before = score([Example(doc, reference)])
    reference.user_data["luke_entities_looked_for"] = ["PER"]
    after = score([Example(doc, reference)])
    assert (before["ents_p"], before["ents_r"]) == pytest.approx((1 / 3, 1 / 2))
    assert (after["ents_p"], after["ents_r"]) == pytest.approx((1 / 2, 1 / 2))
    assert micro(before, "luke_labels")[0] == pytest.approx(1 / 3)
    assert micro(after, "luke_labels")[0] == pytest.approx(1 / 2)
    assert [span.label_ for span in doc.ents] == ["PER", "LOC", "PER"]
