"""`luke_qa`: answers as spans, or none."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from tiny import PEOPLE, PLACES
from tiny_heads import LONG, make_head_pipeline, save_encoder, save_head, train

WHO, WHERE, WHAT = "who lives", "where in", "tea"


def example(nlp: Language, text: str, answers: dict[str, tuple[int, int] | None]) -> Example:
    reference = nlp.make_doc(text)
    reference._.luke_question = list(answers)
    reference.spans["luke_answers"] = [Span(reference, *at, label=q) for q, at in answers.items() if at]
    predicted = nlp.make_doc(text)
    predicted._.luke_question = list(answers)
    return Example(predicted, reference)


def corpus(nlp: Language) -> list[Example]:
    return [
        example(nlp, f"{who} lives in {where} .", {WHO: (0, 1), WHERE: (3, 4), WHAT: None})
        for who, where in zip(PEOPLE, PLACES, strict=True)
    ]


def texts(answers) -> list[str | None]:
    return [None if answer.span is None else answer.span.text for answer in answers]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Language:
    nlp = make_head_pipeline("luke_qa", save_encoder(tmp_path_factory.mktemp("encoder")))
    examples = corpus(nlp)
    assert train(nlp, examples, steps=120)["luke_qa"] < 0.2
    return nlp


def test_it_learns_answers_and_when_there_is_none(trained: Language):
    scores = trained.evaluate(corpus(trained))
    assert scores["luke_answers_em"] == scores["luke_answers_f"] == 1.0
    doc = trained.make_doc("Ana lives in Rome .")
    doc._.luke_question = [WHERE, WHAT, WHO]
    group = trained(doc).spans["luke_answers"]
    assert [(span.text, span.label_) for span in group] == [("Rome", WHERE), ("Ana", WHO)]
    assert group.attrs["questions"] == [WHERE, WHAT, WHO]
    assert min(group.attrs["scores"]) > 0.5
    assert group.attrs["no_answer"][1] > 0.5 > max(group.attrs["no_answer"][::2])


def test_calls(trained: Language):
    pipe, doc = trained.get_pipe("luke_qa"), trained.make_doc("Ana lives in Rome .")
    assert texts(pipe.answer(doc, WHO))[0] == "Ana"
    assert texts(pipe.answer(doc, WHAT))[0] is None
    several = pipe.answer(doc, WHO, n_best=3)
    assert len(texts(several)) == 4
    spans = [answer.span for answer in several if answer.span is not None]
    assert sum(len(span) for span in spans) == len({token.i for span in spans for token in span})
    assert sum(answer.score for answer in several) <= 1.0 + 1e-6
    chosen = pipe.choose(doc, WHERE, [doc[0:1], doc[3:4]])
    assert texts(chosen) == ["Rome", "Ana"]
    assert sum(answer.score for answer in chosen) == pytest.approx(1.0)
    assert pipe.choose(doc, WHERE) == []  # no entities to choose from
    assert "luke_answers" not in doc.spans


def test_questions_of_the_config(trained: Language, tmp_path):
    trained.to_disk(tmp_path / "saved")
    checkpoint = str(tmp_path / "saved" / "luke_qa" / "model")
    nlp = make_head_pipeline("luke_qa", checkpoint, questions=[WHO, WHO], spans_key="found")
    doc = nlp("Bob lives in Oslo .")
    assert [span.text for span in doc.spans["found"]] == ["Bob"]
    doc = nlp.make_doc("Bob lives in Oslo .")
    doc._.luke_question = WHERE
    assert [span.text for span in nlp(doc).spans["found"]] == ["Oslo"]
    always = make_head_pipeline("luke_qa", checkpoint, questions=[WHAT], no_answer_margin=None)
    assert len(always("Bob lives in Oslo .").spans["luke_answers"]) == 1


def test_scores_are_those_of_all_spans_of_all_windows(tmp_path):
    nlp = make_head_pipeline(
        "luke_qa", save_head("luke_qa", tmp_path), model={"max_length": 24, "overlap": 6}, max_answer_length=3
    )
    pipe, doc = nlp.get_pipe("luke_qa"), nlp.make_doc(LONG)
    (scores,) = pipe.logits([doc], [(WHO,)])
    logits, nothing = {}, []
    for scored in scores.texts[0]:  # all words of LONG are single pieces
        row, values = scored.row, scored.logits
        nothing.append(values[0].sum())
        for start in range(row.window.start, row.window.end):
            for end in range(start + 1, min(start + 3, row.window.end) + 1):
                at = row.at - row.window.start
                score = values[start + at, 0] + values[end - 1 + at, 1]
                logits[start, end] = max(score, logits.get((start, end), -np.inf))
    everything = np.array([*logits.values(), min(nothing)])
    best = max(logits, key=logits.get)
    answers = [answer for answer in pipe.answer(doc, WHO) if answer.span is not None]
    assert (answers[0].span.start, answers[0].span.end) == best
    probability = np.exp(logits[best] - everything.max()) / np.exp(everything - everything.max()).sum()
    assert answers[0].score == pytest.approx(probability, rel=1e-4)


def test_documents_that_were_not_asked_are_asked_for_the_scores(trained: Language):
    asked = corpus(trained)
    unasked = [Example(trained.make_doc(e.reference.text), e.reference) for e in asked]
    assert trained.evaluate(unasked)["luke_answers_f"] == 1.0
    assert trained.evaluate([*unasked, *asked])["luke_answers_f"] == 1.0
    assert "luke_answers" not in unasked[0].predicted.spans


def test_bad_input(trained: Language):
    docs = []
    for text, question in [
        ("", WHO),
        (" ", WHO),
        ("Ana lives in Rome .", None),
        ("Ana lives in Rome .", " "),
        ("Ana lives in Rome .", WHO * 60),
    ]:
        doc = trained.make_doc(text)
        doc._.luke_question = question
        docs.append(doc)
    empty, blank, *unasked, long = trained.pipe(docs)
    assert len(empty.spans["luke_answers"]) == len(blank.spans["luke_answers"]) == 0
    assert not any("luke_answers" in doc.spans for doc in unasked)
    assert "luke_answers" in long.spans
    with pytest.raises(ValueError, match="question is ' '; allowed is a text that isn't empty"):
        trained.get_pipe("luke_qa").answer(long, " ")
    with pytest.raises(TypeError, match="question has to be a string"):
        long._.luke_question = [3]
    for settings in ({"questions": [""]}, {"n_best": 0}, {"max_answer_length": 0}, {"spans_key": ""}):
        with pytest.raises(ValueError, match=f"{next(iter(settings))} is .*; allowed is"):
            make_head_pipeline("luke_qa", None, **settings)


def test_gold_that_does_not_fit(trained: Language):
    nlp = trained
    reference = nlp.make_doc("Ana lives in Rome .")
    reference._.luke_question = WHO
    unannotated = Example(nlp.make_doc("Ana lives in Rome ."), reference)
    assert nlp.get_pipe("luke_qa").gold_of(unannotated) is None
    assert nlp.get_pipe("luke_qa").score([unannotated]) == {"luke_answers_em": None, "luke_answers_f": None}
    crossing = example(nlp, "Ana lives in Rome .", {WHO: (0, 1)})
    with crossing.predicted.retokenize() as retokenizer:
        retokenizer.merge(crossing.predicted[0:2])
    with pytest.warns(UserWarning, match="1 of 1 gold answers don't begin and end with tokens.*'Ana'"):
        losses = nlp.get_pipe("luke_qa").update([unannotated, crossing], losses={})
    assert losses == {"luke_qa": 0.0}


def test_answers_under_another_label(trained: Language):
    pipe = trained.get_pipe("luke_qa")
    one = example(trained, "Ana lives in Rome .", {WHO: (0, 1)})
    one.reference.spans["luke_answers"] = [Span(one.reference, 0, 1, label="ANSWER")]
    assert pipe.gold_of(one) == [(0, 1)]  # with one question any label will do
    pipe.set_annotations([one.predicted], pipe.predict([one.predicted]))
    assert pipe.score([one])["luke_answers_em"] == 1.0
    one.predicted.spans["luke_answers"] = []
    assert pipe.score([one])["luke_answers_em"] == 0.0  # it isn't "no answer"
    two = example(trained, "Ana lives in Rome .", {WHO: (0, 1), WHERE: (3, 4)})
    two.reference.spans["luke_answers"] = [Span(two.reference, 0, 1, label="ANSWER")]
    two.predicted.spans["luke_answers"] = []
    for learn in (pipe.update, pipe.score, lambda examples: pipe.initialize(lambda: examples)):
        with pytest.raises(
            ValueError, match="'Ana' under the label 'ANSWER', which is none of the questions"
        ):
            learn([two])
