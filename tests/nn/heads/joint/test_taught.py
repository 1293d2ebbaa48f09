"""Rows of taught labels: what they propose, say and know again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from spacy_luke.nn.heads.joint.taught import (
    REJECTED,
    RULES,
    TaughtAnswers,
    TaughtLabels,
    TaughtPairs,
    taught_modules,
)
from spacy_luke.nn.joint_config import JointConfig
from spacy_luke.pipeline.joint.examples import WindowStates
from spacy_luke.pipeline.joint.proposing import Proposing
from spacy_luke.training.teach.rows import no_rows

HIDDEN = 6


def taught_joint(**changes: Any) -> JointConfig:
    part = {"thresholds": {"new": 0.5}, "columns": ["new", "old", "gone"], "kept": 3}
    return JointConfig(
        relation_labels=("first", "old"), relation_width=4, taught={"relations": {**part, **changes}}
    )


@pytest.mark.parametrize(
    "part",
    [
        {"thresholds": {"new": 2}},
        {"thresholds": ["new"]},
        {"columns": "new"},
        {"columns": [1]},
        {"kept": -1},
        {"kept": "3"},
        {"more": 1},
    ],
)
def test_a_wrong_configuration(part: dict[str, Any]):
    with pytest.raises(ValueError, match=r"joint\.taught\.relations"):
        taught_joint(**part)
    with pytest.raises(ValueError, match=r"joint\.taught\.facts"):
        JointConfig(taught={"facts": {}})


def test_what_is_said_and_what_was_rejected():
    joint = taught_joint()
    modules = taught_modules(joint, HIDDEN)
    rows = modules["relations"]
    assert isinstance(rows, TaughtLabels)
    torch.manual_seed(0)
    rows.states[:] = torch.randn(3, 4)
    rows.weight[:] = torch.randn(1, 4)
    rows.answers[1, 1] = rows.answers[2, 2] = REJECTED
    scores, rejected = TaughtAnswers(joint, rows, "relations")(rows.states)
    assert torch.allclose(scores, (rows.states @ rows.weight.T).sigmoid())
    assert rejected.tolist() == [
        [False] * 3,
        [False, True, False],
        [False] * 3,
    ]  # nothing is said of "gone" any more
    pairs = TaughtPairs(TaughtAnswers(joint, rows, "relations"), 0.0)
    pairs.add(torch.tensor([7, 5, 9]), rows.states)
    place, label = torch.tensor([5, 5, 7]), torch.tensor([0, 1, 1])
    place, label, score = pairs.amend(place, label, torch.tensor([0.9, 0.8, 0.7]))
    assert list(zip(place.tolist(), label.tolist(), strict=True)) == [(5, 0), (5, 2), (7, 1), (7, 2), (9, 2)]
    assert score[1] == scores[1, 0]


def test_proposals_are_those_that_teaching_counts():
    torch.manual_seed(1)
    n, widest, labels = 40, 4, 2
    rows = TaughtLabels(3 * HIDDEN + 1, labels, 0, 0, 2 * HIDDEN + 1)
    rows.proposer[:] = torch.randn(labels, 2 * HIDDEN + 2)
    first, last = torch.randn(1, n, HIDDEN), torch.randn(1, n, HIDDEN)
    taken = torch.tensor([[[0, 1], [5, 5], [0, 0]]])
    mask, real = torch.ones(1, n, dtype=torch.bool), torch.tensor([[True, True, False]])
    spans, kept = rows.propose(first, last, mask, taken, real, widest)
    words = WindowStates(0, np.arange(n), first[0].numpy(), last[0].numpy(), taken[0, :2].numpy())
    nothing = np.zeros((0, 3 * HIDDEN + 1), dtype=np.float32)
    proposing = Proposing([words], [{(3, 4): "new"}], RULES, widest, no_rows(3 * HIDDEN + 1), nothing)
    counted = proposing.propose(words, rows.proposer.double().numpy())
    assert {tuple(span) for span in spans[0][kept[0]].tolist()} == {tuple(span) for span in counted.tolist()}
    assert 0 < len(counted) <= np.ceil(n * RULES.spans_per_token)
    assert not {(0, 1), (5, 5)} & {tuple(span) for span in counted.tolist()}
