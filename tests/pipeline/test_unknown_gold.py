"""What nobody knows is never trained as "no", what can't be learned is told once, and no gold at all is an error."""

from __future__ import annotations

import warnings
from typing import Any

import every_pipe
import numpy as np
import pytest
import spacy
from heads import make as make_published
from heads import make_nlp
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.augment import create_lower_casing_augmenter
from thinc.api import Adam
from tiny import FIRMS, PEOPLE, PLACES, annotate, make_corpus, make_pipeline

import spacy_luke
from spacy_luke.annotation import ENTITIES_LOOKED_FOR, RELATIONS_LOOKED_FOR
from spacy_luke.layers.weights import get_module
from spacy_luke.pipeline.candidate_spans import LukeCandidateSpans
from spacy_luke.pipeline.entity_heads import Asked
from spacy_luke.training.corpus import LukeCorpus

SPANS = {"@architectures": "spacy-luke.CandidateSpans.v1", "max_span_width": 2}
FINDERS = [("luke", {}), ("luke_ner", {}), ("luke_ner", SPANS)]
FACTORIES = ["luke", *every_pipe.PIPES]


def make_any(factory: str, checkpoint: str, folder: Any) -> Language:
    """A pipeline with a trained head of any kind."""
    if factory == "luke":
        return make_pipeline(checkpoint)
    return every_pipe.make(factory, every_pipe.save(factory, folder))


def learn(nlp: Language, examples: list[Example], steps: int, rate: float = 0.003) -> None:
    sgd = Adam(rate)
    for _ in range(steps):
        nlp.update(examples, sgd=sgd)


def taught_entities(factory: str, checkpoint: str, model: dict[str, Any]) -> tuple[Language, list[Example]]:
    """A pipeline that has learned the entities of a corpus, and the corpus."""
    nlp = make_nlp(factory, checkpoint, model)
    corpus = make_corpus(nlp)
    for example in corpus:
        example.reference._.luke_relations = None
    nlp.initialize(lambda: corpus)
    learn(nlp, corpus, 60)
    return nlp, corpus


# --- entities ------------------------------------------------------------------------------


@pytest.mark.parametrize(("factory", "model"), FINDERS, ids=["luke", "luke_ner", "spans"])
def test_missing_entities_are_not_unlearned(checkpoint: str, factory: str, model: dict[str, Any]):
    def found_after(default: str) -> float:
        nlp, corpus = taught_entities(factory, checkpoint, model)
        assert nlp.evaluate(corpus)["ents_f"] > 0.95
        known = []  # twelve texts with one known name each
        for i in range(12):
            text = f"{PEOPLE[i % 6]} works for {FIRMS[i % 4]} in {PLACES[i % 6]} ."
            reference = nlp.make_doc(text)
            reference.set_ents([Span(reference, 0, 1, "PER")], default=default)
            known.append(Example(nlp.make_doc(text), reference))
        for example in known:
            nlp.update([example], sgd=Adam(0.003))
        return nlp.evaluate(corpus)["ents_f"]

    assert found_after("missing") > 0.9
    assert found_after("outside") < 0.8  # a test that can fail


def candidates(nlp: Language, example: Example) -> dict[tuple[int, int], list[str]]:
    """Which labels the targets allow for each candidate of a document."""
    pipe = nlp.get_pipe("luke_ner")
    assert isinstance(pipe, LukeCandidateSpans)
    n = len(example.predicted)
    extents = np.array([(i, j) for i in range(n) for j in range(i + 1, min(i + 2, n) + 1)])
    allowed = pipe.targets(Asked(extents, np.arange(len(extents))[:, None]), pipe.gold(example))
    names = np.array(pipe.network.labels)
    return {tuple(e): names[row].tolist() for e, row in zip(extents.tolist(), allowed, strict=True)}


