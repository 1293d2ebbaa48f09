"""Likely pairs read the words once more: what that changes, what it can't change, and what it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny import make_joint, make_tokenizer, make_words, with_mentions
from torch import Tensor

from spacy_luke.batch import LukeInputs
from spacy_luke.nn.heads.joint.losses import threshold_loss
from spacy_luke.nn.heads.joint.model import LukeJointModel
from spacy_luke.nn.heads.joint.pairs import best_pairs
from spacy_luke.nn.model import LukeModel
from spacy_luke.nn.precision import copy_for_prediction

TOKENIZER = make_tokenizer()
EVERY = {"pair_floor": 0.0, "pairs_per_token": 1.0}


def make_reader(layers: int = 1, trained: bool = True, **joint: float) -> LukeJointModel:
    """A joint model that reads pairs again; what it reads counts, unless it isn't trained."""
    untrained = () if trained else ("pair_reader",)
    heads = {"pair_layers": layers, "untrained": untrained, **EVERY, **joint}
    model = make_joint(TOKENIZER, joint=heads, num_hidden_layers=3)
    if trained:
        generator = torch.Generator().manual_seed(4)
        with torch.no_grad():
            weight = model.pair_reader.classifier.weight
            weight.copy_(torch.randn(weight.shape, generator=generator))
    return model


def related(
    model: LukeJointModel, asked: LukeInputs[Tensor], floor: float = 0.0
) -> dict[tuple[int, ...], float]:
    """What a model says, by window, head, tail and label."""
    found = model(asked, relation_floor=floor).related
    keys = torch.cat([found.pairs, found.labels[:, None]], dim=1).tolist()
    return dict(zip(map(tuple, keys), found.scores.tolist(), strict=True))


# --- what it changes -----------------------------------------------------------------------


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_both_layouts_and_the_copy_for_prediction_say_the_same(layers: int, monkeypatch: pytest.MonkeyPatch):
    model, asked = make_reader(layers), with_mentions(make_words((9, 4, 6, 4)))
    pairs = torch.tensor([[1, 1, 0], [0, 0, 2], [3, 1, 0], [0, 2, 1], [3, 0, 1], [1, 0, 1], [1, 0, 2]])
    asked = replace(asked, pairs=pairs)
    packed, copied = related(model, asked), related(copy_for_prediction(model, "float32"), asked)
    monkeypatch.setattr(LukeModel, "_can_pack", lambda *_: False)
    padded = related(model, asked)
    assert len(packed) == 14
    assert packed == pytest.approx(padded, abs=1e-5)
    assert packed == pytest.approx(copied, abs=1e-5)


