"""Labels that are taught: what they change, and what they leave as it is."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam
from tiny import FIRMS, PEOPLE, PLACES, TEXTS, annotate, make_corpus, make_pipeline, summary

from spacy_luke.pipeline.luke import LukeJoint
from spacy_luke.training.teach.report import TeachReport


@pytest.fixture
def nlp(checkpoint: str) -> Language:
    """A pipeline that finds and relates a lot."""
    return make_pipeline(checkpoint)


def pipe_of(nlp: Language) -> LukeJoint:
    pipe = nlp.get_pipe("luke")
    assert isinstance(pipe, LukeJoint)
    return pipe


def examples(nlp: Language, size: int = 12) -> list[Doc]:
    """Who likes whom, and drinks. The model knows neither "likes" nor "DRINK"."""
    docs = []
    for i in range(size):
        one, other, place, firm = PEOPLE[i % 6], PEOPLE[(i + 1 + i // 6) % 6], PLACES[i % 6], FIRMS[i % 4]
        ents = {one: "PER", other: "PER", place: "LOC", firm: "ORG", "tea": "DRINK"}
        text = (
            f"{one} likes {other} and tea ." if i % 3 else f"{one} works for {firm} in {place} with {other} ."
        )
        relations = [(one, other, "likes")] if i % 3 else []
        docs.append(annotate(nlp, text, ents, relations).reference)
    return docs


def rejecting(doc: Doc, head: str, tail: str, label: str) -> Doc:
    """A copy of a document, with nothing but one relation that is marked as wrong."""
    marked, places = Doc(doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]), []
    for name in (head, tail):
        token = next(token for token in doc if token.text == name)
        places += [token.idx, token.idx + len(token)]
    marked.user_data["luke_rejected_relations"] = [[*places, label]]
    return marked


def logits(nlp: Language, doc: Doc) -> dict[str, Any]:
    """What the trained heads say of a document's entities and candidates, unrounded."""
    pipe = pipe_of(nlp)
    from spacy_luke.pipeline.joint.examples import ExampleReader

    reader = ExampleReader(pipe, [doc], find=True)
    found: dict[str, Any] = {}
    ask, predict = pipe.network.ask, pipe.network.predict

    def watch(batch: Any) -> Any:
        output = predict(ask(batch.inputs, find=True))
        found["labels"], found["pairs"] = output.label_logits.numpy(), output.pair_logits.numpy()
        found["spans"], found["proposals"] = output.span_logits.numpy(), output.proposal_scores.numpy()
        return predict(batch)

    reader.network = type("Watched", (), {**{n: getattr(pipe.network, n) for n in ("joint", "ask")}})()
    reader.network.predict, reader.network.window_sizes = watch, pipe.network.window_sizes
    reader.read()
    return found


def relations(nlp: Language, doc: Doc) -> dict[tuple[str, str, str], float]:
    """What is said of the entities of a document."""
    given = Doc(nlp.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc])
    given.ents = [given.char_span(e.start_char, e.end_char, label=e.label_) for e in doc.ents]
    read = nlp(given)
    return {(r.head.text, r.tail.text, r.label): r.score for r in read._.luke_relations}


def test_new_labels_of_all_kinds(nlp: Language):
    docs = examples(nlp)
    pipe = pipe_of(nlp)
    report = pipe.teach(docs)
    assert pipe.taught == {"ner": ("DRINK",), "labels": ("DRINK",), "relations": ("likes",)}
    assert {(row.task, row.label) for row in report.labels} == {
        ("ner", "DRINK"),
        ("labels", "DRINK"),
        ("relations", "likes"),
    }
    assert report.known == ["LOC", "ORG", "PER"]
    assert {row.examples for row in report.labels} == {8}
    assert "likes" in pipe.joint.relation_labels
    assert "likes" not in pipe.network.joint.relation_labels
    right = wrong = 0
    for doc in docs:
        gold = {(r.head.text, r.tail.text) for r in doc._.luke_relations}
        said = {(head, tail) for head, tail, label in relations(nlp, doc) if label == "likes"}
        right, wrong = right + len(said & gold), wrong + len(said - gold)
    assert right >= 3
    assert wrong <= 1
    read = nlp("Ana likes Max and tea .")
    assert ("tea", "DRINK", "DRINK") in [(e.text, e.label_, e._.luke_label) for e in read.ents]


def test_old_labels_stay_to_the_last_bit(nlp: Language):
    docs = examples(nlp)
    other = make_corpus(nlp, 3)[1].reference
    before = [logits(nlp, doc) for doc in (docs[0], other)]
    said = relations(nlp, other)
    pipe_of(nlp).teach(docs)
    after = [logits(nlp, doc) for doc in (docs[0], other)]
    for old, new in zip(before, after, strict=True):
        for name in old:
            assert np.array_equal(old[name], new[name]), name
    assert {k: v for k, v in relations(nlp, other).items() if k[2] != "likes"} == said


