"""Odd documents are read, odd settings and files are explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from tiny import PEOPLE, PLACES, make_pipeline, summary

import spacy_luke

ODD = [
    "",
    " ",
    "\n\n \t ",
    "\u200d",
    "\u200d \u200b \ufeff",
    "👩‍👩‍👧 likes 🍵 in 東京 .",
    "وُلِدت مريم في القاهرة .",
    "Ana\x00\x07 was\x1b[31m born in\u200bRome\x85 .",
    "Ana\n\nwas born\nin Rome .\n",
    "e\u0301 e\u0301le\u0300ve \ud7ff \U0010ffff",
    "x" * 3000,
    "A",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_odd_texts_are_read(checkpoint: str, text: str):
    nlp = make_pipeline(checkpoint, spans_key="found", thresholds={"ner": 0.0, "relations": 0.0})
    doc = nlp(text)
    assert doc.text == text
    assert doc._.luke_relations is not None
    for ent in doc.ents:
        assert ent._.luke_vector is not None
        assert np.isfinite(ent._.luke_vector).all()


def test_odd_texts_in_one_batch_read_as_alone(checkpoint: str):
    nlp = make_pipeline(checkpoint)
    alone = [summary(nlp(text)) for text in ODD]
    together = [summary(doc) for doc in nlp.pipe(ODD)]
    assert [s["ents"] for s in alone] == [s["ents"] for s in together]
    assert any(s["ents"] for s in alone)


def test_mentions_that_the_tokenizer_drops_get_nothing(checkpoint: str):
    nlp = make_pipeline(checkpoint, find_entities=False, thresholds={"relations": 0.0})
    doc = Doc(nlp.vocab, words=["Ana", "\u200d", "likes", "tea"])
    doc.ents = [Span(doc, 0, 1, label="PER"), Span(doc, 1, 2, label="ODD"), Span(doc, 3, 4, label="TEA")]
    nlp(doc)
    assert [bool(e._.luke_labels) for e in doc.ents] == [True, False, True]
    assert doc.ents[1]._.luke_vector is None
    assert {(r.head.start, r.tail.start) for r in doc._.luke_relations} == {(0, 3), (3, 0)}
    nothing = Doc(nlp.vocab, words=["\u200d"])
    nothing.ents = [Span(nothing, 0, 1, label="ODD")]
    assert nlp(nothing).ents[0]._.luke_vector is None
    assert nothing._.luke_relations == ()


@pytest.mark.parametrize("n_ents", [0, 1])
def test_too_few_entities_to_relate(checkpoint: str, n_ents: int):
    nlp = make_pipeline(checkpoint, thresholds={"relations": 0.0, "facts": 0.0}, find_entities=False)
    doc = nlp.make_doc("Ana likes tea .")
    doc.ents = [Span(doc, 0, 1, label="PER")][:n_ents]
    nlp(doc)
    assert doc._.luke_relations == ()
    assert doc._.luke_facts == ()
    assert [bool(e._.luke_labels) for e in doc.ents] == [True] * n_ents


def test_spans_across_windows_and_longer_than_a_window(checkpoint: str):
    getter = {"@misc": "spacy-luke.doc_spans.v1", "key": "mine"}
    nlp = make_pipeline(checkpoint, model={"window": 10, "overlap": 4}, entities=getter, find_entities=False)
    doc = nlp.make_doc(" ".join(["Ana likes the old tea"] * 8))
    doc.spans["mine"] = [
        Span(doc, 0, 40, label="A"),
        Span(doc, 8, 13, label="B"),
        Span(doc, 5, 30, label="C"),
    ]
    nlp(doc)
    assert all(span._.luke_vector.any() for span in doc.spans["mine"])


@pytest.mark.slow
def test_a_hundred_thousand_tokens(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"overlap": 8}, thresholds={"ner": 0.999}, same_sentence=False)
    unit = [f"{who} was born in {where} .".split() for who in PEOPLE for where in PLACES]
    words = [word for sentence in unit for word in sentence]
    doc = Doc(nlp.vocab, words=(words * (100_000 // len(words) + 1))[:100_000])
    nlp.get_pipe("luke")(doc)
    assert len(doc.ents) > 100
    assert max(ent.end for ent in doc.ents) > 99_000
    assert all(ent._.luke_label for ent in doc.ents[::500])


# --- settings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"find_entities": "x"}, "find_entities is 'x'; allowed are"),
        ({"thresholds": {"foo": 1.0}}, r"`thresholds` has values for \['foo'\]"),
        ({"thresholds": {"ner": 1.5}}, "threshold for 'ner' is 1.5; allowed"),
        ({"thresholds": {"facts": {"born in": -1.0}}}, "threshold for 'facts' is"),
        ({"allowed_relations": {"born in": [["PER"]]}}, "allowed_relations of"),
        ({"entities": {"@misc": "spacy-luke.doc_spans.v1", "key": ""}}, "`key` .* is empty"),
    ],
)
def test_settings_that_are_not_allowed(checkpoint: str, config: dict, message: str):
    with pytest.raises(ValueError, match=message):
        make_pipeline(checkpoint, **config)


@pytest.mark.parametrize("model", [{"colour": 3}, {"overlap": "many"}, {"ner": "x"}])
def test_unknown_keys_and_types_of_the_model(checkpoint: str, model: dict):
    with pytest.raises(ValueError, match=next(iter(model))):
        make_pipeline(checkpoint, model=model)


@pytest.mark.parametrize(
    "config", [{"max_batch_pieces": "x"}, {"colour": 1}, {"thresholds": {"ner": "high"}}]
)
def test_unknown_keys_and_types_of_the_component(checkpoint: str, config: dict):
    with pytest.raises(ValueError, match=next(iter(config))):
        make_pipeline(checkpoint, **config)


def test_overlap_as_large_as_the_window(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"window": 10, "overlap": 10})
    with pytest.raises(ValueError, match="can't overlap by 10"):
        nlp("Ana likes tea")


@pytest.mark.parametrize("window", [65, 512, 0, -1])
def test_a_window_that_the_encoder_can_not_read(checkpoint: str, window: int):
    nlp = make_pipeline(checkpoint, model={"window": window})
    with pytest.raises(ValueError, match=f"`window` is {window}, but this encoder reads windows of 1 to 64"):
        nlp("Ana likes tea")


@pytest.mark.parametrize(("window", "overlap"), [(None, 21), (64, 21), (10, 3), (2, 0)])
def test_the_overlap_fits_any_window(checkpoint: str, window: int | None, overlap: int):
    nlp = make_pipeline(checkpoint, model={"window": window, "overlap": None})
    nlp("Ana likes tea")
    assert nlp.get_pipe("luke").network.window_sizes() == (window or 64, overlap)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"thresholds": {"ner": {"PERS": 0.5}}}, r"`thresholds.ner` names 'PERS'.*\['PER'\]"),
        ({"thresholds": {"labels": {"loc": 0.5}}}, r"`thresholds.labels` names 'loc'"),
        ({"thresholds": {"relations": {"born": 0.5}}}, r"`thresholds.relations` names 'born'.*\['born in'\]"),
        ({"thresholds": {"facts": {"x": 0.5}}}, r"`thresholds.facts` names 'x'.*\['born in', 'works for'\]"),
        (
            {"allowed_relations": {"work for": [["PER", "ORG"]]}},
            r"`allowed_relations` names 'work for'.*'works for'",
        ),
    ],
)
def test_labels_that_the_model_does_not_have(checkpoint: str, config: dict, message: str):
    nlp = make_pipeline(checkpoint, **config)
    with pytest.raises(ValueError, match=message):
        nlp("Ana likes tea")


def test_a_label_may_be_mistyped_later_and_belong_to_a_head_that_the_pipe_lacks(checkpoint: str):
    nlp = make_pipeline(checkpoint, name="luke_ner", thresholds={"relations": {"born in": 0.5}})
    nlp("Ana likes tea")
    nlp.get_pipe("luke_ner").thresholds["ner"] = {"PET": 0.5}
    with pytest.raises(ValueError, match="which is not a label of this model"):
        nlp("Ana likes tea")


# --- checkpoints ---------------------------------------------------------------------------


def test_missing_checkpoint(tmp_path: Path):
    nlp = make_pipeline(str(tmp_path / "nowhere"))  # reads nothing
    with pytest.raises(ValueError, match="There is no folder"):
        nlp("Ana likes tea")


def test_missing_default_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("spacy_luke.layers.store.DEFAULT_CHECKPOINT", tmp_path / "luke_small")
    nlp = spacy.blank("en")
    nlp.add_pipe("luke")
    with pytest.raises(ValueError, match="ships with spacy_luke is missing"):
        nlp("Ana likes tea")


def test_empty_checkpoint_folder(tmp_path: Path):
    with pytest.raises((ValueError, FileNotFoundError), match="has no word vocabulary"):
        make_pipeline(str(tmp_path))("Ana likes tea")


def test_damaged_checkpoint(make_checkpoint):
    folder = Path(make_checkpoint())
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match="can't be read"):
        make_pipeline(str(folder))("Ana likes tea")


# --- errors while reading ------------------------------------------------------------------


def fail_on_bob(doc: Doc) -> tuple[Span, ...]:
    if "Bob" in doc.text:
        raise RuntimeError("no Bob")
    return tuple(doc.ents)


def make_fail_on_bob():
    return fail_on_bob


def test_error_handler(checkpoint: str):
    spacy.registry.misc("test.fail_on_bob.v1", func=make_fail_on_bob)
    nlp = make_pipeline(checkpoint, entities={"@misc": "test.fail_on_bob.v1"})
    with pytest.raises(RuntimeError, match="no Bob"):
        nlp("Bob")
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.append((name, len(docs), str(error))))
    docs = list(nlp.pipe(["Ana likes tea", "Bob likes tea", "Eve likes tea"], batch_size=1))
    assert [doc[0].text for doc in docs] == ["Ana", "Eve"]
    assert failed == [("luke", 1, "no Bob")]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("max_batch_pieces", 0, "is 0; allowed is 1"), ("max_distance", -1, "has to be")],
)
def test_numbers_out_of_range(checkpoint: str, name: str, value: int, message: str):
    with pytest.raises(ValueError, match=f"{name} {message}"):
        spacy.blank("en").add_pipe("luke", config={"model": {"checkpoint": checkpoint}, name: value})


@pytest.mark.parametrize(
    ("task", "value", "message"),
    [
        ("relation", 0.5, "`thresholds` has values for"),
        ("relations", 1.5, "is 1.5"),
        ("relations", "x", "is 'x'"),
    ],
)
def test_thresholds_that_are_changed_to_nonsense(checkpoint: str, task: str, value: object, message: str):
    nlp = make_pipeline(checkpoint)
    nlp.get_pipe("luke").thresholds[task] = value
    with pytest.raises(ValueError, match=message):
        nlp("Ana")


def test_load_tells_at_once_that_there_is_no_checkpoint(tmp_path: Path):
    with pytest.raises(ValueError, match="There is no folder"):
        spacy_luke.load(str(tmp_path / "none"))
