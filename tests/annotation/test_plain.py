"""Documents as plain data: everything comes back, in strict JSON, and what can't be read is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import spacy
from documents import NLP, documents
from fuzzing import examples
from gold_documents import curies
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

import spacy_luke
from spacy_luke import Fact, Relation, from_dict, to_dict


def strict(data: Any) -> Any:
    """Through strict JSON and back."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(json.dumps(data, allow_nan=False), parse_constant=refuse)


@given(documents(), st.booleans(), st.booleans())
@examples(200)
def test_round_trip(doc: Doc, tokens: bool, vectors: bool) -> None:
    data = to_dict(doc, tokens=tokens, vectors=vectors)
    assert strict(data) == data
    again = from_dict(data)
    if len(again) == 1 and len(doc) > 1 and "sentences" not in data["annotated"]:
        return  # spaCy says of a single token that its sentence is known
    assert to_dict(again, tokens="tokens" in data, vectors=vectors) == data
    if tokens:
        assert [t.text_with_ws for t in again] == [t.text_with_ws for t in doc]
        assert again._.luke_relations == tuple(
            Relation(_there(again, r.head), _there(again, r.tail), *r[2:]) for r in doc._.luke_relations
        )


def _there(doc: Doc, span: Span) -> Span:
    return Span(doc, span.start, span.end, span.label_, kb_id=span.kb_id_, span_id=span.id_)


@given(documents())
@examples(50)
def test_the_way_through_a_doc_bin_changes_nothing(doc: Doc) -> None:
    data = to_dict(doc, tokens=True, vectors=True)
    (back,) = DocBin(docs=[doc], store_user_data=True).get_docs(NLP.vocab)
    assert strict(to_dict(back, tokens=True, vectors=True)) == data


@given(documents())
@examples(50)
def test_spacy_json_carries_all(doc: Doc) -> None:
    told = strict(doc.to_json(underscore=["luke_data"]))
    assert told["_"]["luke_data"] == to_dict(doc)
    again = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    again._.luke_data = told["_"]["luke_data"]
    assert to_dict(again) == to_dict(doc)


def test_spacy_reads_its_json() -> None:
    doc = curies()
    again = Doc(doc.vocab).from_json(strict(doc.to_json(underscore=["luke_data"])))
    assert to_dict(again) == to_dict(doc)
    assert again._.luke_relations[0].head.text == "Marie Curie"


def test_offsets_are_characters() -> None:
    doc = NLP("👩‍🔬 Ana met Bób .")
    doc.ents = [doc.char_span(4, 7, "PER"), doc.char_span(12, 15, "PER", kb_id="Q1")]
    doc._.luke_relations = [Relation(*doc.ents, "met", 0.5)]
    (row,) = to_dict(doc)["relations"]
    head, tail = row["head"], row["tail"]
    assert (doc.text[head["start"] : head["end"]], head["text"], head["entity"]) == ("Ana", "Ana", 0)
    assert (doc.text[tail["start"] : tail["end"]], tail["kb_id"]) == ("Bób", "Q1")


def test_what_nobody_looked_for_is_told_from_none() -> None:
    doc = NLP("Ana met Bob .")
    assert to_dict(doc)["annotated"] == []
    doc.ents, doc._.luke_relations = [], []
    data = to_dict(doc)
    assert data["annotated"] == ["entities", "relations"]
    assert data["entities"] == data["relations"] == []
    assert from_dict(data).has_annotation("ENT_IOB")


def test_data_of_others_needs_little() -> None:
    rows = [{"start": 0, "end": 3, "label": "PER"}, {"start": 13, "end": 16, "label": "LOC"}]
    relation = {"head": rows[0], "tail": rows[1], "label": "lives in"}
    data = {
        "schema": "spacy-luke.document.v1",
        "text": "Ana lives in Oslotown .",
        "entities": rows,
        "relations": [relation],
    }
    doc = from_dict(data)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ana", "PER"), ("Osl", "LOC")]
    assert doc._.luke_relations == (Relation(*doc.ents, "lives in"),)
    assert [token.text for token in doc] == ["Ana", "lives", "in", "Osl", "otown", "."]


