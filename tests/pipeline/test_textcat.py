"""`luke_textcat`: labels, independent labels, numbers and pairs."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from tiny_heads import LONG, make_head_pipeline, save_encoder, save_head, train

from spacy_luke.layers.weights import get_module as get_head

GOOD, BAD = ["Ana likes tea", "Bob likes Rome", "she likes Oslo"], ["old tea", "the old Acme", "he was old"]


def example(nlp: Language, text: str, cats: dict[str, float], pair: str | None = None) -> Example:
    reference = nlp.make_doc(text)
    reference.cats = cats
    reference._.luke_text_pair = pair
    return Example(nlp.make_doc(text), reference)


def corpus(nlp: Language) -> list[Example]:
    good = [example(nlp, text, {"good": 1.0, "bad": 0.0}) for text in GOOD]
    return good + [example(nlp, text, {"good": 0.0, "bad": 1.0}) for text in BAD]


@pytest.fixture
def encoder(tmp_path) -> str:
    return save_encoder(tmp_path / "encoder")


@pytest.mark.parametrize("problem", [None, "multi_label_classification"])
def test_it_learns_labels(problem, encoder):
    nlp = make_head_pipeline("luke_textcat", encoder, problem_type=problem)
    examples = corpus(nlp)
    losses = train(nlp, examples)
    assert losses["luke_textcat"] < 0.1
    assert nlp.get_pipe("luke_textcat").labels == ("bad", "good")
    cats = nlp("Kim likes tea").cats
    assert cats["good"] > 0.8
    assert cats["bad"] < 0.2
    assert nlp.evaluate(examples)["cats_score"] == 1.0
    if problem is None:
        assert sum(cats.values()) == pytest.approx(1.0)


def test_it_learns_a_number(encoder):
    nlp = make_head_pipeline("luke_textcat", encoder, problem_type="regression")
    examples = [example(nlp, text, {"stars": 2.0}) for text in GOOD]
    examples += [example(nlp, text, {"stars": -3.0}) for text in BAD]
    train(nlp, examples, steps=80)
    assert nlp("she likes tea").cats["stars"] == pytest.approx(2.0, abs=0.7)
    scores = nlp.evaluate(examples)
    assert scores["cats_mae"] < 0.5
    assert scores["cats_score"] > 0.95
    with pytest.raises(ValueError, match=r"one label only; the data have \['bad', 'good'\]"):
        nlp.initialize(lambda: corpus(nlp))


def test_a_number_has_one_label(tmp_path):
    nlp = make_head_pipeline("luke_textcat", save_head("luke_textcat", tmp_path), problem_type="regression")
    with pytest.raises(ValueError, match=r"predicts one number for each text.*'good', 'bad', 'odd'"):
        nlp("Ana likes tea")
    with pytest.raises(ValueError, match="predicts one number for each text"):
        nlp.update([example(nlp, "Ana likes tea", {"good": 1.0})])


def test_it_learns_from_pairs(encoder):
    nlp = make_head_pipeline("luke_textcat", encoder)
    rows = [("Ana likes tea", "yes", "tea"), ("Ana likes tea", "no", "Rome")]
    examples = [
        example(nlp, text, {name: float(name == label) for name in ("yes", "no")}, pair)
        for text, label, pair in rows
    ]
    train(nlp, examples)
    docs = []
    for text, _, pair in rows:
        doc = nlp.make_doc(text)
        doc._.luke_text_pair = pair
        docs.append(nlp(doc))
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == ["yes", "no"]


def test_long_texts_get_the_mean_of_their_windows(tmp_path):
    nlp = make_head_pipeline("luke_textcat", save_head("luke_textcat", tmp_path))
    pipe = nlp.get_pipe("luke_textcat")
    (scores,) = pipe.logits([nlp.make_doc(LONG)], [(None,)])
    logits = np.mean([row.logits for row in scores.texts[0]], axis=0)
    assert len(scores.texts[0]) > 2
    wanted = np.exp(logits) / np.exp(logits).sum()
    assert list(nlp(LONG).cats.values()) == pytest.approx(wanted.tolist(), abs=1e-5)


def test_labels_of_a_checkpoint_stay_if_the_data_have_the_same(tmp_path):
    folder = save_head("luke_textcat", tmp_path, id2label={0: "good", 1: "bad"})
    nlp = make_head_pipeline("luke_textcat", folder)
    before = nlp("Ana likes tea").cats
    nlp.initialize(lambda: corpus(nlp))
    assert nlp.get_pipe("luke_textcat").labels == ("good", "bad")
    assert nlp("Ana likes tea").cats == before
    nlp.get_pipe("luke_textcat").initialize(lambda: corpus(nlp), labels=["good", "bad", "ugly"])
    assert nlp.get_pipe("luke_textcat").label_data == ["good", "bad", "ugly"]
    with pytest.warns(UserWarning, match="no trained head"):
        assert nlp("Ana likes tea").cats == {}


def test_unknown_labels_and_texts_without_words(tmp_path):
    nlp = make_head_pipeline("luke_textcat", save_head("luke_textcat", tmp_path))
    assert [doc.cats for doc in nlp.pipe(["", " ", "\n\n"])] == [{}, {}, {}]
    unknown = [example(nlp, "Ana likes tea", {"strange": 1.0}), example(nlp, "", {"good": 1.0})]
    with pytest.warns(UserWarning, match="1 of 2 gold categories have labels that .* 'strange'"):
        assert nlp.update(unknown, losses={}) == {"luke_textcat": 0.0}
    assert np.isfinite(nlp.update([*unknown, *corpus(nlp)], losses={})["luke_textcat"])
    with pytest.raises(ValueError, match="problem_type is 'binary'; allowed is null or one of single_label"):
        make_head_pipeline("luke_textcat", None, problem_type="binary")


@pytest.mark.parametrize("problem", ["single_label_classification", "multi_label_classification"])
def test_texts_that_nothing_is_said_of_score_as_wrong(problem, tmp_path):
    labels = {0: "good", 1: "bad"}
    nlp = make_head_pipeline(
        "luke_textcat", save_head("luke_textcat", tmp_path, id2label=labels), problem_type=problem
    )
    nlp.initialize()
    gold = {"good": 0.0, "bad": 1.0}
    examples = [example(nlp, text, gold) for text in ("Ana likes tea", "")]
    examples += [example(nlp, "Ana likes tea", {}), example(nlp, "Ana likes tea", {"strange": 1.0})]
    examples[0].predicted.cats = gold
    scores = nlp.get_pipe("luke_textcat").score(examples[:2])  # the second text is never annotated
    assert (scores["cats_micro_r"], scores["cats_f_per_type"]["bad"]["r"]) == (0.5, 0.5)
    examples[2].predicted.cats = gold
    assert nlp.get_pipe("luke_textcat").score(examples[:3]) == scores  # no gold, no score
    assert nlp.evaluate(examples)["cats_score"] is not None


def test_labels_that_are_not_mentioned_are_not_known(tmp_path):
    labels, kind = {0: "good", 1: "bad"}, "multi_label_classification"
    nlp = make_head_pipeline(
        "luke_textcat", save_head("luke_textcat", tmp_path, id2label=labels, problem_type=kind)
    )
    pipe, gradients = nlp.get_pipe("luke_textcat"), []
    nlp.initialize()
    for cats in ({"good": 1.0}, {"good": 1.0, "bad": 0.0}):
        pipe.update([example(nlp, "Ana likes tea", cats)])
        gradients.append(get_head(pipe.model).classifier.weight.grad.abs().sum(dim=1).tolist())
        get_head(pipe.model).zero_grad()
    (known, unknown), both = gradients
    assert known > 0
    assert unknown == 0
    assert min(both) > 0


def test_examples_in_several_batches_give_the_same_gradients(tmp_path):
    folder = save_head("luke_textcat", tmp_path, id2label={0: "good", 1: "bad"})
    gradients = []
    for budget in (8192, 12):
        nlp = make_head_pipeline("luke_textcat", folder, max_batch_pieces=budget)
        pipe = nlp.get_pipe("luke_textcat")
        nlp.initialize()
        pipe.update([*corpus(nlp), example(nlp, LONG, {"good": 1.0, "bad": 0.0})], drop=0.0)
        gradients.append([p.grad for p in get_head(pipe.model).parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 10
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("cats", "problem", "reason"),
    [
        ({"good": 3.0, "bad": 0.0}, None, "'good' is 3.0"),
        ({"good": -1.0, "bad": 1.0}, "multi_label_classification", "'good' is -1.0"),
        ({"good": 1.0, "bad": 1.0}, "single_label_classification", "several exclusive labels are true"),
    ],
)
def test_categories_that_cannot_be(cats: dict[str, float], problem: str | None, reason: str, encoder: str):
    nlp = make_head_pipeline("luke_textcat", encoder, problem_type=problem)
    examples = [*corpus(nlp), example(nlp, "Kim likes Lima", cats)]
    with pytest.raises(ValueError, match=f"of the text 'Kim likes Lima': {reason}"):
        nlp.initialize(lambda: examples)
    nlp.initialize(lambda: corpus(nlp))
    with pytest.raises(ValueError, match=f"of the text 'Kim likes Lima': {reason}"):
        nlp.update(examples)


def test_exclusive_labels_are_several(encoder: str):
    examples = [example(spacy.blank("en"), text, {"good": 1.0}) for text in GOOD]
    for problem in (None, "single_label_classification"):
        nlp = make_head_pipeline("luke_textcat", encoder, problem_type=problem)
        with pytest.raises(ValueError, match="one label, 'good', but exclusive labels are two or more"):
            nlp.initialize(lambda: examples)
    for problem in ("multi_label_classification", "regression"):
        nlp = make_head_pipeline("luke_textcat", encoder, problem_type=problem)
        nlp.initialize(lambda: examples)
        assert nlp.get_pipe("luke_textcat").labels == ("good",)