@torch.no_grad()
def test_what_it_reads_is_added_to_the_logits():
    model, asked = make_reader(), with_mentions(make_words())
    output = model(asked)
    torch.testing.assert_close(output.pair_logits, make_reader(trained=False)(asked).pair_logits)
    assert sorted(output.read.tolist()) == [0, 1, 2, 3]
    assert not torch.isclose(output.read_logits, output.pair_logits[output.read]).any()
    found, margins = related(model, asked), output.read_logits[:, 1:] - output.read_logits[:, :1]
    for place, scores in zip(output.read.tolist(), margins.sigmoid().tolist(), strict=True):
        pair = tuple(asked.pairs[place].tolist())
        assert [found[(*pair, label)] for label in (0, 1)] == pytest.approx(scores, abs=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("floor", [0.0, 0.3, 0.9])
def test_relations_above_a_floor_are_in_the_order_of_the_pairs(floor: float):
    model, asked = make_reader(pairs_per_token=0.2), with_mentions(make_words())
    found = model(asked, relation_floor=floor).related
    places = [asked.pairs.tolist().index(pair) for pair in found.pairs.tolist()]
    assert places == sorted(places)
    every = related(model, asked)
    assert related(model, asked, floor) == {key: score for key, score in every.items() if score >= floor}


@torch.no_grad()
def test_only_likely_pairs_are_read():
    model, asked = make_reader(), with_mentions(make_words())
    before = related(make_reader(trained=False), asked)
    best: dict[tuple[int, ...], float] = {}
    for (*pair, _), score in before.items():
        best[tuple(pair)] = max(score, best.get(tuple(pair), 0.0))
    floor = sorted(best.values())[1]
    model.joint = model.joint.with_changes(pair_floor=floor)
    after = related(model, asked)
    for (*pair, label), score in after.items():
        same = score == pytest.approx(before[(*pair, label)], abs=1e-6)
        assert same == (best[tuple(pair)] < floor)


# --- what it can't change ------------------------------------------------------------------


@torch.no_grad()
def test_before_training_it_changes_nothing():
    plain, model = make_joint(TOKENIZER, num_hidden_layers=3), make_reader(trained=False)
    asked = with_mentions(make_words())
    plain.load_state_dict(model.state_dict(), strict=False)
    assert related(model, asked) == related(plain, asked)
    output = model(asked)
    assert torch.equal(output.read_logits, output.pair_logits[output.read])
    model.untrained = ()  # it reads, and adds zeros
    assert related(model, asked) == pytest.approx(related(plain, asked), abs=1e-6)


@torch.no_grad()
def test_nothing_else_depends_on_it():
    plain, model, asked = (
        make_joint(TOKENIZER, num_hidden_layers=3),
        make_reader(),
        with_mentions(make_words()),
    )
    plain.load_state_dict(model.state_dict(), strict=False)
    one, other = plain(asked, find=True), model(asked, find=True)
    for name in ("word_states", "span_logits", "entity_states", "label_logits", "pair_logits"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


@torch.no_grad()
def test_a_pair_does_not_depend_on_other_pairs_or_windows():
    model, both = make_reader(), make_words((9, 6))
    found = related(model, with_mentions(both))
    alone = related(model, replace(with_mentions(both), pairs=torch.tensor([[0, 0, 2]])))
    assert alone == pytest.approx({key: found[key] for key in alone}, abs=1e-5)
    cut = {n: t[1:, : 6 if "token_" in n and "type" not in n else 8] for n, t in both.present().items()}
    extents, pairs = torch.tensor([[[1, 3], [4, 5]]]), torch.tensor([[0, 1, 0], [0, 0, 1]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    single = related(model, with_mentions(LukeInputs(**cut), extents, mask, pairs=pairs))
    assert single == pytest.approx({(0, *key[1:]): v for key, v in found.items() if key[0] == 1}, abs=1e-5)


@torch.no_grad()
def test_no_pairs():
    model, asked = make_reader(pair_floor=1.0), with_mentions(make_words())
    assert related(model, asked) == pytest.approx(related(make_reader(trained=False), asked))
    assert related(model, asked, floor=1.0) == {}
    assert model(replace(asked, pairs=asked.pairs[:0]), relation_floor=0.0).related is None


def test_the_best_pairs_of_each_window():
    margins = torch.tensor([0.0, 3.0, 1.0, -2.0, 2.0, -9.0])
    pairs = torch.tensor([[2, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 2], [0, 2, 0], [2, 1, 0]])
    most = torch.tensor([2, 1, 3])
    assert best_pairs(margins, pairs, most).tolist() == [1, 4, 0, 5]
    assert best_pairs(margins, pairs, most, floor=0.1).tolist() == [1, 4, 0]
    gold = torch.tensor([0, -1, 0, 1, 0, -1])
    assert best_pairs(margins, pairs, most, gold=gold).tolist() == [3, 4, 0]
    assert best_pairs(margins[:0], pairs[:0], most).tolist() == []


def test_layers_that_there_are_not():
    with pytest.raises(ValueError, match=r"pair_layers is 4; allowed .* to 3"):
        make_reader(4)
    with pytest.raises(ValueError, match="pair_layers is -1"):
        make_reader(-1)
    with pytest.raises(ValueError, match="words_attend_to_entities"):
        make_joint(TOKENIZER, joint={"pair_layers": 1}, words_attend_to_entities=True)


def test_it_comes_and_goes_with_the_relations():
    model = make_reader()
    before = model.pair_reader
    model.build_heads(model.joint.with_changes(ner_labels=("A",)))
    assert model.pair_reader is before
    model.build_heads(model.joint.with_changes(relation_labels=("likes",), relation_ids={}))
    assert model.pair_reader is not before
    assert {"pair_reader", "relation_head"} <= set(model.untrained)
    model.build_heads(model.joint.with_changes(pair_layers=0))
    assert model.pair_reader is None
    assert "pair_reader" not in model.untrained


# --- what it learns ------------------------------------------------------------------------


def test_gold_pairs_come_first_in_training_and_the_unknown_never():
    model = make_reader(pairs_per_token=0.1).train()
    asked = replace(with_mentions(make_words()), gold_pairs=torch.tensor([0, 1, 0, -1]))
    output = model(asked)
    assert output.read.tolist() == [1, 0]
    output.read_logits.sum().backward()
    reached = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert "pair_reader" in reached
    assert "relation_head" not in reached  # it learns from all pairs as they are scored first
    layers = model.luke.encoder.layers()
    assert all(bool(layer.attention.self.key.weight.grad.any()) for layer in layers)


LIKES, NOT = 40, 41  # two words


def clauses(n: int, seed: int) -> tuple[LukeInputs[Tensor], Tensor]:
    """Windows of three clauses "name verb name" with names drawn anew: the verb alone tells whether the first of a
    clause is related to the second."""
    generator = torch.Generator().manual_seed(seed)
    names = torch.randint(10, 20, (n, 3, 2), generator=generator)
    holds = torch.randint(0, 2, (n, 3), generator=generator)
    verbs = torch.where(holds == 1, LIKES, NOT)
    body = torch.stack([names[..., 0], verbs, names[..., 1]], dim=-1).flatten(1)  # (n, 9)
    ids = torch.nn.functional.pad(body, (1, 1), value=2)
    places = torch.arange(1, 10).expand(n, -1)
    starts = torch.tensor([1, 3, 4, 6, 7, 9]).expand(n, -1)
    pairs = torch.tensor([[w, 2 * c, 2 * c + 1] for w in range(n) for c in range(3)])
    inputs = LukeInputs(
        input_ids=ids,
        attention_mask=torch.ones_like(ids, dtype=torch.bool),
        token_type_ids=torch.zeros_like(ids),
        token_start_positions=places,
        token_end_positions=places,
        token_mask=torch.ones_like(places, dtype=torch.bool),
        entity_start_positions=starts,
        entity_end_positions=starts,
        entity_attention_mask=torch.ones_like(starts, dtype=torch.bool),
        pairs=pairs,
    )
    return inputs, holds.flatten()[:, None].float()


def accuracy_after_training(layers: int) -> float:
    """Train what stands behind a random encoder, and ask about other windows."""
    model = make_joint(
        TOKENIZER,
        joint={
            "pair_layers": layers,
            "relation_labels": ("likes",),
            "relation_ids": {},
            "dropout": 0.0,
            **EVERY,
        },
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_hidden_layers=1,
    )
    parts = [part for part in (model.relation_head, model.pair_reader) if part is not None]
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    model.train()
    for step in range(300):
        inputs, gold = clauses(16, seed=step)
        output = model(replace(inputs, gold_pairs=gold[:, 0].long()))
        loss = threshold_loss(output.pair_logits, gold)
        if output.read is not None:
            loss = loss + threshold_loss(output.read_logits, gold[output.read])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    inputs, gold = clauses(200, seed=1000)
    with torch.no_grad():
        said = related(model, inputs, floor=0.5)
    wanted = {
        (*pair, 0) for pair, holds in zip(inputs.pairs.tolist(), gold[:, 0].tolist(), strict=True) if holds
    }
    return 1 - len(said.keys() ^ wanted) / len(gold)


@pytest.mark.slow  # two trainings, of which each needs its steps
def test_it_learns_what_stands_between_two_names():
    with_rows, without = accuracy_after_training(1), accuracy_after_training(0)
    assert with_rows > 0.95
    assert without < with_rows - 0.1
