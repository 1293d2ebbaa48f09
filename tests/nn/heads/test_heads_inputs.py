"""What the heads refuse, and that they refuse it with words that help."""

from __future__ import annotations

import pytest
import torch

import spacy_luke
from spacy_luke.nn.heads.losses import class_loss, multi_label_loss, regression_loss

ON_ENTITIES = (
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
)


@pytest.fixture
def make(tiny_config):
    """Make a head with three labels."""

    def build(head, **changes):
        torch.manual_seed(0)
        changes = {"num_labels": 2 if head == "LukeForQuestionAnswering" else 3, **changes}
        return getattr(spacy_luke, head)(tiny_config(**changes)).eval()

    return build


@pytest.fixture
def inputs(luke_inputs):
    return luke_inputs(words=9, entities=4, padded=False)


@pytest.fixture
def positions():
    return {name: torch.zeros(2, 4).long() for name in ("entity_start_positions", "entity_end_positions")}


@pytest.mark.parametrize("head", ON_ENTITIES)
def test_entities_are_needed(head, make, inputs, positions):
    model = make(head)
    words = {"input_ids": inputs["input_ids"], **(positions if "Span" in head else {})}
    with pytest.raises(ValueError, match=rf"{head} needs entity_ids.* are missing.*entity_spans"):
        model(**words)
    with pytest.raises(ValueError, match="both entity_ids and entity_position_ids"):
        model(**words, entity_ids=inputs["entity_ids"])


def test_a_pair_is_two(make, inputs):
    model = make("LukeForEntityPairClassification")
    one = {name: value[:, :1] if "entity" in name else value for name, value in inputs.items()}
    with pytest.raises(ValueError, match="of 2 or more entities a text, which have 1"):
        model(**one)
    full = model(**inputs).logits
    inputs["entity_attention_mask"][:, 2:] = 0
    assert model(**inputs).logits.shape == full.shape == (2, 3)


@pytest.mark.parametrize("name", ["entity_start_positions", "entity_end_positions"])
def test_positions_of_spans(name, make, inputs, positions):
    model = make("LukeForEntitySpanClassification")
    with pytest.raises(ValueError, match=f"needs {name}, which is missing"):
        model(**inputs, **{**positions, name: None})
    with pytest.raises(ValueError, match=rf"{name} has the shape \(2, 3\), but needs \(2, 4\)"):
        model(**inputs, **{**positions, name: positions[name][:, :3]})
    for wrong in (9, -1):
        with pytest.raises(ValueError, match=f"{name} has values outside of 0 to 8"):
            model(**inputs, **{**positions, name: positions[name] + wrong})
    short = {key: value.to(torch.int32) for key, value in positions.items()}
    assert torch.equal(model(**inputs, **short).logits, model(**inputs, **positions).logits)


def test_spans_of_no_entities(make, inputs, positions):
    model = make("LukeForEntitySpanClassification")
    none = {name: value[:, :0] if "entity" in name else value for name, value in inputs.items()}
    empty = {name: value[:, :0] for name, value in positions.items()}
    assert model(**none, **empty).logits.shape == (2, 0, 3)


@pytest.mark.parametrize("head", ["LukeForEntityClassification", "LukeForTokenClassification"])
def test_no_labels(head, make):
    with pytest.raises(ValueError, match=rf"{head} needs one or more labels.*num_labels=2"):
        make(head, num_labels=0)


def test_start_and_end(make, inputs):
    with pytest.raises(ValueError, match=r"needs 2 labels, but config.num_labels is 3"):
        make("LukeForQuestionAnswering", num_labels=3)
    model = make("LukeForQuestionAnswering")
    assert model(**inputs).loss is None
    for name in ("start_positions", "end_positions"):
        with pytest.raises(ValueError, match="both start_positions and end_positions"):
            model(**inputs, **{name: torch.tensor([0, 1])})
    with pytest.raises(ValueError, match=r"end_positions has the shape \(3,\); allowed is \(2,\)"):
        model(**inputs, start_positions=torch.tensor([0, 1]), end_positions=torch.tensor([0, 1, 2]))
    with pytest.raises(TypeError, match=r"start_positions are of type torch.float32"):
        model(**inputs, start_positions=torch.tensor([0.0, 1.0]), end_positions=torch.tensor([0, 1]))
    one = torch.tensor([[3], [4]])
    got = model(**inputs, start_positions=one, end_positions=one).loss
    assert got == model(**inputs, start_positions=one[:, 0], end_positions=one[:, 0]).loss


