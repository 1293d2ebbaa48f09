"""`luke_choice`: one of several texts."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.language import Language
from spacy.training import Example
from tiny import PEOPLE
from tiny_heads import LONG, TOKENIZER, make_head_pipeline, save_encoder, save_head, train

from spacy_luke import Choice


def example(nlp: Language, text: str, choices: list[str], right: int | str) -> Example:
    reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
    reference._.luke_choices = predicted._.luke_choices = choices
    reference._.luke_choice = right
    return Example(predicted, reference)


def corpus(nlp: Language) -> list[Example]:
    rows = []
    for i, who in enumerate(PEOPLE):
        choices = ["in Rome", "the old tea", "for Acme", "in Oslo"][: 3 + i % 2]
        rows.append(example(nlp, f"{who} likes", choices[i % 3 :] + choices[: i % 3], "the old tea"))
    return rows


def test_it_learns_to_choose(tmp_path):
    nlp = make_head_pipeline("luke_choice", save_encoder(tmp_path))
    assert train(nlp, corpus(nlp))["luke_choice"] < 0.1
    assert nlp.evaluate(corpus(nlp))["luke_choice_acc"] == 1.0
    doc = nlp.make_doc("Ana likes")
    doc._.luke_choices = ["in Oslo", "the old tea"]
    choice = nlp(doc)._.luke_choice
    assert (choice.number, choice.text) == (1, "the old tea")
    assert choice.scores[1] > 0.8
    assert sum(choice.scores) == pytest.approx(1.0)


def test_any_number_of_choices_of_any_length(tmp_path):
    nlp = make_head_pipeline("luke_choice", save_head("luke_choice", tmp_path), max_batch_pieces=100)
    doc = nlp.make_doc(LONG)
    doc._.luke_choices = [*(f"{who} likes tea" for who in PEOPLE * 4), LONG, ""]
    (scores,) = nlp.get_pipe("luke_choice").logits([doc], [doc._.luke_choices])
    lengths = [len(row.row) for rows in scores.texts for row in rows]
    assert max(lengths) <= 40
    assert len(nlp(doc)._.luke_choice.scores) == 26
    examples = [example(nlp, LONG, list(doc._.luke_choices), 3)]
    assert np.isfinite(nlp.update(examples, losses={})["luke_choice"])


def test_extensions(tmp_path):
    nlp = make_head_pipeline("luke_choice", save_head("luke_choice", tmp_path))
    doc = nlp.make_doc("Ana likes")
    assert doc._.luke_choices == ()
    assert doc._.luke_choice is None
    doc._.luke_choices = ["tea", "Rome"]
    doc._.luke_choice = "Rome"
    assert doc._.luke_choice == Choice(1, "Rome", (0.0, 1.0))
    doc._.luke_choices = ["tea", "Rome", "Oslo"]
    assert doc._.luke_choice is None
    for wrong in (3, "Lima", Choice(0, "tea", (0.5, 0.5))):
        with pytest.raises(ValueError, match="is not among the choices"):
            doc._.luke_choice = wrong
    with pytest.raises(TypeError, match="A choice has to be a number"):
        doc._.luke_choice = 1.5
    with pytest.raises(TypeError, match="Expected an iterable of choices"):
        doc._.luke_choices = "tea"


def test_bad_input(tmp_path):
    nlp = make_head_pipeline("luke_choice", save_head("luke_choice", tmp_path))
    docs = [nlp.make_doc(text) for text in ("", "Ana likes", " ", "Ana likes")]
    docs[0]._.luke_choices = ["tea", "Rome"]
    docs[2]._.luke_choices = ["tea"]
    docs[3]._.luke_choices = []
    empty, without, blank, none = nlp.pipe(docs)
    assert len(empty._.luke_choice.scores) == 2
    assert blank._.luke_choice.scores == (1.0,)
    assert without._.luke_choice is none._.luke_choice is None
    unknown = Example(nlp.make_doc("Ana"), nlp.make_doc("Ana"))
    assert nlp.update([unknown], losses={}) == {"luke_choice": 0.0}
    assert nlp.get_pipe("luke_choice").score([unknown]) == {"luke_choice_acc": None}
    unasked = Example(nlp.make_doc("Ana likes"), example(nlp, "Ana likes", ["tea", "Rome"], 0).reference)
    right = nlp(example(nlp, "Ana likes", ["tea", "Rome"], 0).predicted)._.luke_choice.number == 0
    assert nlp.evaluate([unasked])["luke_choice_acc"] == right


def test_the_template_of_the_tokenizer_is_read(tmp_path):
    nlp = make_head_pipeline("luke_choice", save_head("luke_choice", tmp_path))
    (scores,) = nlp.get_pipe("luke_choice").logits([nlp.make_doc("Ana likes")], [("the old tea",)])
    assert scores.texts[0][0].row.ids.tolist() == TOKENIZER("Ana likes", "the old tea")["input_ids"]
