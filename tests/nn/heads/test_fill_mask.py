"""Masked words, with and without entities."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import ENTITIES, make_tokenizer

from spacy_luke import LukeConfig, LukeForMaskedLM, LukeModel, fill_mask

TEXT = "Ana was born in [MASK] and likes [MASK] ."
SIZES = {
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
    "initializer_range": 0.5,
}
VOCAB = {**ENTITIES, "Ana": 4}


@pytest.fixture
def model() -> LukeForMaskedLM:
    torch.manual_seed(0)
    config = LukeConfig(vocab_size=len(make_tokenizer(VOCAB)), entity_vocab_size=len(VOCAB), **SIZES)
    return LukeForMaskedLM(config).eval()


def test_each_mask_gets_its_best_words(model: LukeForMaskedLM, tmp_path: Path) -> None:
    tokenizer = make_tokenizer(VOCAB)
    found = fill_mask(TEXT, model, tokenizer, n=3)
    inputs = tokenizer(TEXT, return_tensors="pt")
    places = [i for i, id_ in enumerate(inputs["input_ids"][0]) if id_ == tokenizer.mask_token_id]
    with torch.no_grad():
        logits = model(**inputs).logits[0, places]
    for words, row in zip(found, logits, strict=True):
        scores, ids = row.softmax(0).topk(3)
        assert [word for word, _ in words] == [tokenizer.decode([id_]) for id_ in ids.tolist()]
        assert [score for _, score in words] == pytest.approx(scores.tolist())
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    from_folder = fill_mask(TEXT, tmp_path, n=3)
    assert [[word for word, _ in row] for row in from_folder] == [[word for word, _ in row] for row in found]


def test_entities_change_what_is_guessed(model: LukeForMaskedLM) -> None:
    tokenizer = make_tokenizer(VOCAB)
    plain = fill_mask(TEXT, model, tokenizer)
    masked = fill_mask(TEXT, model, tokenizer, entity_spans=[(0, 3)])
    titled = fill_mask(TEXT, model, tokenizer, entity_spans=[(0, 3)], entities=["Ana"])
    assert len({str(found) for found in (plain, masked, titled)}) == 3


def test_more_than_there_is(model: LukeForMaskedLM) -> None:
    tokenizer = make_tokenizer(VOCAB)
    (words,) = fill_mask("[MASK]", model, tokenizer, n=10_000)
    assert sum(score for _, score in words) == pytest.approx(1)


def test_bad_input(model: LukeForMaskedLM, tmp_path: Path) -> None:
    tokenizer = make_tokenizer(VOCAB)
    with pytest.raises(ValueError, match=r"no '\[MASK\]' in 'Ana'"):
        fill_mask("Ana", model, tokenizer)
    with pytest.raises(ValueError, match="needs n of 1 or more"):
        fill_mask(TEXT, model, tokenizer, n=0)
    with pytest.raises(ValueError, match="needs a tokenizer"):
        fill_mask(TEXT, model)
    LukeModel(model.config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with (
        pytest.warns(UserWarning, match="lm_head"),
        pytest.raises(ValueError, match="can't guess words, because its lm_head is not trained"),
    ):
        fill_mask(TEXT, tmp_path)
    tokenizer.mask_token = None
    with pytest.raises(ValueError, match="needs a tokenizer with a mask token"):
        fill_mask(TEXT, model, tokenizer)
