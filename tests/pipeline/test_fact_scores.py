"""Facts have probabilities of their own, and thresholds that are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from tiny import TEXTS, make_pipeline

import spacy_luke
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.pipeline.probabilities import FactScale, logit, sigmoid

Make = Callable[..., str]


def changed(checkpoint: str, **joint: object) -> str:
    """Change what a checkpoint says of its heads."""
    path = Path(checkpoint) / "config.json"
    config = json.loads(path.read_text())
    config["joint"].update(joint)
    path.write_text(json.dumps(config))
    return checkpoint


def read(checkpoint: str, **thresholds: float) -> Doc:
    nlp = make_pipeline(checkpoint)
    nlp.get_pipe("luke").thresholds.update(thresholds)
    return nlp(" ".join(TEXTS))


def scores_of_facts(doc: Doc) -> dict[tuple[int, int, str], float]:
    return {(p.head.start, p.tail.start, p.label): p.score for fact in doc._.luke_facts for p in fact.pairs}


def test_what_is_undone_is_what_was_there() -> None:
    scale = FactScale(0.5, np.array([1.0, -2.0]))
    scores = np.array([0.01, 0.3, 0.99], dtype=np.float32)
    for label in (0, 1):
        told = scale.apply(scores, np.full(3, label))
        assert told == pytest.approx(sigmoid(0.5 * logit(scores) + scale.shifts[label]), abs=1e-6)
        for before, after in zip(scores.tolist(), told.tolist(), strict=True):
            assert scale.undo([after, after])[label] == pytest.approx(before, rel=1e-3)
            assert scale.undo([after, after])[label] <= before
    same = FactScale.of(JointConfig(relation_labels=("a", "b")))
    assert not same.changes
    assert same.apply(scores, np.zeros(3, dtype=np.int64)) is scores
    assert same.undo([0.3, 0.0]) == [0.3, 0.0]


def test_facts_have_scores_of_their_own_and_relations_keep_theirs(make_checkpoint: Make) -> None:
    checkpoint = make_checkpoint(loud=True)
    before = read(checkpoint, relations=0.2, facts=0.0)
    label = before._.luke_facts[0].label
    after = read(changed(checkpoint, fact_slope=0.5, fact_shifts={label: 1.5}), relations=0.2, facts=0.0)
    assert before._.luke_relations
    relations = [
        [(r.head.start, r.tail.start, *r[2:]) for r in doc._.luke_relations] for doc in (before, after)
    ]
    assert relations[0] == relations[1]
    old, new = scores_of_facts(before), scores_of_facts(after)
    assert set(old) == set(new)
    for place, score in old.items():
        shift = 1.5 if place[2] == label else 0.0
        expected = sigmoid(0.5 * logit(np.array([score])) + shift)[0]
        assert new[place] == pytest.approx(float(expected), abs=1e-3)
    assert all(fact.score == max(pair.score for pair in fact.pairs) for fact in after._.luke_facts)


def test_a_threshold_of_facts_is_one_of_their_own_scores(make_checkpoint: Make) -> None:
    """Also below the relations' thresholds, where the heads would not have been asked."""
    checkpoint = changed(make_checkpoint(loud=True), fact_slope=0.5, fact_shifts={})
    everything = scores_of_facts(read(checkpoint, relations=0.99, facts=0.0))
    threshold = float(np.median(list(everything.values())))
    kept = scores_of_facts(read(checkpoint, relations=0.99, facts=threshold))
    assert 0 < len(kept) < len(everything)
    assert set(kept) == {place for place, score in everything.items() if score >= threshold}


def test_presets_are_thresholds_by_name(make_checkpoint: Make) -> None:
    presets = {"precise": {"relations": 0.9, "facts": 0.8}, "all": {"relations": 0.1}}
    checkpoint = changed(
        make_checkpoint(), presets=presets, thresholds={"ner": 0.3, "relations": 0.5, "facts": 0.5}
    )
    own = spacy_luke.load(checkpoint).get_pipe("luke").thresholds
    assert {name: own[name] for name in ("ner", "relations", "facts")} == {
        "ner": 0.3,
        "relations": 0.5,
        "facts": 0.5,
    }
    for preset, named in presets.items():
        nlp = spacy_luke.load(checkpoint, preset=preset)
        assert nlp.get_pipe("luke").thresholds == {**own, **named}
    asked = {"components": {"luke": {"thresholds": {"relations": 0.7}}}}
    nlp = spacy_luke.load(checkpoint, preset="precise", config=asked)
    assert nlp.get_pipe("luke").thresholds["relations"] == 0.7
    with pytest.raises(ValueError, match="no thresholds of the name 'most'; it has: 'precise', 'all'"):
        spacy_luke.load(checkpoint, preset="most")


def test_presets_survive_saving(make_checkpoint: Make, tmp_path: Path) -> None:
    checkpoint = changed(make_checkpoint(), presets={"all": {"relations": 0.1, "facts": 0.2}})
    spacy_luke.load(checkpoint, preset="all").to_disk(tmp_path)
    thresholds = spacy.load(tmp_path).get_pipe("luke").thresholds
    assert (thresholds["relations"], thresholds["facts"]) == (0.1, 0.2)


@pytest.mark.parametrize(
    "wrong", [{"fact_slope": 0.0}, {"fact_slope": "x"}, {"fact_shifts": {"a": 1e9}}, {"fact_shifts": []}]
)
def test_hostile_scales_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"joint\.fact_s"):
        JointConfig(**wrong)
    with pytest.raises(ValueError, match=r"joint\.fact_s"):
        JointConfig(fact_shifts={"a": float("nan")})
