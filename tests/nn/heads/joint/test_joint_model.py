"""The joint model: one word pass gives what the whole forward gives, and heads come and go with their labels."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny import JOINT_HEADS, make_joint, make_tokenizer, make_words, with_mentions
from torch import nn

from spacy_luke.batch import LukeInputs
from spacy_luke.nn import linear
from spacy_luke.nn.heads.joint.model import LukeJointModel, entity_positions
from spacy_luke.nn.heads.joint.proposer import best_spans
from spacy_luke.nn.heads.joint.relations import RelationHead, distance_classes
from spacy_luke.nn.heads.joint.rows import EntityRows
from spacy_luke.nn.layout import take_rows

TOKENIZER = make_tokenizer()
CLOSE = {"atol": 1e-5, "rtol": 1e-4}


@pytest.fixture(params=[(False, False), (False, True), (True, True), (True, False)], ids=str)
def model(request: pytest.FixtureRequest) -> LukeJointModel:
    words, entities = request.param
    return make_joint(TOKENIZER, words_attend_to_entities=words, entities_attend_to_entities=entities)


@torch.no_grad()
def test_one_word_pass_equals_the_whole_forward(model: LukeJointModel):
    words = make_words()
    asked = with_mentions(words)
    answered = model(asked)
    kept = model(words, find=True)
    again = model(asked, states=kept.words)

    mask, pairs = asked.needed("entity_attention_mask"), asked.needed("pairs")
    start, end = asked.needed("entity_start_positions"), asked.needed("entity_end_positions")
    whole = model.luke(
        words.input_ids,
        words.attention_mask.long(),
        words.token_type_ids,
        entity_ids=mask.long() * 2,
        entity_attention_mask=mask.long(),
        entity_position_ids=entity_positions(start, end, mask, 30),
        output_attentions=True,
    )
    n = words.input_ids.shape[1]
    attention = whole.attentions[-1][:, :, n:, :n].mean(1)
    rows = EntityRows(start, end, mask, whole.last_hidden_state, whole.entity_last_hidden_state, attention)
    relations = model.relation_head(rows, pairs)
    labels = model.entity_head(whole.entity_last_hidden_state)
    for output in (answered, again):
        torch.testing.assert_close(output.entity_states[mask], whole.entity_last_hidden_state[mask], **CLOSE)
        torch.testing.assert_close(output.label_logits[mask], labels[mask], **CLOSE)
        torch.testing.assert_close(output.pair_logits, relations, **CLOSE)
    if not model.config.words_attend_to_entities:
        real = words.attention_mask
        torch.testing.assert_close(kept.word_states[real], whole.last_hidden_state[real], **CLOSE)


@torch.no_grad()
def test_word_states_never_depend_on_mentions(model: LukeJointModel):
    words = make_words()
    torch.testing.assert_close(model(words).word_states, model(with_mentions(words)).word_states)


@torch.no_grad()
def test_scores_of_a_candidate_do_not_depend_on_the_others():
    model, words = make_joint(TOKENIZER), make_words()
    alone = torch.tensor([[[2, 3]], [[0, 1]]]), torch.ones(2, 1, dtype=torch.bool)
    spans = torch.tensor([[[0, 0], [2, 3], [2, 5]], [[0, 1], [0, 0], [0, 0]]])
    crowd = spans, torch.tensor([[True, True, True], [True, False, False]])
    one, many = (
        model(replace(words, spans=spans, span_mask=mask), find=True).span_logits
        for spans, mask in (alone, crowd)
    )
    torch.testing.assert_close(one[0, 0], many[0, 1], **CLOSE)
    torch.testing.assert_close(one[1, 0], many[1, 0], **CLOSE)


@torch.no_grad()
def test_padding_changes_nothing(model: LukeJointModel):
    both = make_words((9, 6))
    single = LukeInputs(
        **{
            name: tensor[1:, : 6 if "token_" in name and "type" not in name else 8]
            for name, tensor in both.present().items()
        }
    )
    asked = with_mentions(both)
    extents = torch.tensor([[[1, 3], [4, 5]]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    alone = with_mentions(single, extents, mask, pairs=torch.tensor([[0, 1, 0], [0, 0, 1]]))
    a, b = model(asked, find=True), model(alone, find=True)
    torch.testing.assert_close(a.entity_states[1, :2], b.entity_states[0], **CLOSE)
    torch.testing.assert_close(a.pair_logits[[0, 3]], b.pair_logits, **CLOSE)
    real = a.candidates.mask[1]
    assert a.candidates.spans[1][real].tolist() == b.candidates.spans[0][b.candidates.mask[0]].tolist()
    torch.testing.assert_close(a.span_logits[1][real], b.span_logits[0][b.candidates.mask[0]], **CLOSE)


@torch.no_grad()
def test_gold_spans_are_always_candidates():
    model, words = make_joint(TOKENIZER), make_words()
    gold = torch.zeros(2, 9, 4)
    gold[0, 5, 3] = gold[1, 0, 2] = 1.0
    candidates = model(replace(words, gold_spans=gold), find=True).candidates
    assert [5, 8] in candidates.spans[0][candidates.mask[0]].tolist()
    assert [0, 2] in candidates.spans[1][candidates.mask[1]].tolist()


@torch.no_grad()
def test_mentions_beyond_the_position_limit_are_cut():
    model, words = make_joint(TOKENIZER, joint={"max_mention_length": 2}), make_words((9,))
    mask, pairs = torch.ones(1, 1, dtype=torch.bool), torch.zeros(0, 3, dtype=torch.long)
    long = model(with_mentions(words, torch.tensor([[[2, 8]]]), mask, pairs=pairs)).entity_states
    short = model(with_mentions(words, torch.tensor([[[2, 4]]]), mask, pairs=pairs)).entity_states
    torch.testing.assert_close(long, short)


def test_best_spans_takes_a_share_of_each_window():
    scores = torch.full((2, 4, 2), -1e4)
    scores[0, 1, 0], scores[0, 2, 1], scores[0, 0, 0] = 3.0, 2.0, 1.0
    scores[1, 0, 0] = 0.5
    mask = torch.tensor([[True] * 4, [True, False, False, False]])
    spans, real = best_spans(scores, mask, 0.5)
    assert spans[0][real[0]].tolist() == [[1, 1], [2, 3]]
    assert spans[1][real[1]].tolist() == [[0, 0]]


def test_fillers_of_short_windows_point_into_the_window():
    scores = torch.full((2, 3, 4), -1e4)
    scores[0, :, 0] = 1.0
    spans, real = best_spans(scores, torch.tensor([[True] * 3, [True, False, False]]), 4.0)
    assert real.sum(1).tolist() == [3, 0]
    assert (spans[~real] == 0).all()


def test_proposals_stay_inside_the_window():
    model, words = make_joint(TOKENIZER), make_words((3, 1))
    candidates = model(words, find=True).candidates
    for row, length in enumerate((3, 1)):
        spans = candidates.spans[row][candidates.mask[row]]
        assert (spans[:, 0] <= spans[:, 1]).all()
        assert (spans[:, 1] < length).all()


def test_distance_classes_are_powers_of_two_and_know_the_order():
    start, end = torch.tensor([0, 2, 3, 4, 6, 2000]), torch.tensor([1, 2, 3, 4, 6, 2000])
    head, tail = torch.zeros(5, dtype=torch.long), torch.arange(1, 6)
    forward, backward = distance_classes(start, end, head, tail), distance_classes(start, end, tail, head)
    assert forward.tolist() == [0, 1, 2, 3, 9]
    assert backward.tolist() == [10, 11, 12, 13, 19]


def test_take_rows():
    states = torch.arange(12.0).view(2, 3, 2)
    assert take_rows(states, torch.tensor([[2], [0]])).tolist() == [[[4.0, 5.0]], [[6.0, 7.0]]]


# --- heads ---------------------------------------------------------------------------------


def test_heads_whose_labels_stay_keep_their_weights():
    model = make_joint(TOKENIZER)
    before = {
        name: getattr(model, name) for name in ("span_head", "entity_head", "relation_head", "proposer")
    }
    model.build_heads(model.joint.with_changes(relation_labels=("likes",), relation_ids={}))
    assert model.span_head is before["span_head"]
    assert model.proposer is before["proposer"]
    assert model.entity_head is before["entity_head"]
    assert model.relation_head is not before["relation_head"]
    assert model.joint.untrained == ("relation_head",)
    assert model.relation_head.classifier.out_features == 2


def test_heads_without_labels_do_not_exist():
    model = make_joint(TOKENIZER)
    model.build_heads(model.joint.with_changes(ner_labels=(), entity_labels=(), relation_labels=()))
    assert (model.span_head, model.proposer, model.entity_head, model.relation_head) == (None,) * 4
    output = model(with_mentions(make_words()), find=True)
    assert (output.span_logits, output.label_logits, output.pair_logits) == (None, None, None)
    assert output.entity_states is not None


def test_only_heads_that_a_gradient_has_reached_count_as_trained():
    model = make_joint(TOKENIZER, joint={"untrained": JOINT_HEADS})
    assert model.untrained == JOINT_HEADS
    output = model(with_mentions(make_words()))
    (output.label_logits.sum() + 0.0 * output.pair_logits.sum()).backward()
    model.mark_trained()
    assert model.joint.untrained == ("relation_head", "span_head")


def test_new_heads_begin_with_none():
    model = make_joint(TOKENIZER, initializer_range=0.02)
    output = model(with_mentions(make_words()), find=True)
    assert (output.pair_logits.argmax(-1) == 0).all()
    exists = output.proposal_scores[output.proposal_scores > -1e3]
    assert (exists.sigmoid() < 0.1).all()


@torch.no_grad()
@pytest.mark.parametrize("floor", [0.0, 0.3, 1.0])
def test_relations_above_a_floor_are_those_of_all_logits(model: LukeJointModel, floor: float):
    asked = with_mentions(make_words())
    scores = model(asked).pair_logits
    scores = (scores[:, 1:] - scores[:, :1]).sigmoid()
    output = model(asked, relation_floor=floor)
    assert output.pair_logits is None
    rows, labels = (scores >= floor).nonzero(as_tuple=True)
    torch.testing.assert_close(output.related.pairs, asked.needed("pairs")[rows])
    torch.testing.assert_close(output.related.labels, labels)
    torch.testing.assert_close(output.related.scores, scores[rows, labels], **CLOSE)


@torch.no_grad()
def test_millions_of_pairs_are_cut_to_the_floor_a_chunk_at_a_time(monkeypatch: pytest.MonkeyPatch):
    head = RelationHead(hidden_size=8, width=4, n_labels=3, dropout=0.0)
    n = 1500
    words, states, attention = torch.randn(1, 6, 8), torch.randn(1, n, 8) * 3, torch.rand(1, n, 6)
    start, end = torch.randint(1, 7, (1, n, 2)).cumsum(-1).unbind(-1)
    read = (
        EntityRows(start, end - 1, torch.ones(1, n, dtype=torch.bool), words, states, attention),
        torch.cartesian_prod(torch.tensor([0]), torch.arange(n), torch.arange(n)),
    )
    whole = head(*read)
    scores = (whole[:, 1:] - whole[:, :1]).sigmoid()
    floor = float(scores[:10_000].quantile(0.999))
    largest = []
    states = RelationHead._states
    monkeypatch.setattr(
        RelationHead, "_states", lambda *a: largest.append(len(a[1])) or states(*a), raising=True
    )
    rows, labels, kept = head.above(floor, *read)
    assert max(largest) <= 8192
    assert 0 < len(rows) < scores.numel() / 50
    torch.testing.assert_close(torch.stack([rows, labels], 1), (scores >= floor).nonzero())
    torch.testing.assert_close(kept, scores[rows, labels])


def test_improbable_candidates_are_left_out_of_predictions_only():
    scores = torch.tensor([[[2.0, -1.0]], [[-5.0, -4.0]]])
    mask = torch.ones(2, 1, dtype=torch.bool)
    spans, real = best_spans(scores, mask, 2.0, floor=0.5)
    assert spans.tolist() == [[[0, 0]], [[0, 0]]]
    assert real.tolist() == [[True], [False]]
    model, words = make_joint(TOKENIZER, joint={"proposal_floor": 0.999}), make_words((3, 1))
    assert model(words, find=True).candidates.spans.shape[1] == 0
    assert model.train()(words, find=True).candidates.spans.shape[1] == 2


def test_candidates_far_below_one_that_they_overlap_with_are_left_out():
    torch.manual_seed(0)
    mask = torch.arange(9) < torch.tensor([[9], [5], [1]])  # (batch, n_tokens)
    ends = torch.arange(9)[:, None] + torch.arange(3)  # (n_tokens, n_widths)
    exists = mask[:, :, None] & (ends < mask.sum(dim=1)[:, None, None])
    scores = (4 * torch.randn(3, 9, 3)).masked_fill(~exists, -1e9)
    for margin in (0.0, 3.0, 100.0):
        spans, real = best_spans(scores, mask, 3.0, 0.1, margin)
        for row in range(3):
            found = spans[row][real[row]].tolist()
            above = [(a, a + w) for a, w in (scores[row].sigmoid() >= 0.1).nonzero().tolist()]
            value = {span: float(scores[row, span[0], span[1] - span[0]]) for span in above}
            wanted = {
                (a, b)
                for a, b in above
                if value[a, b] >= max(v for (c, d), v in value.items() if c <= b and d >= a) - margin
            }
            assert {tuple(span) for span in found} == wanted
            assert sorted(found, key=lambda span: -value[tuple(span)]) == found
    model, words = (
        make_joint(TOKENIZER, joint={"proposal_floor": 0.0, "proposal_margin": 0.0}),
        make_words((7, 4)),
    )
    few = int(model(words, find=True).candidates.mask.sum())
    assert few < int(model.train()(words, find=True).candidates.mask.sum())


@torch.no_grad()
def test_rows_of_candidates_serve_the_mentions_they_become(monkeypatch):
    torch.manual_seed(0)
    model, words = (
        make_joint(TOKENIZER, joint={"proposals_per_token": 2.0, "proposal_floor": 0.0}),
        make_words((7, 4)),
    )
    found = model(words, find=True)
    pick = torch.tensor([[3, 0, 5], [2, 1, 0]])
    extents = torch.stack([found.rows.start.gather(1, pick), found.rows.end.gather(1, pick) + 1], dim=-1)
    mask = torch.tensor([[True] * 3, [True, True, False]])
    pairs = torch.tensor([[0, 0, 1], [0, 2, 0], [1, 1, 0]])
    asked = with_mentions(words, extents, mask, pairs=pairs)
    again = model(asked, states=found.words)
    reads = []
    read = model._encode_entities
    monkeypatch.setattr(model, "_encode_entities", lambda *args: reads.append(args) or read(*args))
    reused = model(asked, states=found.words, rows=found.rows)
    assert not reads
    for name in ("label_logits", "pair_logits"):
        wanted, got = getattr(again, name), getattr(reused, name)
        if name == "label_logits":
            wanted, got = wanted[mask], got[mask]
        torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)
    # A place that was no candidate, and entities of the vocabulary, are read.
    elsewhere = with_mentions(words, extents + 1, mask, pairs=pairs)
    model(elsewhere, states=found.words, rows=found.rows)
    named = replace(asked, entity_ids=torch.ones(2, 3, dtype=torch.long))
    model(named, states=found.words, rows=found.rows)
    assert len(reads) == 2


@pytest.mark.parametrize("cut", [{"words_attend_to_entities": True}, {"entities_attend_to_entities": True}])
def test_rows_are_not_kept_where_entities_read_each_other(cut):
    assert make_joint(TOKENIZER, **cut)(make_words((5,)), find=True).rows is None


def test_products_of_the_heads_are_convolved_where_that_is_faster(monkeypatch: pytest.MonkeyPatch):
    model, words = make_joint(TOKENIZER), make_words((60,) * 5)
    starts = torch.arange(1, 57, 2)
    extents = torch.stack([starts, starts + 2], dim=1).repeat(5, 1, 1)  # (28, 2) -> (5, 28, 2)
    pairs = torch.cartesian_prod(torch.arange(5), torch.arange(28), torch.arange(28))
    asked = with_mentions(words, extents, torch.ones(5, 28, dtype=torch.bool), pairs=pairs)
    heads = [model.proposer, model.span_head, model.relation_head]
    weights = [weight for head in heads for weight in head.parameters()]
    shapes: set[tuple[int, ...]] = set()
    convolve = torch.nn.functional.conv2d

    def answer(convolves: bool) -> list[torch.Tensor]:
        monkeypatch.setattr(linear, "mkl_leaves_avx512", lambda: convolves)
        output = model(asked, find=True)
        said = [output.proposal_scores, output.span_logits, output.pair_logits]
        loss = sum(scores.clamp(min=-9).square().mean() for scores in said)
        return [*said, *torch.autograd.grad(loss, weights)]

    plain = answer(False)
    monkeypatch.setattr(linear.F, "conv2d", lambda *a, **k: shapes.add(a[1].shape[:2]) or convolve(*a, **k))
    torch.testing.assert_close(answer(True), plain, **CLOSE)
    layers = [part.weight.shape for head in heads for part in head.modules() if isinstance(part, nn.Linear)]
    assert len(layers) == 7
    context = (model.relation_head.norm.weight.shape[0], 62)  # of pairs: a sum over the words of a window
    assert shapes >= {*layers, context}