def test_candidates_of_published_heads(tmp_path: Any):
    nlp = every_pipe.make("luke_ner", every_pipe.save("luke_ner", tmp_path))
    every = ["NIL", "PER", "LOC"]
    example = annotate(nlp, "Ana likes old Rome and Oslo", {"Ana": "PER", "Oslo": "PET"}, None)
    doc = example.reference
    doc.set_ents([*doc.ents, Span(doc, 1, 4, "LOC")])  # too long for this pipe's candidates, as they are here
    told = candidates(nlp, example)
    assert told[0, 1] == ["PER"]
    assert told[0, 2] == told[1, 2] == told[2, 4] == told[3, 5] == told[5, 6] == told[4, 6] == every
    assert told[4, 5] == ["NIL"]
    doc.set_ents([doc.ents[0]], missing=[doc[3:4]])
    told = candidates(nlp, example)
    assert [extent for extent, labels in told.items() if labels == every] == [(2, 4), (3, 4), (3, 5)]
    doc.set_ents([doc.ents[0]])
    doc.user_data[ENTITIES_LOOKED_FOR] = ["PER"]
    told = candidates(nlp, example)
    assert (told[0, 1], told[0, 2], told[3, 4]) == (["PER"], ["NIL"], ["NIL", "LOC"])


@pytest.mark.parametrize(("factory", "model"), FINDERS, ids=["luke", "luke_ner", "spans"])
def test_types_that_were_not_looked_for_are_not_unlearned(
    checkpoint: str, factory: str, model: dict[str, Any]
):
    nlp, corpus = taught_entities(factory, checkpoint, model)
    for example in corpus:  # only people were looked for
        doc = example.reference
        doc.ents = [ent for ent in doc.ents if ent.label_ == "PER"]
        doc.user_data[ENTITIES_LOOKED_FOR] = ["PER"]
    learn(nlp, corpus, 20)
    scores = nlp.evaluate(make_corpus(nlp))["ents_per_type"]
    assert min(scores[label]["f"] for label in ("PER", "LOC", "ORG")) > 0.9


@pytest.mark.parametrize(("factory", "model"), FINDERS, ids=["luke", "luke_ner", "spans"])
def test_what_cannot_be_found_is_told_once_with_its_share(
    checkpoint: str, factory: str, model: dict[str, Any]
):
    nlp = make_nlp(factory, checkpoint, {**model, "max_span_width": 2})
    predicted = nlp.make_doc("the old Ana Bob Eve left pre-1990 Rome")
    tokens = [token.text for token in predicted]
    assert "pre-1990" in tokens
    reference = Doc(
        nlp.vocab,
        words=[*tokens[:6], "pre", "-", "1990", "Rome"],
        spaces=[True] * 6 + [False] * 2 + [True, False],
    )
    reference.ents = [
        Span(reference, 2, 5, "PER"),
        Span(reference, 8, 9, "TIME"),
        Span(reference, 9, 10, "LOC"),
    ]
    examples = [Example(predicted, reference)]
    with pytest.warns(UserWarning, match="gold entities") as told:
        nlp.initialize(lambda: examples)
    messages = sorted(str(warning.message) for warning in told)
    assert len(messages) == 2
    assert "1 of 3 gold entities (33.3%) are longer than the 2 tokens" in messages[0]
    assert "'Ana Bob Eve'" in messages[0]
    assert "max_span_width" in messages[0]
    assert "1 of 3 gold entities don't begin and end with tokens" in messages[1]
    assert "'1990'" in messages[1]
    learn(nlp, examples, 2)  # a warning would be an error


def test_the_widest_span_is_a_setting(checkpoint: str, tmp_path: Any):
    nlp = make_pipeline(checkpoint, "luke_ner", {"max_span_width": 6})
    text = "the old Ana Bob Eve Kim Lea Max likes Rome ."
    reference = nlp.make_doc(text)
    reference.ents = [Span(reference, 2, 8, "PER"), Span(reference, 9, 10, "LOC")]
    examples = [Example(nlp.make_doc(text), reference)]
    nlp.initialize(lambda: examples)
    learn(nlp, examples, 60)
    expected = [("Ana Bob Eve Kim Lea Max", "PER"), ("Rome", "LOC")]
    assert [(ent.text, ent.label_) for ent in nlp(text).ents] == expected
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert [(ent.text, ent.label_) for ent in again(text).ents] == expected
    assert get_module(again.get_pipe("luke_ner").model).joint.max_span_width == 6
    narrow = spacy.load(tmp_path, config={"components.luke_ner.model.max_span_width": 1})
    assert {len(ent) for ent in narrow(text).ents} <= {1}
    with pytest.raises(ValueError, match="max_span_width has to be 1 or more, or null, got 0"):
        make_pipeline(checkpoint, model={"max_span_width": 0})