def test_nothing_taught_nothing_changed(nlp: Language):
    pipe = pipe_of(nlp)
    before = [summary(doc) for doc in nlp.pipe(TEXTS)]
    module = pipe.network.module
    pipe.teach(examples(nlp))
    assert [summary(doc) for doc in nlp.pipe(TEXTS)] != before
    pipe.forget()
    assert pipe.taught == {}
    assert pipe.network.joint.taught == {}
    assert [summary(doc) for doc in nlp.pipe(TEXTS)] == before
    assert pipe.network.joint == module.joint


def test_the_same_each_time(checkpoint: str):
    first, second = make_pipeline(checkpoint), make_pipeline(checkpoint)
    reports = [pipe_of(nlp).teach(examples(nlp)) for nlp in (first, second)]
    assert reports[0] == reports[1]
    for task in ("ner", "labels", "relations"):
        one, other = (pipe_of(nlp).network.taught_values(task) for nlp in (first, second))
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_pipes_that_share_weights_are_untouched(checkpoint: str):
    first, second = make_pipeline(checkpoint), make_pipeline(checkpoint)
    one, other = pipe_of(first).network, pipe_of(second).network
    assert one.module is other.module
    before = [summary(doc) for doc in second.pipe(TEXTS)]
    pipe_of(first).teach(examples(first))
    assert pipe_of(second).taught == {}
    assert one.module is not other.module
    weights = dict(other.module.named_parameters())
    assert all(weight is weights[name] for name, weight in one.module.named_parameters())  # and no copy
    assert [summary(doc) for doc in second.pipe(TEXTS)] == before


def test_it_is_saved(nlp: Language, tmp_path: Path):
    docs = examples(nlp)
    pipe_of(nlp).teach(docs)
    pipe_of(nlp).teach([rejecting(docs[3], "Kim", "Lea", "works for")])
    before = [summary(doc) for doc in nlp.pipe(TEXTS)]
    assert any(row[2] == "likes" for doc in before for row in doc["relations"])
    nlp.to_disk(tmp_path / "saved")
    blank = spacy.util.load_model_from_config(nlp.config)
    others = [
        spacy.load(tmp_path / "saved"),
        pickle.loads(pickle.dumps(nlp)),
        blank.from_bytes(nlp.to_bytes()),
    ]
    for other in others:
        assert pipe_of(other).taught == pipe_of(nlp).taught
        assert [summary(doc) for doc in other.pipe(TEXTS)] == before
    # And goes on from there.
    report = pipe_of(others[0]).teach(docs[:4])
    assert {row.examples for row in report.labels if row.label == "likes"} == {8}


def test_several_processes(nlp: Language):
    pipe_of(nlp).teach(examples(nlp))
    before = [summary(doc) for doc in nlp.pipe(TEXTS)]
    assert [summary(doc) for doc in nlp.pipe(TEXTS, n_process=2)] == before


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_what_was_rejected_is_not_said_again(checkpoint: str, dtype: str):
    nlp = make_pipeline(checkpoint, model={"dtype": dtype})
    docs = examples(nlp)
    pipe_of(nlp).teach(docs)
    doc = docs[0]
    said = relations(nlp, doc)
    old = next(key for key in said if key[2] == "works for")
    new = next(key for doc in docs for key in relations(nlp, doc) if key[2] == "likes")
    where = next(doc for doc in docs if new in relations(nlp, doc))
    report = pipe_of(nlp).teach([rejecting(doc, *old), rejecting(where, *new)])
    assert report.rejected == 2
    assert old not in relations(nlp, doc)
    assert {key for key in said if key[2] != "likes"} - {old} <= set(relations(nlp, doc))
    assert new not in relations(nlp, where)
    pipe_of(nlp).forget("works for")
    assert old in relations(nlp, doc)


def test_rejected_entities(nlp: Language):
    pipe = pipe_of(nlp)
    found = nlp("Bob works for Acme in Oslo .")
    wrong = found.ents[0]
    doc = nlp.make_doc(found.text)
    doc.user_data["luke_rejected_entities"] = [[wrong.start_char, wrong.end_char, wrong.label_]]
    pipe.teach([doc])
    again = nlp("Bob works for Acme in Oslo .")
    assert (wrong.start, wrong.end, wrong.label_) not in [(e.start, e.end, e.label_) for e in again.ents]
    pipe.forget(wrong.label_)
    assert summary(nlp("Bob works for Acme in Oslo ."))["ents"] == summary(found)["ents"]


def test_a_rejected_document(nlp: Language):
    doc = examples(nlp)[1]
    said = next(key for key in relations(nlp, doc) if key[2] == "works for")
    marked = annotate(nlp, doc.text, {e.text: e.label_ for e in doc.ents}, [said]).reference
    marked.user_data["answer"] = "reject"
    assert pipe_of(nlp).teach([marked]).rejected == 1
    assert said not in relations(nlp, doc)


