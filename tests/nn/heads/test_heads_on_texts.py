"""From text to labels, as on the published page: what the tokenizer returns is what a head takes."""

from __future__ import annotations

import pytest
import torch
from tiny import ENTITIES, make_tokenizer

import spacy_luke

TEXT = "Ana was born in Rome"
SPANS = {
    "entity_classification": [(0, 3)],
    "entity_pair_classification": [(0, 3), (16, 20)],
    "entity_span_classification": [(0, 3), (4, 7), (16, 20)],
}


@pytest.fixture
def make(tiny_config, tmp_path):
    """Make a tokenizer for a task, and a head that has learned its vocabulary's size."""

    def build(head, task=None, **changes):
        make_tokenizer().save_pretrained(tmp_path)
        tokenizer = spacy_luke.LukeTokenizer.from_pretrained(tmp_path, task=task)
        config = tiny_config(
            vocab_size=len(tokenizer),
            entity_vocab_size=len(ENTITIES),
            pad_token_id=tokenizer.pad_token_id,
            **changes,
        )
        torch.manual_seed(0)
        return tokenizer, getattr(spacy_luke, head)(config).eval()

    return build


@pytest.mark.parametrize(
    ("head", "task", "shape"),
    [
        ("LukeForEntityClassification", "entity_classification", (1, 4)),
        ("LukeForEntityPairClassification", "entity_pair_classification", (1, 4)),
        ("LukeForEntitySpanClassification", "entity_span_classification", (1, 3, 4)),
    ],
)
def test_entities(head, task, shape, make):
    tokenizer, model = make(head, task, num_labels=4)
    spans = SPANS[task]
    one = model(**tokenizer(TEXT, entity_spans=spans, return_tensors="pt"))
    assert one.logits.shape == shape
    batch = tokenizer([TEXT, f"{TEXT} ."], entity_spans=[spans, spans], padding=True, return_tensors="pt")
    torch.testing.assert_close(model(**batch).logits[:1], one.logits)


def test_choices(make):
    tokenizer, model = make("LukeForMultipleChoice")
    batch = tokenizer([TEXT] * 2, ["the old tea", "Rome"], padding=True, return_tensors="pt")
    out = model(**{name: value.unsqueeze(0) for name, value in batch.items()}, labels=torch.tensor([0]))
    assert out.logits.shape == (1, 2)
    assert out.loss.isfinite()


@pytest.mark.parametrize("head", ["LukeForQuestionAnswering", "LukeForTokenClassification"])
def test_words(head, make):
    tokenizer, model = make(head)
    inputs = tokenizer("was Ana born ?", TEXT, return_tensors="pt")
    out = model(**inputs)
    scores = out.logits[..., 0] if "logits" in out else out.start_logits
    assert scores.shape == inputs["input_ids"].shape


def test_texts(make):
    tokenizer, model = make("LukeForSequenceClassification", num_labels=3)
    texts = tokenizer([TEXT, "tea"], padding=True, return_tensors="pt")
    out = model(**texts, labels=torch.tensor([2, 0]))
    assert out.logits.shape == (2, 3)
    torch.testing.assert_close(out.logits[1:], model(**tokenizer(["tea"], return_tensors="pt")).logits)


def test_masked_words_and_entities(make):
    tokenizer, model = make("LukeForMaskedLM")
    inputs = tokenizer("Ana was [MASK] in Rome", entity_spans=[(0, 3)], return_tensors="pt")
    out = model(**inputs, labels=inputs["input_ids"], entity_labels=inputs["entity_ids"])
    assert out.logits.shape[-1] == len(tokenizer)
    assert out.entity_logits.shape == (1, 1, len(ENTITIES))
    out.loss.backward()
    table = model.get_entity_embeddings().weight
    assert table.grad.abs().sum(-1).ne(0).all()  # every entity is scored, so every row learns
