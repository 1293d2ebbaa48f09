from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.augment import (
    create_combined_augmenter,
    create_lower_casing_augmenter,
    create_orth_variants_augmenter,
)
from spacy.util import registry

from spacy_luke.annotation import has_relations, set_extensions
from spacy_luke.annotation.carrying import carry_over
from spacy_luke.pipeline.pairs import PairLimits
from spacy_luke.training.corpus import LukeCorpus, create_corpus

set_extensions()
NLP = spacy.blank("en")


def make(words: str, ents: list[tuple[int, int, str]], relations: list | None, starts: tuple = (0,)) -> Doc:
    tokens = words.split()
    doc = Doc(NLP.vocab, words=tokens, sent_starts=[i in starts for i in range(len(tokens))])
    doc.ents = [Span(doc, start, end, label, span_id=f"e{i}") for i, (start, end, label) in enumerate(ents)]
    if relations is not None:
        doc._.luke_relations = [(doc.ents[h], doc.ents[t], label, 1.0, "P") for h, t, label in relations]
    return doc


def docs() -> list[Doc]:
    long = make(
        "Ada met İda . Bob left Rome . He stayed there .",
        [(0, 1, "PER"), (2, 3, "PER"), (4, 5, "PER"), (6, 7, "LOC")],
        [(0, 1, "met"), (2, 3, "left"), (0, 2, "knows")],
        (0, 4, 8),
    )
    return [long, make("Nothing here .", [], []), make("Some people .", [(0, 2, "PER")], None)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    DocBin(docs=docs(), store_user_data=True).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


def triples(doc: Doc) -> list[tuple[str, str, str, str]]:
    return [(r.head.text, r.tail.text, r.label, r.id) for r in doc._.luke_relations]


def test_gold_on_both_sides(path: Path) -> None:
    examples = list(LukeCorpus(path)(NLP))
    for example, doc in zip(examples, docs(), strict=True):
        assert triples(example.reference) == triples(doc)
        assert has_relations(example.reference) == has_relations(doc)
        got = [(e.text, e.label_, e.id_) for e in example.predicted.ents]
        assert got == [(e.text, e.label_, e.id_) for e in doc.ents]
        assert example.predicted.has_annotation("ENT_IOB")
        assert not has_relations(example.predicted)


def test_entities_can_be_left_to_find(path: Path) -> None:
    for example in LukeCorpus(path, gold_ents=False)(NLP):
        assert not example.predicted.has_annotation("ENT_IOB")
        assert len(example.reference.ents) or "Nothing" in example.text


def test_gold_tokens_where_spacy_would_cut_an_entity(tmp_path: Path) -> None:
    doc = Doc(NLP.vocab, words=["In", "Paris-21", "March"], spaces=[True, True, False])
    split = Doc(NLP.vocab, words=["In", "Paris", "-21", "March"], spaces=[True, False, True, False])
    split.ents = [Span(split, 1, 2, "LOC")]
    DocBin(docs=[split], store_user_data=True).to_disk(tmp_path / "a.spacy")
    (example,) = LukeCorpus(tmp_path / "a.spacy")(NLP)
    assert [e.text for e in example.predicted.ents] == ["Paris"]
    (example,) = LukeCorpus(tmp_path / "a.spacy", gold_ents=False)(NLP)
    assert [t.text for t in example.predicted] == [t.text for t in NLP.make_doc(doc.text)]


def test_cut_between_sentences_counts_what_is_lost(path: Path) -> None:
    with pytest.warns(UserWarning, match="1 of 3 gold relations are lost"):
        examples = list(LukeCorpus(path, max_length=5)(NLP))
    assert [e.text.strip() for e in examples[:3]] == ["Ada met İda .", "Bob left Rome .", "He stayed there ."]
    assert [triples(e.reference) for e in examples[:3]] == [
        [("Ada", "İda", "met", "P")],
        [("Bob", "Rome", "left", "P")],
        [],
    ]
    assert [has_relations(e.reference) for e in examples] == [True, True, True, True, False]
    assert [e.id_ for e in examples[1].predicted.ents] == ["e2", "e3"]


def test_sentences_are_packed_and_a_long_one_stays_whole(path: Path) -> None:
    assert [len(e.reference) for e in LukeCorpus(path, max_length=8, limit=1)(NLP)] == [8, 4]
    assert [len(e.reference) for e in LukeCorpus(path, max_length=12, limit=1)(NLP)] == [12]
    with pytest.warns(UserWarning, match="relations are lost"):
        assert [len(e.reference) for e in LukeCorpus(path, max_length=2, limit=1)(NLP)] == [4, 4, 4]


def test_no_sentences_to_cut_at(tmp_path: Path) -> None:
    DocBin(docs=[Doc(NLP.vocab, words=["a"] * 9)]).to_disk(tmp_path / "a.spacy")
    with pytest.raises(ValueError, match="a document of 9 tokens has no sentence boundaries"):
        list(LukeCorpus(tmp_path / "a.spacy", max_length=5)(NLP))


def test_limit_and_folder(path: Path) -> None:
    DocBin(docs=docs()[1:2], store_user_data=True).to_disk(path.parent / "z.spacy")
    (path.parent / "notes.txt").write_text("no corpus")
    assert len(list(LukeCorpus(path.parent)(NLP))) == 4
    assert len(list(LukeCorpus(path.parent, limit=2)(NLP))) == 2


def test_shuffle_changes_each_pass(path: Path) -> None:
    random.seed(0)
    corpus = LukeCorpus(path, shuffle=True)
    passes = {tuple(e.text for e in corpus(NLP)) for _ in range(20)}
    assert len(passes) > 1
    assert len({tuple(sorted(texts)) for texts in passes}) == 1


def spread(nlp: Language, example: Example) -> Iterator[Example]:
    """The example, and one with twice the words."""
    yield example
    words = [t.text for t in example.reference] * 2
    yield Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words))