def test_it_adds_up_and_starts_anew(nlp: Language):
    docs, pipe = examples(nlp), pipe_of(nlp)
    relating = [doc for doc in docs if doc._.luke_relations]
    assert {row.examples for row in pipe.teach(relating[:3]).labels} == {3}
    assert {row.examples for row in pipe.teach(relating[3:]).labels} == {8}
    assert {row.examples for row in pipe.teach(relating[3:], replace=True).labels} == {5}
    assert {row.examples for row in pipe.teach(relating[3:]).labels} == {5}  # the same ones once


def test_labels_that_examples_do_not_hold_are_unknown(nlp: Language):
    pipe = pipe_of(nlp)
    pipe.teach(examples(nlp))
    before = pipe.network.taught_values("relations")
    other = annotate(nlp, "Lea lives in Cork .", {"Lea": "PER", "Cork": "LOC"}, [("Lea", "Cork", "lives in")])
    report = pipe.teach([other.reference])
    assert [row.label for row in report.labels] == ["lives in"]
    after = pipe.network.taught_values("relations")
    assert np.array_equal(before["weight"][0], after["weight"][0])
    assert list(pipe.network.joint.taught_thresholds("relations")) == ["likes", "lives in"]


def test_one_example_says_nothing(nlp: Language):
    pipe = pipe_of(nlp)
    doc = annotate(nlp, "Lea lives in Cork .", {"Lea": "PER", "Cork": "LOC"}, [("Lea", "Cork", "lives in")])
    report = pipe.teach([doc.reference], background=["Bob works for Acme in Oslo ."])
    assert [row.threshold for row in report.labels] == [1.0]
    assert "silent" in str(report)
    assert not any(label == "lives in" for *_, label in relations(nlp, doc.reference))
    pipe.thresholds["relations"] = {"lives in": 0.1}
    assert ("Lea", "Cork", "lives in") in relations(nlp, doc.reference)


def test_only_what_is_marked(nlp: Language):
    full, marked = make_pipeline(pipe_of(nlp).network.settings.checkpoint), nlp
    counts = []
    for each, complete in ((full, True), (marked, False)):
        report = pipe_of(each).teach(examples(each), complete=complete)
        counts.append({row.task: row.others for row in report.labels})
    assert all(counts[1][task] <= counts[0][task] for task in counts[0])
    assert counts[1]["relations"] < counts[0]["relations"]
    assert counts[1]["ner"] < counts[0]["ner"]


def test_contradictions_are_told(nlp: Language):
    docs = examples(nlp)
    [relation] = docs[1]._.luke_relations
    wrong = annotate(nlp, docs[1].text, {e.text: e.label_ for e in docs[1].ents}, []).reference
    report: TeachReport = pipe_of(nlp).teach([*docs, wrong])
    name = f"{relation.head.text} -> {relation.tail.text}"
    assert any(label == "likes" and yes.startswith(name) for label, yes, _ in report.contradictions)
    assert "contradict" in str(report)


def test_training_is_refused(nlp: Language):
    pipe_of(nlp).teach(examples(nlp))
    with pytest.raises(ValueError, match="was taught DRINK, likes"):
        nlp.update(make_corpus(nlp, 3), sgd=Adam(0.001))
    pipe_of(nlp).forget()
    nlp.update(make_corpus(nlp, 3), sgd=Adam(0.001))


def test_new_heads_forget(nlp: Language):
    pipe = pipe_of(nlp)
    pipe.teach(examples(nlp))
    with pytest.warns(UserWarning, match="forgets what it was taught.*likes"):
        nlp.initialize(
            lambda: [annotate(nlp, "Ana likes tea .", {"Ana": "A", "tea": "B"}, [("Ana", "tea", "x")])]
        )
    assert pipe.taught == {}


def test_errors(nlp: Language, checkpoint: str):
    pipe = pipe_of(nlp)
    with pytest.raises(TypeError, match="spaCy Docs, got str"):
        pipe.teach(["a text"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"nothing new.*born in"):
        pipe.teach([eg.reference for eg in make_corpus(nlp, 3)])
    with pytest.raises(ValueError, match=r"known of .*likes"):
        pipe.forget(["likes"])
    doc = nlp.make_doc("Ana")
    doc.user_data["luke_rejected_entities"] = [["Ana", "PER"]]
    with pytest.raises(ValueError, match="luke_rejected_entities"):
        pipe.teach([doc])
    only = annotate(nlp, "Ana Bob", {"Ana": "X", "Bob": "X"}, None).reference
    with pytest.raises(ValueError, match=r"All . examples have the label"):
        pipe.teach([only], complete=False)


def test_marks_off_tokens_are_told(nlp: Language):
    docs = examples(nlp)
    docs[0].user_data["luke_rejected_entities"] = [[1, 2, "PER"]]
    report = pipe_of(nlp).teach(docs)
    assert report.rejected == 0
    assert report.unplaced == [f"{docs[0].text[1:2]!r} (PER)"]
    assert "Not on tokens" in str(report)
