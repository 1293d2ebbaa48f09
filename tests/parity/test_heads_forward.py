"""The heads against transformers: the same random weights must give the same logits, losses and gradients."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import spacy_luke

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 50,
    "entity_vocab_size": 20,
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
HEADS = (
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForSequenceClassification",
    "LukeForMultipleChoice",
    "LukeForTokenClassification",
    "LukeForQuestionAnswering",
)
ON_ENTITIES = HEADS[1:4]
BATCH, WORDS, ENTITIES, CHOICES, LABELS = 3, 9, 4, 2, 3


def pair(head, **changes):
    """Their model and ours, with the same weights."""
    theirs, ours = make_pair(head, **changes)
    theirs.config.problem_type = changes.get("problem_type")  # it writes down what it guessed before
    return theirs, ours


@lru_cache(maxsize=128)
def make_pair(head, **changes):
    labels = 2 if head == "LukeForQuestionAnswering" else LABELS
    options = {**SIZES, "num_labels": labels, **changes}
    torch.manual_seed(0)
    theirs = getattr(transformers, head)(transformers.LukeConfig(**options)).eval()
    for name, weight in theirs.named_parameters():
        if name.endswith("bias"):  # zero at first, which would hide a bias that is left out
            torch.nn.init.normal_(weight, std=0.3)
    ours = getattr(spacy_luke, head)(spacy_luke.LukeConfig(**options)).eval()
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    return theirs, ours


def make_inputs(head, seed=0, padded=True, entities=True):
    """Inputs and labels of a batch; pads are -100 in the labels."""
    gen = torch.Generator().manual_seed(seed)
    shape = (BATCH, CHOICES) if head == "LukeForMultipleChoice" else (BATCH,)

    def ints(low, high, *more):
        return torch.randint(low, high, (*shape, *more), generator=gen)

    given_ = {"input_ids": ints(2, 50, WORDS), "attention_mask": torch.ones(*shape, WORDS).long()}
    if padded:
        given_["attention_mask"] = (torch.arange(WORDS) < ints(3, WORDS + 1, 1)).long()
        given_["input_ids"][given_["attention_mask"] == 0] = 1
    if entities:
        given_["entity_ids"] = ints(1, 20, ENTITIES)
        given_["entity_position_ids"] = ints(0, 9, ENTITIES, 5).masked_fill(
            torch.arange(5) >= ints(1, 6, ENTITIES, 1), -1
        )
        given_["entity_attention_mask"] = torch.ones(*shape, ENTITIES).long()
        if padded:
            given_["entity_attention_mask"] = (torch.arange(ENTITIES) < ints(2, ENTITIES + 1, 1)).long()
    if head == "LukeForEntitySpanClassification":
        given_["entity_start_positions"] = ints(0, 3, ENTITIES)
        given_["entity_end_positions"] = ints(0, 3, ENTITIES)
    return given_


def make_labels(head, given_, seed=0, kind="class"):
    gen = torch.Generator().manual_seed(seed + 1)

    def ints(high, *shape):
        return torch.randint(0, high, shape, generator=gen)

    words = given_["attention_mask"] == 0
    entities = given_["entity_attention_mask"] == 0 if "entity_ids" in given_ else None
    if head == "LukeForMaskedLM":
        labels = {"labels": ints(50, BATCH, WORDS).masked_fill(words, -100)}
        if entities is not None:
            labels["entity_labels"] = ints(20, BATCH, ENTITIES).masked_fill(entities, -100)
        return labels
    if head == "LukeForQuestionAnswering":  # some beyond the text, some negative
        return {name: ints(14, BATCH) - 2 for name in ("start_positions", "end_positions")}
    if head == "LukeForTokenClassification":
        return {"labels": ints(LABELS, BATCH, WORDS).masked_fill(words, -100)}
    if head == "LukeForMultipleChoice":
        return {"labels": ints(CHOICES, BATCH)}
    shape = (BATCH, ENTITIES) if head == "LukeForEntitySpanClassification" else (BATCH,)
    if kind == "multi":
        return {"labels": ints(2, *shape, LABELS).float()}
    labels = ints(LABELS, *shape)
    return {"labels": labels.masked_fill(entities, -100) if len(shape) == 2 else labels}


def rows_of(given_, value: Tensor, words_first: bool) -> Tensor:
    """The attended rows of word states, entity states or scores of either."""
    mask = given_["attention_mask"] if words_first else given_["entity_attention_mask"]
    return value[mask.flatten(end_dim=-2).bool()]


def close(got, wanted):
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


def compare(head, got, wanted, given_):
    """Every field, on the rows that are attended to."""
    assert list(got) == list(wanted)
    for name, value in got.items():
        theirs = wanted[name]
        if name in ("hidden_states", "entity_hidden_states"):
            assert len(value) == len(theirs)
            for mine, other in zip(value, theirs, strict=True):
                is_words = name == "hidden_states"
                close(rows_of(given_, mine, is_words), rows_of(given_, other, is_words))
        elif name == "attentions":
            masks = [given_["attention_mask"], given_["entity_attention_mask"]]
            mask = torch.cat(masks, -1).flatten(end_dim=-2).bool()
            for mine, other in zip(value, theirs, strict=True):
                close(mine.transpose(1, 2)[mask], other.transpose(1, 2)[mask])
        elif name == "entity_logits" or (head == "LukeForEntitySpanClassification" and name == "logits"):
            close(rows_of(given_, value, False), rows_of(given_, theirs, False))
        elif name in ("start_logits", "end_logits") or head in ("LukeForMaskedLM", HEADS[6]):
            is_loss = value.dim() == 0
            close(*(v if is_loss else rows_of(given_, v, True) for v in (value, theirs)))
        else:
            close(value, theirs)


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1000), aware=st.booleans(), emb=st.sampled_from([8, 16]))
def test_all_fields_on_attended_rows(head, seed, aware, emb):
    theirs, ours = pair(head, use_entity_aware_attention=aware, entity_emb_size=emb)
    given_ = make_inputs(head, seed)
    labels = {} if head == "LukeForQuestionAnswering" else make_labels(head, given_, seed)
    everything = {**given_, **labels, "output_attentions": True, "output_hidden_states": True}
    with torch.no_grad():
        wanted, got = theirs(**everything), ours(**everything)
        compare(head, got, wanted, given_)
        flat, their_flat = ours(**everything, return_dict=False), theirs(**everything, return_dict=False)
    assert type(flat) is type(their_flat) is tuple
    assert len(flat) == len(their_flat) == len(got)
    for field, mine, other in zip(got, flat, their_flat, strict=True):
        assert type(mine) is type(other)
        assert got[field] is getattr(got, field)
        if isinstance(mine, Tensor):
            assert torch.equal(mine, got[field])
            assert mine.shape == other.shape


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(
    ("head", "kind"),
    [*((head, "class") for head in HEADS), *((head, "multi") for head in (*ON_ENTITIES, HEADS[4]))],
)
def test_losses_and_gradients(head, mode, kind):
    theirs, ours = pair(head)
    scores_padding = [("LukeForQuestionAnswering", "class"), ("LukeForEntitySpanClassification", "multi")]
    padded = (head, kind) not in scores_padding
    for seed in range(3):
        given_ = make_inputs(head, seed, padded)
        labels = make_labels(head, given_, seed, kind)
        before = {name: tensor.clone() for name, tensor in labels.items()}
        for model in (theirs, ours):
            model.zero_grad(set_to_none=True)
            model.train(mode == "train")
        got = ours(**given_, **labels)
        assert all(torch.equal(labels[name], tensor) for name, tensor in before.items())
        wanted = theirs(**given_, **labels)
        close(got.loss, wanted.loss)
        got.loss.backward()
        wanted.loss.backward()
        mine, others = dict(ours.named_parameters()), dict(theirs.named_parameters())
        assert list(mine) == list(others)
        for name, weight in mine.items():
            grads = [torch.zeros_like(w) if w.grad is None else w.grad for w in (weight, others[name])]
            torch.testing.assert_close(*grads, atol=1e-5, rtol=1e-4, msg=lambda t, n=name: f"{n}: {t}")


@pytest.mark.parametrize("head", [head for head in HEADS if head not in ON_ENTITIES])
def test_without_entities(head):
    theirs, ours = pair(head)
    given_ = make_inputs(head, padded=False, entities=False)
    labels = make_labels(head, given_)
    with torch.no_grad():
        compare(head, ours(**given_, **labels), theirs(**given_, **labels), given_)
        everything = {**given_, "output_attentions": True, "output_hidden_states": True}
        got, wanted = ours(**everything), theirs(**everything)
        flat, their_flat = ours(**everything, return_dict=False), theirs(**everything, return_dict=False)
    assert list(got) == list(wanted)
    assert got.entity_hidden_states == wanted.entity_hidden_states == (None,) * 3
    kinds, their_kinds = (
        [[type(part) for part in field] for field in output if isinstance(field, tuple)]
        for output in (flat, their_flat)
    )
    assert kinds == their_kinds
    assert len(flat) == len(their_flat) == len(got)


@pytest.mark.parametrize("head", HEADS)
def test_embeddings_positions_types_and_head_mask(head):
    theirs, ours = pair(head)
    given_ = make_inputs(head, seed=5)
    ids = given_.pop("input_ids")
    with torch.no_grad():
        given_["inputs_embeds"] = theirs.get_input_embeddings()(ids).clone()
        given_["position_ids"] = (ids * 7) % 40
        given_["token_type_ids"], given_["entity_token_type_ids"] = ids % 2, given_["entity_ids"] % 2
        given_["head_mask"] = torch.tensor([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.5]])
        compare(head, ours(**given_), theirs(**given_), given_)


@pytest.mark.parametrize(
    ("problem", "labels", "num_labels"),
    [
        (None, torch.tensor([0.5, -1.0, 2.0]), 1),
        (None, torch.tensor([[0.5], [-1.0], [2.0]]), 1),
        ("regression", torch.randn(3, 3), 3),
        (None, torch.tensor([0, 2, 1]), 3),
        (None, torch.tensor([[0], [2], [1]]), 3),
        (None, torch.tensor([0, -100, 1]), 3),
        ("single_label_classification", torch.tensor([0, 0, 0]), 1),
        (None, torch.eye(3), 3),
        ("multi_label_classification", torch.ones(3, 3), 3),
        ("multi_label_classification", torch.ones(3, 1), 1),
    ],
)
def test_problem_types(problem, labels, num_labels):
    head = "LukeForSequenceClassification"
    theirs, ours = pair(head, num_labels=num_labels, problem_type=problem)
    given_ = make_inputs(head, entities=False)
    close(ours(**given_, labels=labels).loss, theirs(**given_, labels=labels).loss)
    assert ours.config.problem_type == problem


@pytest.mark.parametrize("act", ["gelu_new", "relu", "silu"])
def test_activation_of_entity_predictions(act):
    theirs, ours = pair("LukeForMaskedLM", hidden_act=act)
    given_ = make_inputs("LukeForMaskedLM")
    with torch.no_grad():
        compare("LukeForMaskedLM", ours(**given_), theirs(**given_), given_)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("configured", [None, 0.4])
def test_dropout_is_where_theirs_is(head, configured):
    changes: dict[str, Any] = {"hidden_dropout_prob": 0.2, "classifier_dropout": configured}
    models = pair(head, **changes)
    rates = [getattr(model, "dropout", None) and model.dropout.p for model in models]
    assert rates[0] == rates[1]


@pytest.mark.parametrize("head", HEADS)
def test_signatures_and_output_fields(head):
    theirs, ours = getattr(transformers, head), getattr(spacy_luke, head)
    wanted, got = (inspect.signature(kind.forward).parameters for kind in (theirs, ours))
    assert list(got) == list(wanted)
    assert all(got[name].default is wanted[name].default for name in got)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    models, given_ = pair(head), make_inputs(head)
    outputs = [model(**given_) for model in models]
    assert type(outputs[0]).__name__ == type(outputs[1]).__name__
    names = [list(type(output).__dataclass_fields__) for output in outputs]
    assert names[0] == names[1]


def test_configured_outputs():
    theirs, ours = pair("LukeForTokenClassification", output_hidden_states=True, output_attentions=True)
    given_ = make_inputs("LukeForTokenClassification")
    with torch.no_grad():
        compare("LukeForTokenClassification", ours(**given_), theirs(**given_), given_)
    assert type(pair("LukeForTokenClassification", return_dict=False)[1](**given_)) is tuple


@pytest.mark.parametrize(
    ("head", "entities"),
    [
        *((head, True) for head in ("LukeModel", *HEADS)),
        *((head, False) for head in ("LukeModel", *HEADS) if head not in ON_ENTITIES),
    ],
)
def test_gradients_reach_what_is_returned_on_the_way(head, entities):
    theirs, ours = pair(head)
    given_ = make_inputs(head, padded=False, entities=entities)
    mask = torch.ones(2, 4, requires_grad=True)
    found = []
    for model in (theirs, ours):
        mask.grad = None
        out = model(**given_, head_mask=mask, output_hidden_states=True, output_attentions=True)
        ways = [*out.hidden_states[:2], *out.attentions]
        ways += [out.entity_hidden_states[0]] if entities else []
        for tensor in ways:
            tensor.retain_grad()
        out[0].square().sum().backward()
        found.append([mask.grad, *(tensor.grad for tensor in ways)])
    for mine, other in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)


def test_number_of_labels_can_be_set_as_there():
    for library in (transformers, spacy_luke):
        config = library.LukeConfig(id2label={0: "a", 1: "b"})
        config.num_labels = 2
        assert config.id2label == {0: "a", 1: "b"}
        config.num_labels = 3
        assert config.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
        assert config.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}


# --- padding -----------------------------------------------------------------------------


def unpadded(head, given_, row):
    """One text of a batch without its padding."""
    words, entities = (given_[name][row].bool() for name in ("attention_mask", "entity_attention_mask"))
    if head == "LukeForMultipleChoice":
        return None
    named = {}
    for name, value in given_.items():
        named[name] = value[row : row + 1, entities if name.startswith("entity") else words]
    return named


def on_the_left(given_):
    """The same texts with their padding on the left."""
    turned = dict(given_)
    for masked, names in (
        ("attention_mask", ["input_ids", "attention_mask"]),
        ("entity_attention_mask", [name for name in given_ if name.startswith("entity")]),
    ):
        order = given_[masked].argsort(dim=-1, stable=True)
        for name in names:
            index = order[..., None].expand_as(given_[name]) if given_[name].dim() > order.dim() else order
            turned[name] = given_[name].gather(order.dim() - 1, index)
    if "entity_start_positions" in given_:
        shift = (given_["attention_mask"] == 0).sum(-1, keepdim=True)
        for name in ("entity_start_positions", "entity_end_positions"):
            turned[name] = turned[name] + shift
    return turned


WAYS = [
    {},
    {"output_hidden_states": True},
    {"output_attentions": True},
    {"device": "another"},
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("side", ["right", "left"])
def test_padding_decides_nothing(head, side, monkeypatch):
    theirs, ours = pair(head)
    for seed in range(4):
        given_ = make_inputs(head, seed)
        padded = on_the_left(given_) if side == "left" else given_
        found = []
        for way in WAYS:
            with torch.no_grad(), monkeypatch.context() as patch:
                if "device" in way:
                    patch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: False)
                found.append(ours(**padded, **{k: v for k, v in way.items() if k != "device"}))
        for other in found[1:]:
            for name in found[0]:
                close(other[name], found[0][name])
        if head == "LukeForMultipleChoice":  # never padded on the left in transformers
            close(found[0].logits, theirs(**given_).logits)
            continue
        masks = padded["attention_mask"].bool(), padded["entity_attention_mask"].bool()
        for row in range(BATCH):
            with torch.no_grad():
                wanted = theirs(**unpadded(head, given_, row))
            for name, value in found[0].items():
                mine = value[row]
                if mine.shape != wanted[name][0].shape:
                    mine = mine[masks[name == "entity_logits" or head == HEADS[3]][row]]
                close(mine, wanted[name][0])


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("side", ["right", "left"])
def test_answers_are_not_in_padding(side, packed, monkeypatch):
    theirs, ours = pair("LukeForQuestionAnswering")
    monkeypatch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: packed)
    for seed in range(4):
        given_ = make_inputs("LukeForQuestionAnswering", seed)
        padded = on_the_left(given_) if side == "left" else given_
        lengths = given_["attention_mask"].sum(1)
        shift = (WORDS - lengths) if side == "left" else torch.zeros(BATCH, dtype=torch.long)
        start, end = torch.zeros(BATCH, dtype=torch.long), lengths - 1
        losses = []
        for row in range(BATCH):
            places = {"start_positions": start[row : row + 1], "end_positions": end[row : row + 1]}
            losses.append(theirs(**unpadded("", given_, row), **places).loss)
        for flags in WAYS[:3]:
            out = ours(**padded, **flags, start_positions=start + shift, end_positions=end + shift)
            close(out.loss, torch.stack(losses).mean())
            for logits in (out.start_logits, out.end_logits):
                assert (logits[padded["attention_mask"] == 0] == torch.finfo(torch.float32).min).all()
        if side == "right":  # what is beyond a text counts for nothing, as where it isn't padded
            beyond = torch.where(lengths < WORDS, lengths, -1)
            given_answers = {"start_positions": start, "end_positions": end}
            other = ours(**padded, start_positions=start, end_positions=torch.where(beyond < 0, end, beyond))
            full = lengths == WORDS
            if full.any() and not full.all():
                wanted = ours(
                    **{k: v[full] for k, v in padded.items()},
                    **{k: v[full] for k, v in given_answers.items()},
                )
                ends = ours(**padded, **given_answers)
                assert torch.isfinite(other.loss)
                starts = torch.nn.functional.cross_entropy(ends.start_logits, start)
                last = torch.nn.functional.cross_entropy(ends.end_logits[full], end[full])
                close(other.loss, (starts + last) / 2)
                assert torch.isfinite(wanted.loss)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("head", "kind"), [(HEADS[0], "class"), (HEADS[3], "class"), (HEADS[3], "multi"), (HEADS[6], "class")]
)
def test_labels_of_padding_count_as_theirs(head, kind, packed, monkeypatch):
    theirs, ours = pair(head)
    monkeypatch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: packed)
    for seed in range(3):
        given_ = make_inputs(head, seed)
        labels = make_labels(head, {n: torch.ones_like(v) for n, v in given_.items()}, seed, kind)
        got, wanted = ours(**given_, **labels), theirs(**given_, **labels)
        for name in wanted:
            close(got[name], wanted[name])  # the logits of padding, too


@pytest.mark.parametrize("head", HEADS[1:3])
@pytest.mark.parametrize("packed", [True, False])
def test_a_text_without_its_entities_is_read_as_theirs(head, packed, monkeypatch):
    theirs, ours = pair(head)
    monkeypatch.setattr(spacy_luke.LukeModel, "_can_pack", lambda self, inputs: packed)
    given_ = make_inputs(head)
    given_["entity_attention_mask"] = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    with torch.no_grad():
        close(ours(**given_).logits, theirs(**given_).logits)


def test_a_choice_without_words_is_none():
    head = "LukeForMultipleChoice"
    _, ours = pair(head)
    given_ = make_inputs(head)
    one = {name: value[:, :1] for name, value in given_.items()}
    empty = {**given_, "attention_mask": given_["attention_mask"].clone()}
    empty["attention_mask"][:, 1] = 0
    right = torch.zeros(BATCH, dtype=torch.long)
    close(ours(**empty, labels=right).loss, ours(**one, labels=right).loss)
    assert torch.isfinite(ours(**empty, labels=right + 1).loss)
