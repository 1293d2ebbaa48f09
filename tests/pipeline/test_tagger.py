"""`luke_tagger`: a label for every token."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.language import Language
from spacy.training import Example
from tiny import PEOPLE, PLACES
from tiny_heads import LABELS, LONG, TOKENIZER, make_head_pipeline, save_encoder, save_head, train

from spacy_luke.inputs.pieces import encode_docs
from spacy_luke.inputs.texts import token_places
from spacy_luke.inputs.windows import make_windows


def corpus(nlp: Language, attribute: str = "luke_tag") -> list[Example]:
    examples = []
    for who, where in zip(PEOPLE, PLACES, strict=True):
        text = f"{who} lives in {where} ."
        reference = nlp.make_doc(text)
        for token, tag in zip(reference, ["PER", "O", "O", "LOC", "O"], strict=True):
            if attribute == "luke_tag":
                token._.luke_tag = tag
            else:
                token.tag_ = tag
        examples.append(Example(nlp.make_doc(text), reference))
    return examples


@pytest.mark.parametrize("pieces", ["first", "mean"])
@pytest.mark.parametrize("gold", ["luke_tag", "tag"])
def test_it_learns_tags(pieces: str, gold: str, tmp_path):
    nlp = make_head_pipeline("luke_tagger", save_encoder(tmp_path), pieces=pieces, gold=gold)
    examples = corpus(nlp, gold)
    assert train(nlp, examples)["luke_tagger"] < 0.1
    assert nlp.get_pipe("luke_tagger").labels == ("LOC", "O", "PER")
    doc = nlp("Ana lives in Rome .")
    assert [token._.luke_tag for token in doc] == ["PER", "O", "O", "LOC", "O"]
    scores = nlp.evaluate(examples)
    assert scores["luke_tag_acc"] == scores["luke_tag_micro_f"] == 1.0


def test_the_outside_label_does_not_count_for_precision_and_recall(tmp_path):
    nlp = make_head_pipeline("luke_tagger", save_head("luke_tagger", tmp_path))
    (example, *_) = corpus(nlp)
    for token, tag in zip(example.predicted, ["PER", "O", "LOC", "O", "O"], strict=True):
        token._.luke_tag = tag
    scores = nlp.get_pipe("luke_tagger").score([example])
    assert {name: score for name, score in scores.items() if name.startswith("luke_")} == {
        "luke_tag_acc": 0.6,
        "luke_tag_micro_p": 0.5,
        "luke_tag_micro_r": 0.5,
        "luke_tag_micro_f": 0.5,
        "luke_tag_per_type": {"LOC": {"p": 0.0, "r": 0.0, "f": 0.0}, "PER": {"p": 1.0, "r": 1.0, "f": 1.0}},
    }
    assert set(nlp.get_pipe("luke_tagger").score([]).values()) == {None}


def test_every_token_is_tagged_first_piece_or_mean(tmp_path):
    folder = save_head("luke_tagger", tmp_path)
    found = {}
    for pieces in ("first", "mean"):
        nlp = make_head_pipeline("luke_tagger", folder, pieces=pieces)
        doc = nlp(f"{LONG} unknownwords spelled letterwise")
        found[pieces] = [token._.luke_tag for token in doc]
        pipe = nlp.get_pipe("luke_tagger")
        short = nlp.make_doc("unknownword tea")
        (scores,) = pipe.logits([short], [(None,)])
        logits = scores.texts[0][0].logits[1:12]  # u ##n ##k ... after the classification token
        best = (logits[:1] if pieces == "first" else logits).mean(axis=0).argmax()
        assert pipe.decode_doc(short, scores)[0] == LABELS["luke_tagger"][best]
    assert all(set(tags) <= set(LABELS["luke_tagger"]) for tags in found.values())
    assert found["first"] != found["mean"]


def test_places_cover_every_token_once(tmp_path):
    nlp = make_head_pipeline("luke_tagger", save_head("luke_tagger", tmp_path))
    (pieces,) = encode_docs([nlp.make_doc(f"{LONG} {'x' * 60} tea")], TOKENIZER)
    windows = make_windows(0, pieces, 20, 8)
    homes, places, tokens = token_places(windows, pieces, first_only=True)
    assert tokens.tolist() == list(range(len(pieces.starts) - 1))
    assert places.tolist() == pieces.starts[:-1].tolist()
    homes, places, tokens = token_places(windows, pieces, first_only=False)
    starts, ends = (np.array([getattr(w, side) for w in windows])[homes] for side in ("start", "end"))
    assert ((places >= starts) & (places < ends)).all()
    assert len(np.unique(places)) == len(places)
    huge = tokens == tokens.max() - 1
    assert 0 < huge.sum() <= 20 < 60


def test_bad_input(tmp_path):
    nlp = make_head_pipeline("luke_tagger", save_head("luke_tagger", tmp_path))
    docs = list(nlp.pipe(["", " ", "Ana\n\nlikes"]))
    assert [[t._.luke_tag != "" for t in doc] for doc in docs] == [[], [False], [True, False, True]]
    blank = nlp.make_doc("Ana likes tea")
    strange = nlp.make_doc("Ana likes tea")
    strange[0]._.luke_tag = "NEVER"
    examples = [
        Example(nlp.make_doc("Ana likes tea"), blank),
        Example(nlp.make_doc("Ana likes tea"), strange),
    ]
    with pytest.warns(UserWarning, match="1 of 1 gold tags have labels that .* 'NEVER'"):
        assert nlp.update(examples, losses={}) == {"luke_tagger": 0.0}
    assert nlp.get_pipe("luke_tagger").score(examples[:1])["luke_tag_acc"] is None
    for name, value in (("pieces", "last"), ("gold", "lemma")):
        with pytest.raises(ValueError, match=f"{name} is '{value}'; allowed is one of"):
            make_head_pipeline("luke_tagger", None, **{name: value})
    with pytest.raises(TypeError, match="tag has to be a string"):
        blank[0]._.luke_tag = 3