def renew(nlp: Language, example: Example) -> Iterator[Example]:
    """A variant that brings its own relations."""
    reference = Doc(nlp.vocab, words=["Eve", "waits"])
    reference.ents = [Span(reference, 0, 1, "PER")]
    reference._.luke_relations = [(reference.ents[0], reference.ents[0], "self")]
    yield Example(nlp.make_doc(reference.text), reference)


AUGMENTERS = [
    (
        create_lower_casing_augmenter(1.0),
        [("ada", "i̇da", "met"), ("bob", "rome", "left"), ("ada", "bob", "knows")],
    ),
    (
        create_combined_augmenter(0.0, 0.0, None, 1.0, 0.9, [" ", "\n\n"]),
        [("Ada", "İda", "met"), ("Bob", "Rome", "left"), ("Ada", "Bob", "knows")],
    ),
]


@pytest.mark.parametrize(("augmenter", "expected"), AUGMENTERS)
def test_augmenters_lose_no_relation(path: Path, augmenter: Callable, expected: list) -> None:
    random.seed(1)
    examples = list(LukeCorpus(path, augmenter=augmenter)(NLP))
    assert len(examples) == 3
    relations = examples[0].reference._.luke_relations
    assert [(r.head.text, r.tail.text, r.label) for r in relations] == expected
    assert relations[0].head == examples[0].reference.ents[0]
    assert [e.text for e in examples[0].predicted.ents] == [e.text for e in examples[0].reference.ents]
    assert [has_relations(e.reference) for e in examples] == [True, True, False]


def test_augmenters_of_users(path: Path) -> None:
    with pytest.raises(ValueError, match="made 24 words out of 12"):
        list(LukeCorpus(path, augmenter=spread)(NLP))
    (example,) = LukeCorpus(path, augmenter=renew, limit=1)(NLP)
    assert triples(example.reference) == [("Eve", "Eve", "self", "")]
    assert [e.text for e in example.predicted.ents] == ["Eve"]


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"paths\.train"):
        create_corpus(None)
    with pytest.raises(ValueError, match="no file or folder"):
        list(LukeCorpus(tmp_path / "absent.spacy")(NLP))
    with pytest.raises(ValueError, match="no documents in"):
        list(LukeCorpus(tmp_path)(NLP))
    DocBin(docs=[Doc(NLP.vocab)]).to_disk(tmp_path / "empty.spacy")
    with pytest.raises(ValueError, match="no documents in"):
        list(LukeCorpus(tmp_path / "empty.spacy")(NLP))
    with pytest.raises(ValueError, match="max_length has to be 0 or more, got -1"):
        LukeCorpus(tmp_path, max_length=-1)