# --- relations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, "no_relation", "Other"])
def test_the_label_for_no_relation_is_no_relation(checkpoint: str, name: str | None):
    outside = name if name == "Other" else None
    nlp = make_pipeline(checkpoint, model={"outside": outside})
    corpus = make_corpus(nlp)
    for example in corpus:
        doc = example.reference
        if name is not None:
            pairs = {(r.head, r.tail) for r in doc._.luke_relations}
            rest = [(h, t, name) for h in doc.ents for t in doc.ents if h != t and (h, t) not in pairs]
            doc._.luke_relations = [*doc._.luke_relations, *rest]
    nlp.initialize(lambda: corpus)
    pipe = nlp.get_pipe("luke")
    assert list(pipe.label_data["relations"]) == ["born in", "works for"]
    assert pipe.update(corpus, drop=0.0)["luke"] == pytest.approx(
        make_pipeline(checkpoint).get_pipe("luke").update(make_corpus(nlp), drop=0.0)["luke"]
    )


def pairs_allowed(nlp: Language, example: Example) -> dict[tuple[int, int], list[str]]:
    pipe = nlp.get_pipe("luke_relations")
    gold = pipe.gold(example)
    items = np.array([(0, 1), (1, 0)])
    names = np.array(pipe.network.labels)
    allowed = pipe.targets(Asked(np.array(gold.mentions), items), gold)
    return {tuple(i): names[row].tolist() for i, row in zip(items.tolist(), allowed, strict=True)}


def test_pairs_of_published_heads(tmp_path: Any):
    nlp = every_pipe.make("luke_relations", every_pipe.save("luke_relations", tmp_path))
    every = ["no_relation", "born in", "likes"]
    example = annotate(nlp, "Ana was born in Rome .", {"Ana": "PER", "Rome": "LOC"}, [])
    doc = example.reference
    doc._.luke_relations = [(doc[0:1], doc[4:5], "born in")]  # spans without the entities' labels
    assert pairs_allowed(nlp, example) == {(0, 1): ["born in"], (1, 0): ["no_relation"]}
    doc._.luke_relations = [(doc[0:1], doc[4:5], "hates"), (doc[4:5], doc[0:1], "no_relation")]
    assert pairs_allowed(nlp, example) == {(0, 1): every, (1, 0): ["no_relation"]}
    doc._.luke_relations = []
    doc.user_data[RELATIONS_LOOKED_FOR] = ["likes"]
    assert pairs_allowed(nlp, example)[0, 1] == ["no_relation", "born in"]


@pytest.mark.parametrize("factory", ["luke", "luke_relations"])
def test_relations_that_cannot_be_found_are_told_and_missed(checkpoint: str, factory: str, tmp_path: Any):
    folder = every_pipe.save("luke_relations", tmp_path)
    nlp = make_pipeline(checkpoint) if factory == "luke" else make_published(factory, folder)
    example = annotate(
        nlp,
        "Ana was born in Rome . Bob likes tea .",
        {"Ana": "PER", "Rome": "LOC", "Bob": "PER"},
        [("Ana", "Rome", "born in"), ("Bob", "Rome", "born in")],
    )
    doc = example.reference
    doc._.luke_relations = [*doc._.luke_relations, (doc[6:7], doc[8:9], "born in")]
    for _ in ("training", "scoring"):
        with pytest.warns(UserWarning, match="1 of 3 gold relations .*") as told:
            nlp.get_pipe(factory).update([example])
        messages = " ".join(str(warning.message) for warning in told)
        assert "beyond the limits" in messages
        assert "'Bob - born in - Rome'" in messages
        assert "have a head or tail that is none of the mentions" in messages
        assert "'Bob - born in - tea'" in messages
        nlp.get_pipe(factory).unused.forget()
    perfect = example.reference.copy()
    perfect._.luke_relations = list(doc._.luke_relations)[:1]
    with pytest.warns(UserWarning, match="1 of 3 gold relations .*"):
        scores = nlp.get_pipe(factory).score([Example(perfect, doc)])
    assert scores["luke_relations_micro_r"] == pytest.approx(1 / 3)
    assert scores["luke_relations_micro_p"] == 1.0