def test_choices_have_a_dimension_of_their_own(make, inputs):
    model = make("LukeForMultipleChoice")
    with pytest.raises(
        ValueError, match=r"input_ids has the shape \(2, 9\), but needs \(batch, choices, words\)"
    ):
        model(**inputs)
    with pytest.raises(ValueError, match=r"inputs_embeds has the shape \(2, 9, 16\)"):
        model(inputs_embeds=torch.zeros(2, 9, 16))
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model()
    assert model.classifier.out_features == model.num_labels == 1
    choices = {name: torch.stack([value] * 5, dim=1) for name, value in inputs.items()}
    out = model(**choices, labels=torch.tensor([4, 0]))
    assert out.logits.shape == (2, 5)
    assert torch.allclose(out.loss, torch.tensor(5.0).log())
    with pytest.raises(ValueError, match="labels has values outside of 0 to 4"):
        model(**choices, labels=torch.tensor([5, 0]))


def test_masked_entities_need_entities(make, inputs):
    model = make("LukeForMaskedLM")
    with pytest.raises(ValueError, match="needs entity_ids for entity_labels, which are missing"):
        model(inputs["input_ids"], entity_labels=torch.zeros(2, 4).long())
    out = model(**inputs, entity_labels=inputs["entity_ids"])
    assert out.mlm_loss is None
    assert out.loss is out.mep_loss
    both = model(**inputs, entity_labels=inputs["entity_ids"], labels=inputs["input_ids"])
    assert torch.allclose(both.loss, both.mlm_loss + both.mep_loss)
    assert model(**inputs).loss is None


@pytest.mark.parametrize(
    ("head", "labels", "allowed"),
    [
        ("LukeForEntityClassification", torch.zeros(3).long(), r"\(2,\) or \(2, 3\)"),
        ("LukeForEntityPairClassification", torch.zeros(2, 4), r"\(2,\) or \(2, 3\)"),
        ("LukeForSequenceClassification", torch.zeros(2, 3).long(), r"\(2,\)"),
        ("LukeForSequenceClassification", torch.zeros(2), r"\(2, 3\)"),
        ("LukeForTokenClassification", torch.zeros(2, 8).long(), r"\(2, 9\)"),
    ],
)
def test_labels_of_another_shape(head, labels, allowed, make, inputs):
    with pytest.raises(ValueError, match=rf"labels has the shape .*; allowed is .*{allowed}.*-100"):
        make(head)(**inputs, labels=labels)


def test_problem_type_is_known(tiny_config):
    with pytest.raises(ValueError, match=r"problem_type.*regression, single_label_classification"):
        tiny_config(problem_type="ranking")


# --- losses ------------------------------------------------------------------------------


def test_classes_are_integers_in_range():
    logits = torch.randn(3, 4)
    with pytest.raises(TypeError, match=r"labels are of type torch.float32, but have to be integers"):
        class_loss(logits, torch.zeros(3))
    for wrong in (4, -1):
        with pytest.raises(ValueError, match=r"outside of 0 to 3.*-100"):
            class_loss(logits, torch.tensor([0, wrong, 1]))
    short = torch.tensor([0, 3, -100], dtype=torch.int8)
    assert class_loss(logits, short) == class_loss(logits[:2], torch.tensor([0, 3]))


def test_a_batch_without_any_label_has_no_number():
    assert class_loss(torch.randn(2, 4), torch.tensor([-100, -100])).isnan()


def test_padding_counts_for_nothing_with_several_labels():
    logits, labels = torch.randn(2, 4, 3), torch.randint(0, 2, (2, 4, 3)).float()
    padded = labels.clone()
    padded[1, 2:] = -100
    kept = torch.ones(2, 4).bool()
    kept[1, 2:] = False
    assert torch.allclose(multi_label_loss(logits, padded), multi_label_loss(logits[kept], labels[kept]))
    assert torch.equal(multi_label_loss(logits, labels), multi_label_loss(logits, labels.bool()))


def test_regression_takes_one_number_a_text_in_two_shapes():
    logits = torch.tensor([[1.0], [2.0]])
    assert regression_loss(logits, torch.tensor([1, 4])) == 2.0
    assert regression_loss(logits, torch.tensor([[1.0], [4.0]])) == 2.0
    with pytest.raises(ValueError, match=r"shape \(3,\); allowed is \(2, 1\)"):
        regression_loss(logits, torch.zeros(3))
