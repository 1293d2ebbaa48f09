"""Tiny models learn: entities, labels, relations, facts; and what isn't annotated isn't trained."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import Adam
from tiny import FIRMS, JOINT_HEADS, PEOPLE, PLACES, TEXTS, annotate, make_corpus, make_pipeline, summary

from spacy_luke.annotation import RELATIONS_LOOKED_FOR
from spacy_luke.layers.weights import get_module


def train(
    nlp: Language, examples: list[Example], steps: int = 80, rate: float = 0.003, **update: Any
) -> dict[str, float]:
    """Train on all examples at once; returns the last losses."""
    sgd = Adam(rate)
    losses: dict[str, float] = {}
    for _ in range(steps):
        losses = nlp.update(examples, sgd=sgd, **update)
    return losses


ATTENTION = [(False, False), (False, True), (True, True), (True, False)]


@pytest.mark.parametrize("attention", ATTENTION, ids=str)
def test_learns_entities_labels_and_relations(make_checkpoint, attention: tuple[bool, bool]):
    words, entities = attention
    folder = make_checkpoint(words_attend_to_entities=words, entities_attend_to_entities=entities)
    nlp = make_pipeline(folder)
    corpus = make_corpus(nlp)
    nlp.initialize(lambda: corpus)
    train(nlp, corpus, steps=60)
    scores = nlp.evaluate(corpus)
    for key in ("ents_f", "luke_labels_micro_f", "luke_relations_micro_f", "gold_luke_relations_micro_f"):
        assert scores[key] > 0.95, key
    assert scores["luke_relations_per_type"]["born in"]["f"] > 0.95
    assert scores["ents_per_type"].keys() == {"PER", "LOC", "ORG"}


def test_pairs_that_are_read_again_learn_and_are_saved(checkpoint: str, tmp_path: Path):
    nlp = make_pipeline(checkpoint, model={"pair_layers": 1})
    corpus = make_corpus(nlp)
    before = [summary(doc) for doc in make_pipeline(checkpoint).pipe(TEXTS)]
    nlp.initialize(lambda: corpus)
    module = get_module(nlp.get_pipe("luke").model)
    assert module.untrained == ("pair_reader",)
    with pytest.warns(UserWarning, match=r"doesn't read likely pairs again \(pair_layers = 1\)"):
        assert [summary(doc) for doc in nlp.pipe(TEXTS)] == before
    train(nlp, corpus, steps=60)
    assert module.untrained == ()
    assert bool(module.pair_reader.classifier.weight.any())
    assert nlp.evaluate(corpus)["luke_relations_micro_f"] > 0.95
    nlp.to_disk(tmp_path)
    docs = zip(nlp.pipe(TEXTS), spacy.load(tmp_path).pipe(TEXTS), strict=True)
    assert all(summary(one) == summary(other) for one, other in docs)


def test_scores_fall_when_answers_are_wrong(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    scores = nlp.evaluate(make_corpus(nlp))
    assert scores["ents_f"] < 0.7
    assert scores["luke_relations_micro_f"] < 0.7
    assert scores["gold_luke_labels_micro_f"] is not None


def test_new_labels_get_new_heads_and_learn(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp)
    for example in corpus:
        doc = example.reference
        doc.ents = [Span(doc, e.start, e.end, label=e.label_.lower()) for e in doc.ents]
        doc._.luke_relations = [
            (e[0], e[1], "from", 1.0, "P1")
            for e in [(doc.ents[0], doc.ents[-1])]
            if len(doc.ents) > 1 and "born" in doc.text
        ]
    pipe = nlp.get_pipe("luke")
    encoder = get_module(pipe.model).luke.encoder
    before = encoder.layers()[0].output.dense.weight.clone()
    nlp.initialize(lambda: corpus)
    after = get_module(pipe.model).luke.encoder.layers()[0].output.dense.weight
    assert torch.equal(before, after)
    assert pipe.labels == ("loc", "org", "per")
    assert pipe.label_data == {
        "ner": ["loc", "org", "per"],
        "labels": ["loc", "org", "per"],
        "relations": {"from": "P1"},
    }
    train(nlp, corpus)
    doc = nlp("Ana was born in Oslo .")
    assert [(e.text, e.label_) for e in doc.ents] == [("Ana", "per"), ("Oslo", "loc")]
    assert [(r.head.text, r.label, r.tail.text, r.id) for r in doc._.luke_relations] == [
        ("Ana", "from", "Oslo", "P1")
    ]


def test_several_labels_an_entity(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"multi_label": True, "relations": False})
    corpus = make_corpus(nlp)
    kinds = {"PER": ["person", "agent"], "ORG": ["agent"], "LOC": []}
    for example in corpus:
        for ent in example.reference.ents:
            ent._.luke_labels = {"person": 0.0, **dict.fromkeys(kinds[ent.label_], 1.0)}
    nlp.initialize(lambda: corpus)
    assert nlp.get_pipe("luke").label_data["labels"] == ["agent", "person"]
    train(nlp, corpus, steps=60)
    doc = nlp("Bob works for Vox in Oslo .")
    found = {e.text: {k for k, v in e._.luke_labels.items() if v > 0.5} for e in doc.ents}
    assert found == {"Bob": {"person", "agent"}, "Vox": {"agent"}, "Oslo": set()}
    assert {e.text: bool(e._.luke_label) for e in doc.ents} == {"Bob": True, "Vox": True, "Oslo": False}
    assert nlp.evaluate(corpus)["luke_labels_micro_f"] > 0.95


def test_facts_across_sentences(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    corpus = []
    for i in range(12):
        who, where, firm = PEOPLE[i % 6], PLACES[(i * 5 + i // 6) % 6], FIRMS[i % 4]
        ents, text = (
            {who: "PER", where: "LOC", firm: "ORG"},
            f"{who} likes {firm} . she was born in {where} .",
        )
        corpus.append(annotate(nlp, text, ents, [(who, where, "born in")]))
    with pytest.warns(UserWarning, match="12 of 12 gold relations are beyond the limits"):
        nlp.initialize(lambda: corpus)
    train(nlp, corpus, steps=100)
    docs = list(nlp.pipe(example.text for example in corpus))
    assert all(doc._.luke_relations == () for doc in docs)
    gold = [[(r.head.text, r.label, r.tail.text) for r in eg.reference._.luke_relations] for eg in corpus]
    right = sum(
        [(f.head, f.label, f.tail) for f in doc._.luke_facts] == facts
        for doc, facts in zip(docs, gold, strict=True)
    )
    assert right >= 11


def test_gold_in_a_span_group(checkpoint: str):
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    nlp = make_pipeline(checkpoint, entities=getter, model={"ner": False, "relations": False})
    corpus = make_corpus(nlp)
    for example in corpus:
        for doc in (example.reference, example.predicted):
            doc.spans["mine"] = [Span(doc, e.start, e.end, label=e.label_) for e in example.reference.ents]
        example.reference.ents = []
    nlp.initialize(lambda: corpus)
    train(nlp, corpus, steps=40)
    doc = nlp.make_doc("Ana works for Acme in Rome .")
    doc.spans["mine"] = [doc[0:1], doc[3:4], doc[5:6]]
    assert [s._.luke_label for s in nlp(doc).spans["mine"]] == ["PER", "ORG", "LOC"]
    assert doc.ents == ()


def test_learns_with_a_registered_suggester(checkpoint: str):
    nlp = make_pipeline(
        checkpoint,
        suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]},
        model={"labels": False, "relations": False},
    )
    corpus = make_corpus(nlp)
    nlp.initialize(lambda: corpus)
    proposer = get_module(nlp.get_pipe("luke").model).proposer.start.weight
    before = proposer.clone()
    train(nlp, corpus, steps=60)
    assert nlp.evaluate(corpus)["ents_f"] > 0.95
    assert torch.equal(before, get_module(nlp.get_pipe("luke").model).proposer.start.weight)


def test_mixed_precision_learns_and_reads(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"mixed_precision": True})
    corpus = make_corpus(nlp)
    nlp.initialize(lambda: corpus)
    train(nlp, corpus, steps=60)
    scores = nlp.evaluate(corpus)
    assert scores["ents_f"] > 0.9
    assert scores["luke_relations_micro_f"] > 0.9
    plain = make_pipeline(checkpoint)(TEXTS[1]).ents[0]._.luke_vector
    assert nlp(TEXTS[1]).ents[0]._.luke_vector.dtype == plain.dtype


# --- what isn't annotated ------------------------------------------------------------------


def head_weights(nlp: Language) -> dict[str, torch.Tensor]:
    module = get_module(nlp.get_pipe("luke").model)
    return {
        name: getattr(module, name).classifier.weight.detach().clone()
        for name in ("span_head", "entity_head", "relation_head")
    }


@pytest.mark.parametrize(
    ("missing", "still"),
    [("relations", {"relation_head"}), ("entities", set(JOINT_HEADS))],
)
def test_what_is_not_annotated_does_not_train(checkpoint: str, missing: str, still: set[str]):
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp, 6)
    for example in corpus:
        example.reference._.luke_relations = None
        if missing == "entities":
            bare = nlp.make_doc(example.text)
            example.reference = bare
    before = head_weights(nlp)
    train(nlp, corpus, steps=2)
    after = head_weights(nlp)
    assert {name for name in before if torch.equal(before[name], after[name])} == still


def test_relations_that_were_not_looked_for_do_not_train(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp, 6)
    labels = get_module(nlp.get_pipe("luke").model).joint.relation_labels
    for example in corpus:
        example.reference._.luke_relations = ()
        example.reference.user_data[RELATIONS_LOOKED_FOR] = [labels[0]]
    before = head_weights(nlp)["relation_head"]
    train(nlp, corpus, steps=2)
    after = head_weights(nlp)["relation_head"]
    changed = (before != after).any(-1).tolist()
    assert changed == [True, True, *[False] * (len(labels) - 1)]  # "none", the one looked for, the others


def test_no_relations_is_annotation(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp, 6)
    for example in corpus:
        example.reference._.luke_relations = ()
    before = head_weights(nlp)
    train(nlp, corpus, steps=2)
    assert not torch.equal(before["relation_head"], head_weights(nlp)["relation_head"])


def test_heads_without_trained_weights_are_silent_and_say_so(make_checkpoint):
    folder = make_checkpoint(loud=True, joint={"untrained": JOINT_HEADS})
    nlp = make_pipeline(folder)
    with pytest.warns(UserWarning, match="no trained weights for ner, labels, relations"):
        doc = nlp("Ana was born in Rome .")
    assert doc.ents == ()
    assert not doc.has_annotation("ENT_IOB")
    assert not doc.user_data.get("spacy_luke", {}).get("relations")
    corpus = make_corpus(nlp)
    for example in corpus:
        example.reference._.luke_relations = None
    train(nlp, corpus, steps=40)
    with pytest.warns(UserWarning, match="no trained weights for relations"):
        doc = nlp("Ana was born in Rome .")
    assert [e._.luke_label for e in doc.ents] == ["PER", "LOC"]
    assert doc._.luke_relations == ()
    for example, again in zip(corpus, make_corpus(nlp), strict=True):
        example.reference = again.reference
    train(nlp, corpus, steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp("Ana was born in Rome .")


# --- initialize ----------------------------------------------------------------------------


def test_initialize_keeps_heads_whose_labels_stay(checkpoint: str):
    nlp = make_pipeline(checkpoint, thresholds={"facts": 0.4})
    pipe = nlp.get_pipe("luke")
    before = head_weights(nlp)
    corpus = make_corpus(nlp)
    nlp.initialize(lambda: corpus)
    assert all(torch.equal(w, before[name]) for name, w in head_weights(nlp).items())
    pipe.thresholds["ner"] = 0.9
    for example in corpus:
        example.reference._.luke_relations = [
            (r.head, r.tail, "new", 1.0, "") for r in example.reference._.luke_relations
        ]
    nlp.initialize(lambda: corpus)
    after = head_weights(nlp)
    assert torch.equal(before["span_head"], after["span_head"])
    assert before["relation_head"].shape != after["relation_head"].shape
    assert pipe.label_data["relations"] == {"new": ""}
    assert pipe.thresholds["ner"] == 0.5  # what was tuned to the old heads goes,
    assert pipe.thresholds["facts"] == 0.4  # what the config says stays


def test_initialize_without_examples_keeps_everything(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    before = nlp.get_pipe("luke").label_data
    nlp.initialize()
    assert nlp.get_pipe("luke").label_data == before


def test_labels_from_a_file_replace_those_of_the_data(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    pipe = nlp.get_pipe("luke")
    corpus = make_corpus(nlp)
    with pytest.warns(UserWarning, match="gold (entities|relations) have labels that") as told:
        pipe.initialize(lambda: corpus, nlp=nlp, labels={"ner": ["PER", "PET"], "relations": ["likes"]})
    assert len(told) == 2
    assert pipe.label_data == {
        "ner": ["PER", "PET"],
        "labels": ["LOC", "ORG", "PER"],
        "relations": {"likes": ""},
    }
    with pytest.raises(ValueError, match=r"Labels were given for \['colours'\]"):
        pipe.initialize(lambda: corpus, labels={"colours": ["red"]})


def test_training_one_pipe_leaves_others_on_the_checkpoint_alone(checkpoint: str):
    first, second = make_pipeline(checkpoint), make_pipeline(checkpoint)
    modules = [get_module(nlp.get_pipe("luke").model) for nlp in (first, second)]
    assert modules[0] is modules[1]
    vector = second(TEXTS[1]).ents[0]._.luke_vector
    corpus = make_corpus(first, 6)
    train(first, corpus, steps=2)
    assert get_module(first.get_pipe("luke").model) is not modules[1]
    assert (second(TEXTS[1]).ents[0]._.luke_vector == vector).all()
    assert (first(TEXTS[1]).ents[0]._.luke_vector != vector).any()


def test_long_and_empty_documents_train(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    long = annotate(nlp, TEXTS[3], {"Ana": "PER", "Rome": "LOC"}, [("Ana", "Rome", "born in")])
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    dropped = Example(nlp.make_doc("\n \n"), nlp.make_doc("\n \n"))
    with pytest.warns(UserWarning, match="1 of 1 gold relations are beyond the limits"):
        assert train(nlp, [long, empty, dropped], steps=1)["luke"] > 0
    assert train(nlp, [long, empty, dropped], steps=1)["luke"] > 0  # that is told once
    assert train(nlp, [empty], steps=1)["luke"] == 0
    assert train(nlp, [dropped], steps=1)["luke"] == 0