def test_docbin_without_user_data(tmp_path: Path) -> None:
    DocBin(docs=docs()).to_disk(tmp_path / "a.spacy")
    assert not any(has_relations(e.reference) for e in LukeCorpus(tmp_path / "a.spacy")(NLP))


def test_registered_and_picklable(path: Path) -> None:
    config = {"corpus": {"@readers": "spacy-luke.Corpus.v1", "path": str(path), "max_length": 20}}
    corpus = registry.resolve(config)["corpus"]
    assert len(list(pickle.loads(pickle.dumps(corpus))(NLP))) == 3
    with pytest.raises(ValueError, match="gold_entities"):
        registry.resolve({"corpus": {**config["corpus"], "gold_entities": True}})


# --- augmenters keep all gold --------------------------------------------------------------

VARIANTS = [{"tags": ["X"], "variants": ["."]}]
ALL_AUGMENTERS = {
    "lower": create_lower_casing_augmenter(1.0),
    "orth": create_orth_variants_augmenter(1.0, 0.5, {"single": VARIANTS, "paired": []}),
    "combined": create_combined_augmenter(1.0, 1.0, {"single": VARIANTS}, 1.0, 0.5, ["\n", " "]),
    "spaces": create_combined_augmenter(0.0, 0.0, None, 1.0, 0.9, [" ", "\n\n"]),
}


def near_pairs(doc: Doc) -> int:
    near = PairLimits().near(doc, [(ent.start, ent.end) for ent in doc.ents])
    pairs = np.array([(h, t) for h in range(len(doc.ents)) for t in range(len(doc.ents)) if h != t])
    return int(near(*pairs.T).sum())


@pytest.mark.parametrize("stored", [True, False], ids=["relations", "plain"])
@pytest.mark.parametrize("name", ALL_AUGMENTERS)
def test_augmenters_keep_sentences_groups_and_what_is_unknown(
    tmp_path: Path, name: str, stored: bool
) -> None:
    random.seed(3)
    doc, *_ = docs()
    doc.set_ents(list(doc.ents), missing=[doc[8:10]], default="outside")
    doc.spans["luke_nested"] = [Span(doc, 0, 3, "PAIR", span_id="n")]
    doc.user_data["luke_relations_looked_for"] = ["met"]
    if not stored:
        doc._.luke_relations = None
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    (example,) = LukeCorpus(tmp_path / "a.spacy", augmenter=ALL_AUGMENTERS[name])(NLP)
    variant = example.reference
    words = [token for token in variant if not token.is_space]
    assert variant.text != doc.text or name == "orth"
    assert [token.is_sent_start is True for token in words] == [token.is_sent_start is True for token in doc]
    assert near_pairs(variant) == near_pairs(doc) == 4
    assert [token.ent_iob for token in words] == [token.ent_iob for token in doc]
    assert [(e.label_, e.id_) for e in variant.ents] == [(e.label_, e.id_) for e in doc.ents]
    (pair,) = variant.spans["luke_nested"]
    assert ([t.lower_ for t in pair if not t.is_space], pair.id_) == (["ada", "met", words[2].lower_], "n")
    assert list(variant.user_data["luke_relations_looked_for"]) == ["met"]
    assert has_relations(variant) == stored


def test_an_augmenter_may_make_other_entities_where_nothing_is_stored(tmp_path: Path) -> None:
    def other(nlp: Language, example: Example) -> Iterator[Example]:
        reference = Doc(nlp.vocab, words=[token.text for token in example.reference])
        reference.ents = [Span(reference, 0, 1, "OTHER")]
        yield Example(nlp.make_doc(reference.text), reference)

    doc = make("Ada met Bob .", [(0, 1, "PER")], None)
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    (example,) = LukeCorpus(tmp_path / "a.spacy", augmenter=other)(NLP)
    assert [ent.label_ for ent in example.reference.ents] == ["OTHER"]


def test_a_sentence_that_begins_with_whitespace_begins_with_its_first_word() -> None:
    source = Doc(NLP.vocab, words=["a", ".", "\n", "b", "."], sent_starts=[True, False, True, False, False])
    target = Doc(NLP.vocab, words=["A", ".", "B", "."])
    carry_over(source, target)
    assert [token.is_sent_start for token in target] == [True, False, True, False]
