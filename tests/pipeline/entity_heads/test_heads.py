"""The pipes on published heads: labels, thresholds, odd documents, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from heads import PIPES, copy_doc, docs_for, make, make_nlp, outputs, random_docs, write_checkpoint
from spacy.tokens import Doc, Span

# --- what they write -----------------------------------------------------------------------


def test_each_writes_its_own_part_only(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory])
    (doc,) = nlp.pipe(docs_for(nlp, 1))
    assert doc.ents
    written = set(doc.user_data.get("spacy_luke", {})) - {"n_chars"}
    parts = {"luke_ner": set(), "luke_typing": {"labels", "best"}, "luke_relations": {"relations", "facts"}}
    assert written == parts[factory]


def test_labels_come_from_the_checkpoint(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory])
    pipe = nlp.get_pipe(factory)
    assert pipe.labels == ()  # nothing is loaded before it is needed
    list(nlp.pipe(docs_for(nlp, 1)))
    labels = [label for label in PIPES[factory][1] if label not in ("NIL", "no_relation")]
    assert list(pipe.labels) == labels
    task = {"luke_ner": "ner", "luke_typing": "labels", "luke_relations": "relations"}[factory]
    assert list(pipe.label_data[task]) == labels


def test_batches_and_order_change_nothing(checkpoints: dict[str, str], factory: str):
    nlp = make(factory, checkpoints[factory], max_batch_pieces=150)
    docs = docs_for(nlp, 8)
    alone = [outputs(nlp(copy_doc(doc))) for doc in docs]
    large = make(factory, checkpoints[factory])
    together = [outputs(doc) for doc in large.pipe([copy_doc(doc) for doc in reversed(docs)])]
    assert together[::-1] == alone
    assert any(any(output.values()) for output in alone)


def test_batches_are_bounded(checkpoints: dict[str, str], factory: str, monkeypatch: pytest.MonkeyPatch):
    nlp = make(factory, checkpoints[factory], max_batch_pieces=200)
    pipe, sizes = nlp.get_pipe(factory), []
    predict = type(pipe.model).predict

    def watch(model: Any, batch: Any) -> Any:
        rows, words = batch.input_ids.shape
        sizes.append((rows, rows * (words + batch.entity_ids.shape[1])))
        return predict(model, batch)

    monkeypatch.setattr(type(pipe.model), "predict", watch)
    list(nlp.pipe(docs_for(nlp, 8)))
    assert len(sizes) > 1
    assert all(rows == 1 or size <= 200 for rows, size in sizes)


def test_thresholds(checkpoints: dict[str, str]):
    nlp = make("luke_relations", checkpoints["luke_relations"])
    docs = docs_for(nlp)
    before = [r.score for doc in nlp.pipe(map(copy_doc, docs)) for r in doc._.luke_relations]
    middle = sorted(before)[len(before) // 2]
    nlp.get_pipe("luke_relations").thresholds["relations"] = middle
    after = [r.score for doc in nlp.pipe(map(copy_doc, docs)) for r in doc._.luke_relations]
    assert sorted(after) == sorted(score for score in before if score >= middle)
    facts = [f for doc in nlp.pipe(map(copy_doc, docs)) for f in doc._.luke_facts]
    assert min(f.score for f in facts) <= middle  # their own threshold is as it was
    typing = make("luke_typing", checkpoints["luke_typing"], thresholds={"labels": 1.0})
    assert not any(e._.luke_label for doc in typing.pipe(map(copy_doc, docs)) for e in doc.ents)


def test_labels_that_exclude_each_other(tmp_path: Path):
    labels = ["O", "person", "place", "thing"]
    kind = {"problem_type": "single_label_classification", "initializer_range": 0.5}
    folder = write_checkpoint(tmp_path / "single", "LukeForEntityClassification", labels, seed=1, **kind)
    nlp = make("luke_typing", folder)
    found = [ent for doc in nlp.pipe(docs_for(nlp, 12)) for ent in doc.ents]
    for ent in found:
        scores = ent._.luke_labels
        assert list(scores) == labels[1:]
        rest = 1 - sum(scores.values())  # "O"
        best = max(scores, key=lambda label: scores[label])
        assert ent._.luke_label == ("" if rest > scores[best] else best)
    assert len({ent._.luke_label for ent in found}) > 1


def test_the_outside_label_can_be_set(checkpoints: dict[str, str]):
    folder = checkpoints["luke_relations"]
    plain, other = make("luke_relations", folder), make("luke_relations", folder, {"outside": "born in"})
    docs = docs_for(plain)
    first = {r.label for doc in plain.pipe(map(copy_doc, docs)) for r in doc._.luke_relations}
    second = {r.label for doc in other.pipe(map(copy_doc, docs)) for r in doc._.luke_relations}
    assert "no_relation" not in first
    assert "born in" in first
    assert "born in" not in second
    assert "no_relation" in second
    with pytest.raises(ValueError, match="`outside` is 'nothing', which is not a label of the model"):
        list(make("luke_relations", folder, {"outside": "nothing"}).pipe(map(copy_doc, docs)))


def test_facts_across_sentences(checkpoints: dict[str, str]):
    near = make("luke_relations", checkpoints["luke_relations"])
    far = make("luke_relations", checkpoints["luke_relations"], same_sentence=False, max_distance=None)
    doc = max(random_docs(near, 10, seed=4), key=lambda d: len(list(d.sents)))
    one, two = near(copy_doc(doc)), far(copy_doc(doc))
    assert all(r.head.sent == r.tail.sent for r in one._.luke_relations)
    across = [f for f in two._.luke_facts if all(p.head.sent != p.tail.sent for p in f.pairs)]
    assert across
    inside = {(r.head.start, r.tail.start, r.label) for r in one._.luke_relations}
    assert inside <= {(r.head.start, r.tail.start, r.label) for r in two._.luke_relations}


def test_pairs_that_no_relation_allows_are_not_read(
    checkpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    allowed = {"born in": [["A", "B"]], "works for": [["A", "C"]]}
    nlp = make("luke_relations", checkpoints["luke_relations"], allowed_relations=allowed)
    doc = nlp.make_doc("Ana Lopez met Bob in Rome")
    doc.ents = [Span(doc, 0, 2, "A"), Span(doc, 3, 4, "B"), Span(doc, 5, 6, "C")]
    pipe, read = nlp.get_pipe("luke_relations"), []
    predict = type(pipe.model).predict
    monkeypatch.setattr(
        type(pipe.model), "predict", lambda model, b: read.append(len(b.input_ids)) or predict(model, b)
    )
    nlp(doc)
    assert sum(read) == 2  # A with B, A with C
    for relation in doc._.luke_relations:
        assert [relation.head.label_, relation.tail.label_] in allowed[relation.label]


# --- odd documents -------------------------------------------------------------------------

ODD = [
    "",
    " ",
    "\n\n",
    "Ana",
    "x" * 900,
    "Ana\x00 met\u200b Bob",
    "<ent> Ana </s> Bob <mask> <pad>",
    "🍵 東京 مريم",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_texts(checkpoints: dict[str, str], factory: str, text: str):
    nlp = make(factory, checkpoints[factory])
    doc = nlp.make_doc(text)
    if factory != "luke_ner":
        doc.ents = [Span(doc, token.i, token.i + 1, "X") for token in doc]
    assert nlp(doc).text == text
    for ent in doc.ents if factory == "luke_typing" else ():
        assert len(ent._.luke_labels) in (0, 3)


def test_no_entities_and_one(checkpoints: dict[str, str]):
    for name in ("luke_typing", "luke_relations"):
        nlp = make(name, checkpoints[name])
        docs = [nlp.make_doc("Ana Lopez met Bob ."), nlp.make_doc("Ana Lopez met Bob .")]
        docs[1].ents = [Span(docs[1], 0, 2, "X")]
        for doc in nlp.pipe(docs):
            assert doc._.luke_relations == doc._.luke_facts == ()
    assert not nlp.make_doc("Ana")._.luke_relations


def test_overlapping_entities_and_long_ones(checkpoints: dict[str, str]):
    group = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    places = [(0, 2), (0, 1), (1, 2), (3, 200), (100, 101), (199, 200)]
    for name in ("luke_typing", "luke_relations"):
        nlp = make(name, checkpoints[name], {"context": "document"}, entities=group)
        doc = Doc(nlp.vocab, words=["Ana", "Lopez", *["met", "Bob"] * 99])
        doc.spans["mine"] = [Span(doc, *place, "X") for place in places]
        nlp(doc)
        if name == "luke_typing":
            assert all(len(span._.luke_labels) == 3 for span in doc.spans["mine"])
    far = make("luke_relations", checkpoints["luke_relations"], entities=group, max_distance=None)
    far(doc)
    pairs = {(r.head.start, r.tail.start) for r in doc._.luke_relations}
    assert all(max(pair) < 130 or min(pair) > 70 for pair in pairs)  # both have to fit into an input


def test_a_long_document_without_sentences(checkpoints: dict[str, str]):
    """Every token is read as an entity of some input, and nothing is read twice."""
    nlp = make(
        "luke_ner", checkpoints["luke_ner"], {"outside": "NIL"}, thresholds={"ner": 0.0}, spans_key="all"
    )
    pipe = nlp.get_pipe("luke_ner")
    doc = Doc(nlp.vocab, words=["Ana", "Lopez", "met", "Bob", "in", "Rome"] * 300)
    pipe(doc)
    assert max(ent.end for ent in doc.ents) > 1700
    assert len(doc.spans["all"]) == len({(s.start, s.end) for s in doc.spans["all"]})


def test_a_suggester_chooses_the_candidates(checkpoints: dict[str, str]):
    nlp = make(
        "luke_ner", checkpoints["luke_ner"], suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [2]}
    )
    docs = list(nlp.pipe(docs_for(nlp)))
    assert {len(ent) for doc in docs for ent in doc.ents} == {2}


def test_entities_that_are_there_stay(checkpoints: dict[str, str]):
    nlp = make("luke_ner", checkpoints["luke_ner"], find_entities=True)
    doc = nlp.make_doc("Ana Lopez met Bob in Rome .")
    doc.ents = [Span(doc, 0, 2, "MINE")]
    nlp(doc)
    assert ("Ana Lopez", "MINE") in [(ent.text, ent.label_) for ent in doc.ents]
    auto = make("luke_ner", checkpoints["luke_ner"])
    doc = auto.make_doc("Ana Lopez met Bob in Rome .")
    doc.ents = []  # annotated: none
    with pytest.warns(UserWarning, match="looked for no entities: 1 documents"):
        assert auto(doc).ents == ()


# --- settings and checkpoints --------------------------------------------------------------


@pytest.mark.parametrize(("name", "hint"), [("luke_ner", "CandidateSpans"), ("luke_relations", "MarkedPair")])
def test_a_published_checkpoint_in_the_joint_architecture(checkpoints: dict[str, str], name: str, hint: str):
    nlp = make_nlp("luke_ner", checkpoints[name])
    with pytest.raises(ValueError, match=f'Use {name} with @architectures = "spacy-luke.{hint}.v1"'):
        nlp("Ana Lopez met Bob.")


def test_settings_that_are_not_allowed(checkpoints: dict[str, str]):
    with pytest.raises(ValueError, match="context has to be 'sentence' or 'document', got 'page'"):
        make("luke_typing", checkpoints["luke_typing"], {"context": "page"})
    with pytest.raises(ValueError, match="max_span_width has to be 1 or more"):
        make("luke_ner", checkpoints["luke_ner"], {"max_span_width": 0})
    with pytest.raises(ValueError, match="has no labels for entities"):
        make_nlp("luke_typing", None, {"@architectures": "spacy-luke.SequenceClassification.v1"})


def test_a_listener_can_not_name_them(checkpoints: dict[str, str]):
    pytest.importorskip("spacy_transformers")
    nlp = make("luke_typing", checkpoints["luke_typing"])
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    listener |= {"pooling": {"@layers": "reduce_mean.v1"}, "upstream": "luke_typing"}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    with pytest.raises(ValueError, match="has no word states to give"):
        nlp.add_pipe("tagger", config={"model": tagger})
