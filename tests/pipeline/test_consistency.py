"""Relations that contradict the training data lose score: tables are learned, act, and can be switched off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from tiny import TEXTS, make_pipeline

import spacy_luke
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.pipeline.consistency import consistent_scores
from spacy_luke.pipeline.label_data import LabelData, with_labels
from spacy_luke.pipeline.probabilities import logit, sigmoid
from spacy_luke.training.consistency import learn_consistency

Make = Callable[..., str]
Pair = tuple[str, str, str, str]  # head, its label, tail, its label
NLP = spacy.blank("en")


def told(label: str, *pairs: Pair) -> Doc:
    """A document that tells a relation of these."""
    spacy_luke.set_extensions()
    doc = Doc(NLP.vocab, words=[name for head, _, tail, _ in pairs for name in (head, tail)])
    kinds = [kind for _, head, _, tail in pairs for kind in (head, tail)]
    spans = [Span(doc, i, i + 1, kind) for i, kind in enumerate(kinds)]
    doc.ents = spans
    doc._.luke_relations = [(spans[2 * i], spans[2 * i + 1], label) for i in range(len(pairs))]
    return doc


def born(n: int) -> list[Doc]:
    return [told("born", ("Ada", "PER", "1815", "TIME")) for _ in range(n)]


def test_what_data_say_of_types() -> None:
    docs = [
        *born(30),
        *(told("born", ("Rex", "MISC", "1815", "TIME")) for _ in range(10)),
        told("rare", ("A", "PER", "B", "PER")),
    ]
    tables = learn_consistency(docs, ["born", "rare"])
    assert tables["type_shares"] == {"born": {"PER": {"TIME": 0.75}, "MISC": {"TIME": 0.25}}}
    assert tables["unseen_shares"] == {"born": 1 / (40 + 9)}
    assert "rare" not in str(tables)
    assert learn_consistency(docs, ["rare"]) == {"type_shares": {}, "unseen_shares": {}, "second_tails": {}}
    assert learn_consistency(born(19), ["born"])["unseen_shares"] == {}


@pytest.mark.parametrize(
    ("n", "several", "supported"), [(20, 0, True), (19, 0, False), (99, 1, True), (90, 10, False)]
)
def test_one_tail_only_where_nearly_all_heads_have_one(n: int, several: int, supported: bool) -> None:
    other = told("born", ("Ada", "PER", "1815", "TIME"), ("Ada", "PER", "1816", "TIME"))
    again = told(
        "born", ("Ada", "PER", "1815", "TIME"), ("ada", "PER", "1815", "TIME")
    )  # one entity, one tail
    tables = learn_consistency([*born(n - 1), again, *[other] * several], ["born"])
    expected = {"born": (several + 1) / (n + several + 2)} if supported else {}
    assert tables["second_tails"] == expected


def test_types_that_never_were() -> None:
    tables = {**learn_consistency(born(100), ["born"]), "second_tails": {}}
    joint = JointConfig(relation_labels=("born", "other"), **tables)
    types = ["PER", "TIME", "PERSON"]
    pairs = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 1], [2, 1, 0], [0, 2, 0]])
    scores = np.full(5, 0.9, dtype=np.float32)
    lower = consistent_scores(joint, pairs, scores, types, lambda: range(3))
    fallen = sigmoid(logit(np.array([0.9])) + np.log(1 / 104))[0]
    # Not the right types; a relation without a rule; types of another scheme, of which nothing is known.
    assert lower.tolist() == pytest.approx([0.9, float(fallen), 0.9, 0.9, 0.9], abs=1e-6)
    assert lower[[0, 2, 3, 4]].tolist() == scores[[0, 2, 3, 4]].tolist()


def test_the_best_tail_keeps_its_score() -> None:
    joint = JointConfig(relation_labels=("born", "other"), second_tails={"born": 0.02})
    # Mentions 1 and 3 are of one entity, and 0 and 4.
    pairs = np.array([[0, 1, 0], [0, 2, 0], [4, 3, 0], [2, 1, 0], [0, 2, 1], [0, 4, 0]])
    scores = np.array([0.8, 0.7, 0.3, 0.2, 0.5, 0.99], dtype=np.float32)
    lower = consistent_scores(joint, pairs, scores, ["PER"] * 5, lambda: [0, 1, 2, 1, 0])
    changed = np.flatnonzero(lower != scores).tolist()
    assert changed in ([1], [1, 5])  # an entity related to itself makes no fact
    assert float(lower[1]) == pytest.approx(
        float(sigmoid(logit(np.array([0.7])) + np.log(0.02))[0]), abs=1e-6
    )


def test_scores_stay_probabilities() -> None:
    joint = JointConfig(relation_labels=("a",), second_tails={"a": 1e-9})
    pairs = np.array([[0, i, 0] for i in range(1, 5)])
    scores = np.array([1.0, 0.999, 0.0, 1e-30], dtype=np.float32)
    lower = consistent_scores(joint, pairs, scores, ["X"] * 5, lambda: range(5))
    assert (lower >= 0).all()
    assert (lower <= scores + 1e-6).all()
    assert np.isfinite(lower).all()


def test_without_tables_scores_are_what_they_were() -> None:
    joint = JointConfig(relation_labels=("a",))
    scores = np.array([0.5], dtype=np.float32)
    assert consistent_scores(joint, np.array([[0, 1, 0]]), scores, ["X", "Y"], lambda: [0, 1]) is scores


@pytest.mark.parametrize(
    "wrong",
    [
        {"type_shares": {"a": 0.5}},
        {"type_shares": {"a": {"X": {"Y": 2}}}},
        {"unseen_shares": {"a": 0}},
        {"unseen_shares": {"a": float("nan")}},
        {"second_tails": {"a": True}},
        {"second_tails": []},
    ],
)
def test_hostile_tables_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"joint\.{next(iter(wrong))}"):
        JointConfig(**wrong)


def test_new_labels_forget_the_tables() -> None:
    joint = JointConfig(relation_labels=("born",), **learn_consistency(born(30), ["born"]))
    changed = with_labels(joint, LabelData(relations={"left": ""}), ("relations",), multi_label=False)
    assert (changed.type_shares, changed.unseen_shares, changed.second_tails) == ({}, {}, {})


def scores_of(doc: Doc) -> dict[tuple[int, int, str], float]:
    pairs = [pair for fact in doc._.luke_facts for pair in fact.pairs]
    return {(p.head.start, p.tail.start, p.label): p.score for p in pairs}


@pytest.fixture
def with_tables(make_checkpoint: Make) -> str:
    """A checkpoint of which no relation ever held between its types."""
    checkpoint = make_checkpoint(loud=True)
    path = Path(checkpoint) / "config.json"
    config = json.loads(path.read_text())
    joint, labels = config["joint"], config["joint"]["ner_labels"]
    joint["type_shares"] = {
        label: {"odd": dict.fromkeys(labels, 0.5), labels[0]: {"odd": 0.5}}
        for label in joint["relation_labels"]
    }
    joint["type_shares"][joint["relation_labels"][0]]["odd"] |= {"even": 0.1}
    joint["unseen_shares"] = dict.fromkeys(joint["relation_labels"], 0.1)
    for label in labels:
        joint["type_shares"][joint["relation_labels"][0]].setdefault(label, {"odd": 0.1})
    path.write_text(json.dumps(config))
    return checkpoint


def test_the_switch(with_tables: str, tmp_path: Path) -> None:
    found = {}
    for consistent in (True, False):
        nlp = make_pipeline(with_tables, consistent=consistent)
        pipe = nlp.get_pipe("luke")
        pipe.thresholds.update({"relations": 0.0, "facts": 0.0})
        found[consistent] = scores_of(nlp(" ".join(TEXTS)))
        assert nlp.get_pipe_config("luke")["consistent"] is consistent
        nlp.to_disk(tmp_path / str(consistent))
        again = spacy.load(tmp_path / str(consistent))
        assert again.get_pipe("luke").consistent is consistent
        assert scores_of(again(" ".join(TEXTS))) == pytest.approx(found[consistent], abs=1e-4)
    assert found[False]
    assert found[True].keys() == found[False].keys()
    assert all(found[True][place] < score for place, score in found[False].items())


def test_tune_learns_tables(with_tables: str, tmp_path: Path) -> None:
    from spacy_luke.cli.tune import tune

    nlp = make_pipeline(with_tables)
    pipe = nlp.get_pipe("luke")
    label = pipe.joint.relation_labels[0]
    nlp.to_disk(tmp_path / "model")
    DocBin(
        docs=[told(label, ("Ada", "PER", "Rome", "LOC")) for _ in range(25)], store_user_data=True
    ).to_disk(tmp_path / "train.spacy")
    DocBin(docs=born(3), store_user_data=True).to_disk(tmp_path / "dev.spacy")
    tune(
        tmp_path / "model",
        tmp_path / "dev.spacy",
        tmp_path / "out",
        "luke",
        half=False,
        train=tmp_path / "train.spacy",
    )
    joint = spacy_luke.load(tmp_path / "out").get_pipe("luke").joint
    assert joint.type_shares == {label: {"PER": {"LOC": 1.0}}}
    assert joint.second_tails == {label: 1 / 27}
    with pytest.warns(UserWarning, match="fewer than 20 examples"):
        tune(
            tmp_path / "model",
            tmp_path / "dev.spacy",
            tmp_path / "out",
            "luke",
            half=False,
            train=tmp_path / "dev.spacy",
        )
    assert not spacy_luke.load(tmp_path / "out").get_pipe("luke").joint.second_tails