# --- labels --------------------------------------------------------------------------------


def with_unknown_labels(nlp: Language, factory: str) -> Example:
    """An example whose gold is of labels that the pipe doesn't have."""
    doc = nlp.make_doc("Ana likes tea")
    for token in doc:
        token.is_sent_start = token.i == 0
    predicted = doc.copy()
    if factory in ("luke", "luke_ner", "luke_typing", "luke_relations"):
        doc.ents = [Span(doc, i, i + 1, "NEW") for i in range(3)]
    if factory in ("luke", "luke_relations"):
        doc._.luke_relations = [(h, t, "NEW") for h in doc.ents for t in doc.ents if h != t]
    if factory == "luke_linker":
        doc.ents = [Span(doc, 0, 1, "PER", kb_id="NEW")]
    doc.cats = {"NEW": 1.0}
    for token in doc:
        token._.luke_tag = "NEW"
    return Example(predicted, doc)


@pytest.mark.parametrize("factory", [f for f in FACTORIES if f not in ("luke_qa", "luke_choice")])
def test_a_new_label_in_update_is_unknown_and_told_once(checkpoint: str, factory: str, tmp_path: Any):
    nlp = make_any(factory, checkpoint, tmp_path)
    example = with_unknown_labels(nlp, factory)
    with pytest.warns(UserWarning, match=r"labels that the component '.*' doesn't have: 'NEW'"):
        assert nlp.get_pipe(factory).update([example]) == {factory: 0.0}
    assert nlp.get_pipe(factory).update([example]) == {factory: 0.0}


# --- no gold -------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", FACTORIES)
def test_no_gold_at_all_is_an_error(checkpoint: str, factory: str, tmp_path: Any):
    nlp = make_any(factory, checkpoint, tmp_path)
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in ("Ana likes tea", "Bob")]
    place = {
        "luke_linker": "`kb_id_` of its entities",
        "luke_textcat": "doc.cats",
        "luke_tagger": "token._.luke_tag",
        "luke_qa": "doc.spans\\['luke_answers'\\]",
        "luke_choice": "doc._.luke_choice",
        "luke_typing": "the labels or `luke_labels` of its entities",
        "luke_relations": "doc._.luke_relations",
    }.get(factory, "doc.ents")
    with pytest.raises(ValueError, match=f"'{factory}' has nothing to learn from in 2 .* {place}"):
        nlp.initialize(lambda: examples)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_any(factory, checkpoint, tmp_path).initialize()  # without data there is nothing to look at


def test_variants_of_an_example_keep_what_is_unknown(tmp_path: Any):
    spacy_luke.set_extensions()
    nlp = spacy.blank("en")
    docs = []
    for related in (False, True):
        doc = nlp.make_doc("Ana likes Rome and Oslo")
        doc.set_ents([Span(doc, 0, 1, "PER")], missing=[doc[2:3]])
        doc.user_data[ENTITIES_LOOKED_FOR] = ["PER"]
        doc.user_data[RELATIONS_LOOKED_FOR] = ["likes"]
        doc._.luke_relations = [] if related else None
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "a.spacy")
    augmenter = create_lower_casing_augmenter(1.0)
    for example in LukeCorpus(tmp_path / "a.spacy", gold_ents=False, augmenter=augmenter)(nlp):
        reference = example.reference
        assert reference.text == "ana likes rome and oslo"
        assert [token.ent_iob for token in reference] == [3, 2, 0, 2, 2]
        assert list(reference.user_data[ENTITIES_LOOKED_FOR]) == ["PER"]
        assert list(reference.user_data[RELATIONS_LOOKED_FOR]) == ["likes"]