def test_facts_and_relations_tell_types_and_places() -> None:
    doc = curies()
    relation = doc._.luke_relations[1]  # Marie Curie and the second Warsaw
    assert (relation.head_type, relation.tail_type) == ("PER", "LOC")
    assert (relation.head_offsets, relation.tail_offsets) == ((0, 11), (42, 48))
    assert relation.sentences == tuple(doc.sents)
    doc._.luke_facts = [Fact("Curie", "Warsaw", "left", 1.0, "", doc._.luke_relations[3:])]
    (fact,) = doc._.luke_facts
    assert (fact.head_type, fact.tail_type, fact.head_offsets) == ("PER", "LOC", (26, 31))
    assert [sent.text for sent in fact.sentences] == ["Curie loved Old Warsaw ."]
    assert to_dict(doc)["facts"][0]["evidence"][0]["sentences"] == [1]
    bare = Doc(doc.vocab, words=["Ana", "met", "Bob"])
    assert Relation(bare[:1], bare[2:], "met").sentences == ()


def test_what_json_lacks_is_told() -> None:
    doc = NLP("Ana")
    for value in (float("nan"), float("inf"), {1: 2}, {1, 2}, b"", np.array([None])):
        with pytest.raises(ValueError, match="JSON doesn't have"):
            doc._.luke_meta = {"x": [value]}
    with pytest.raises(TypeError, match="of type list"):
        doc._.luke_meta = [1]
    doc._.luke_meta = {"x": (1, np.float32(0.5), np.arange(2))}
    assert doc._.luke_meta == {"x": [1, 0.5, [0, 1]]}
    doc.cats = {"a": float("nan")}
    with pytest.raises(ValueError, match=r"doc.cats has nan"):
        to_dict(doc)
    doc.cats = {}
    doc.ents = [Span(doc, 0, 1, "PER")]
    doc.ents[0]._.luke_vector = [float("inf")]
    with pytest.raises(ValueError, match="The vector of 'Ana'"):
        to_dict(doc, vectors=True)


def test_what_is_no_such_data_is_told() -> None:
    data = to_dict(curies())
    for wrong, message in [
        ([], "of type list"),
        ({"text": "x"}, "it has no 'schema'"),
        ({**data, "schema": "spacy-luke.document.v9"}, "v9', but this version of spacy_luke reads"),
        ({**data, "text": 1}, "its 'text' is no string"),
        ({**data, "text": "short"}, "cuts a token"),
        ({**data, "entities": [{"start": 0}]}, "data can't be read"),
        ({**data, "relations": 3}, "data can't be read"),
        ({**data, "tokens": [[0, 5], [11, 16]]}, "don't make up the text"),
        ({**data, "lang": "nowhere"}, "no tokenizer for the language 'nowhere'"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_dict(wrong)  # type: ignore[arg-type]
    doc = curies()
    with pytest.raises(ValueError, match="data are of the text 'Ana'"):
        doc._.luke_data = {"schema": data["schema"], "text": "Ana"}
    with pytest.raises(ValueError, match="sentence at characters 2 to 5 cuts a token"):
        doc._.luke_data = {"schema": data["schema"], "text": doc.text, "sentences": [{"start": 2, "end": 5}]}


def test_a_pipeline_brings_vocabulary_and_tokenizer() -> None:
    nlp = spacy.blank("de")
    doc = from_dict(to_dict(curies()), nlp)
    assert doc.vocab is nlp.vocab
    tokens = to_dict(spacy_luke.from_dict({**to_dict(curies(), tokens=True), "lang": "nowhere"}), tokens=True)
    assert tokens["tokens"] == to_dict(curies(), tokens=True)["tokens"]
